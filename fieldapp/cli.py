"""The command `fieldapp`: run the server, and what each domain lets an operator do."""

import json
import os
import secrets
from ipaddress import ip_address
from pathlib import Path

import click
import flask_migrate
from flask.cli import AppGroup, ScriptInfo

from . import __version__, create_app
from .accounts.commands import users_group
from .apidocs import document
from .areas.commands import areas_group
from .attachments.commands import attachments_group
from .audit.commands import audit_group
from .backup.commands import backup_commands
from .config import Settings
from .consent.commands import consent_group
from .db import db
from .demo.service import Demo, DemoRefusedError, ensure_demo
from .forms.commands import forms_group
from .forms.problems import FormError, language_of
from .forms.service import publish_packaged
from .outbox.commands import outbox_group
from .programs.service import ProgramError
from .rights.commands import retention_group
from .server import serve
from .subjects.commands import adopt_all, keys_group
from .sync.commands import sync_commands
from .sync.erasure import scrub_owed

IN_THE_CLEAR = (
    "WARNING: {host} can be reached from other machines, over a line that nobody encrypts:\n"
    "whoever is on the way reads passwords and what is entered, and phones keep nothing offline.\n"
    "Enter made-up people only. For real ones set FIELDAPP_ENV=production and put TLS in front\n"
    "(docs/operating.md).\n"
    "警告：其他机器可以经未加密的线路访问 {host}，途中的人能看到密码和录入的内容。\n"
    "只用虚构的数据；正式使用请设 FIELDAPP_ENV=production，并在前面加上 TLS。"
)


@click.group(cls=AppGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Field visits, offline first.

    Settings come from FIELDAPP_* in the environment (docs/operating.md).
    """
    context.obj = context.obj or ScriptInfo(create_app=create_app)


main.add_command(users_group)
main.add_command(areas_group)
main.add_command(attachments_group)
main.add_command(consent_group)
main.add_command(audit_group)
main.add_command(forms_group)
main.add_command(keys_group)
main.add_command(outbox_group)
main.add_command(retention_group)
for command in (*sync_commands, *backup_commands):
    main.add_command(command)


@main.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: every interface.")
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Server processes.")
@click.option("--demo", is_flag=True, help="Fill an empty database with a made-up district first.")
@click.pass_obj
def run(info: ScriptInfo, host: str, port: int, workers: int, demo: bool) -> None:
    """Prepare the database and serve until stopped."""
    app = info.load_app()
    if not app.config["SETTINGS"].production and not is_this_machine(host):
        click.secho(IN_THE_CLEAR.format(host=host), err=True, fg="yellow", bold=True)
    with app.app_context():
        prepare()
        if demo:
            tell_demo(install_demo())
        db.session.remove()
        db.engine.dispose()  # the workers open connections of their own
    address = f"http://{host}:{port}"
    click.echo(f"fieldapp {__version__}: {address} (review desk: {address}/review)")
    serve(create_app, host, port, workers)


def is_this_machine(host: str) -> bool:
    """Whether an address to listen at can be reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@main.command("demo")
def demo_command() -> None:
    """Prepare the database and put the made-up district in, unless it is there."""
    prepare()
    tell_demo(install_demo())


@main.command("migrate")
def migrate_database() -> None:
    """Bring the database to this version's tables."""
    flask_migrate.upgrade()
    if scrub_owed():
        click.echo("What destroyed keys left behind in the table of keys is overwritten.")
    click.echo("The database is up to date.")


@main.command("openapi", with_appcontext=False)
def openapi() -> None:
    """Print the API's OpenAPI document, from which the client's types are made."""
    nowhere = Settings(Path(os.devnull), "sqlite://", secrets.token_urlsafe(32))
    with create_app(nowhere).app_context():
        click.echo(json.dumps(document(), ensure_ascii=False, indent=1))


NOT_IN_USE = (
    "{0} {1} came with this version and isn't in use, since another was published here. "
    "To use it: fieldapp forms use {0} {1}"
)


def prepare() -> None:
    """Migrate, and publish the forms that come with the product. What stops it is told briefly."""
    flask_migrate.upgrade()
    try:
        for form in publish_packaged():
            if not form.current:
                click.echo(NOT_IN_USE.format(form.form_id, form.version))
    except FormError as error:
        said = error.text(language_of(os.environ.get("LANG", "")))
        raise click.ClickException(said) from None
    except ProgramError as error:
        raise click.ClickException(str(error)) from None
    if adopted := adopt_all():
        click.echo(f"{adopted} records sealed under keys of their own.")


def install_demo() -> Demo:
    """The demo, in place. A refusal is told in one line."""
    try:
        return ensure_demo(say=lambda chapter: click.echo(f"demo: {chapter} …"))
    except DemoRefusedError as error:
        raise click.ClickException(str(error)) from None


def tell_demo(demo: Demo) -> None:
    """Say who may log in, one account per role and the rest after."""
    click.echo(f"Demo accounts, all with the password {demo.password}:")
    for username, name, role in demo.accounts:
        click.echo(f"  {username:8} {role:10} {name}")
