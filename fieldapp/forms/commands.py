"""`fieldapp forms …`: check and publish forms, and write the contract the phone's tests run."""

import json
import os
from pathlib import Path

import click
from flask.cli import AppGroup

from fieldapp.programs.service import load_programs

from . import desk, service
from .diff_words import lines
from .odk import TIMEOUT_S
from .problems import LANGS, FormError, language_of
from .source import FormSource, compile_source
from .support_page import page

forms_group = AppGroup("forms", help="Check and publish forms.")
form_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
program_option = click.option("--program", required=True, help="Program the form belongs to.")
lang_option = click.option(
    "--lang",
    type=click.Choice(LANGS),
    default=lambda: language_of(os.environ.get("LANG", "")),
    help="Language of what is said; that of LANG otherwise, Chinese if it names none.",
)
files_option = click.option(
    "--files",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the pictures, sounds and lists that come with the form.",
)
READY = {"zh": "{n} 个问题，可以发布。", "en": "{n} questions, ready to publish."}
PUBLISHED = {"zh": "已发布。", "en": "is published."}
ODK_SAYS = {
    "valid": {"zh": "ODK Validate：通过。", "en": "ODK Validate: valid."},
    "late": {"zh": "ODK Validate：没有查完。", "en": "ODK Validate: not finished."},
    "absent": {
        "zh": "ODK Validate：没有检查，这台机器没有 Java。",
        "en": "ODK Validate: not asked, there is no Java here.",
    },
}
CONTRACT = Path("tests/contract/forms")


@forms_group.command("check")
@form_file
@program_option
@files_option
@lang_option
def check(file: Path, program: str, folder: Path | None, lang: str) -> None:
    """Say whether a form can be published, what must be changed, and what it would change.

    Ends with 1 if it can't.
    """
    source = FormSource.of(file, folder)
    trial = _tried(source, program, lang)
    definition = trial.definition or {}
    questions = sum("c" in node for node in definition["nodes"])
    click.echo(f"{definition['id']} {definition['version']}: {READY[lang].format(n=questions)}")
    click.echo(ODK_SAYS[trial.odk][lang])


@forms_group.command("diff")
@form_file
@program_option
@files_option
@lang_option
def diff(file: Path, program: str, folder: Path | None, lang: str) -> None:
    """Say only what a form would change against the version in use.

    Ends with 0 if nothing, 2 if something, 1 if the form can't be published.
    """
    trial = _tried(FormSource.of(file, folder), program, lang)
    raise SystemExit(2 if trial.comparison.changes or not trial.against else 0)


@forms_group.command("publish")
@form_file
@program_option
@files_option
@lang_option
def publish(file: Path, program: str, folder: Path | None, lang: str) -> None:
    """Publish a form (.md, .xlsx, .xls, .csv or .xml) as the current version.

    Ends with 1 if it can't be published.
    """
    source = FormSource.of(file, folder)
    trial = _tried(source, program, lang)
    row = service.publish_source(source, program, lambda *_: dict(trial.definition or {}))
    click.echo(f"{row.form_id} {row.version} {PUBLISHED[lang]}")


def _tried(source: FormSource, program: str, lang: str) -> desk.Trial:
    """The form as it would be published, and what it changes, told; refusals end the command."""
    trial = desk.attempt("", source, program, TIMEOUT_S)
    if trial.problems:
        raise click.ClickException(FormError(trial.problems).text(lang))
    for problem in trial.warnings:
        click.echo(problem.text(lang), err=True)
    for said in lines(trial.comparison, trial.against, trial.orphans, lang):
        click.echo(said)
    return trial


@forms_group.command("publish-all")
@lang_option
def publish_all(lang: str) -> None:
    """Publish the forms that come with the product; those published already stay as they are."""
    try:
        rows = service.publish_packaged()
    except FormError as error:
        raise click.ClickException(error.text(lang)) from None
    for row in rows:
        click.echo(
            f"{row.form_id} {row.version} is published{'' if row.current else ', not in use'}."
        )


@forms_group.command("use")
@click.argument("form_id")
@click.argument("version")
def use(form_id: str, version: str) -> None:
    """Let a published version of a form be the one that phones fill from now on."""
    if service.use(form_id, version) is None:
        known = ", ".join(service.versions_of(form_id)) or "none"
        raise click.ClickException(f"{form_id} {version} isn't published. Published: {known}.")
    click.echo(f"{form_id} {version} is in use; phones take it at their next sync.")


@forms_group.command("support", with_appcontext=False)
def support() -> None:
    """Print what of XLSForm is supported, as docs/xlsform-support.md has it."""
    click.echo(page(), nl=False)


@forms_group.command("contract", with_appcontext=False)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=CONTRACT)
def contract(into: Path) -> None:
    """Write the compiled forms and programs that the phone's tests are run against."""
    into.mkdir(parents=True, exist_ok=True)
    for name, text in contract_files().items():
        (into / name).write_text(text, "utf-8")
        click.echo(f"{into / name}")


def contract_files() -> dict[str, str]:
    """Contents by file name: each packaged form, the forms of the contract itself, and
    `programs.json`, one line per node or key.
    """
    programs = load_programs()
    files = {}
    for program in programs.all:
        for form in program.forms.values():
            files[f"{form['id']}.json"] = _by_line(dict(form))
    for path in sorted(CONTRACT.parent.glob("*.md")):
        files[f"{path.stem}.json"] = _by_line(
            compile_source(FormSource.of(path), "consent", "health")
        )
    files["programs.json"] = json.dumps(list(programs), ensure_ascii=False, indent=1) + "\n"
    return files


def _by_line(form: dict[str, object]) -> str:
    """JSON with a line per node, action and list, so that changes can be read."""
    parts = []
    for key, value in form.items():
        if isinstance(value, (list, dict)) and key in ("nodes", "actions", "entities", "lists"):
            rows = _rows(value)
            opening, closing = ("[", "]") if isinstance(value, list) else ("{", "}")
            parts.append(f"{_json(key)}: {opening}\n" + ",\n".join(rows) + f"\n{closing}")
        else:
            parts.append(f"{_json(key)}: {_json(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _rows(value: list[object] | dict[str, object]) -> list[str]:
    if isinstance(value, dict):
        return [f"  {_json(key)}: {_json(one)}" for key, one in value.items()]
    return [f"  {_json(one)}" for one in value]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
