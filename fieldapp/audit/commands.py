"""`fieldapp audit …`: check the access log, copy its signed ends, cut off what is old."""

import json
from pathlib import Path
from typing import Any, TextIO

import click
from flask.cli import AppGroup

from fieldapp import clock
from fieldapp.db import db, utc_text
from fieldapp.sync.transactions import reading

from . import service

_END = {"chain": str, "seq": int, "hash": str, "base_seq": int, "base_hash": str, "key": str,
        "signature": str}  # fmt: skip
NO_ENDS = (
    "{name} 不是“fieldapp audit heads”导出的文件，或文件不完整；请换一份完整的 / "
    "{name} is no file that `fieldapp audit heads` wrote, or not all of it; give a whole one"
)
audit_group = AppGroup("audit", help="Keep the access log.")


@audit_group.command("verify")
@click.option(
    "--heads",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Signed ends exported earlier: is what they saw still there?",
)
def verify(heads: Path | None) -> None:
    """Check every row, every chain and every signed end; fails if anything was altered."""
    kept = _ends_of(heads) if heads else []
    with reading() as connection:
        found = [*service.find_faults(connection), *service.faults_since(kept, connection)]
        chains = len(service.ends(connection))
    for fault in found:
        click.echo(fault, err=True)
    click.echo(f"chains={chains} faults={len(found)}")
    if found:
        raise SystemExit(1)


def _ends_of(path: Path) -> list[dict[str, Any]]:
    """The ends in a file. There is none without any: whoever emptied it would see all in order."""
    try:
        ends = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        ends = None
    if not (ends and isinstance(ends, list) and all(map(_is_end, ends))):
        raise click.ClickException(NO_ENDS.format(name=path.name))
    return ends


def _is_end(one: Any) -> bool:
    return isinstance(one, dict) and all(
        isinstance(one.get(name), kind) for name, kind in _END.items()
    )


@audit_group.command("heads")
@click.argument("out", type=click.File("w", encoding="utf-8"), default="-")
def heads(out: TextIO) -> None:
    """Write the signed end of every chain, to be kept where this server can't reach."""
    json.dump(service.ends(db.session.connection()), out, ensure_ascii=False, indent=1)
    out.write("\n")


@audit_group.command("export")
@click.argument("out", type=click.File("w", encoding="utf-8"), default="-")
def export(out: TextIO) -> None:
    """Write every row as a line of JSON, chain by chain; ids only, no values."""
    out.writelines(
        json.dumps(row, ensure_ascii=False) + "\n"
        for row in service.rows_of(db.session.connection())
    )


@audit_group.command("cut")
@click.option("--dry-run", is_flag=True, help="Say how many rows, and drop none.")
def cut(dry_run: bool) -> None:
    """Drop rows older than three years; each chain goes on from its signed beginning."""
    before = utc_text(clock.now() - service.KEEP)
    click.echo(f"rows={service.cut_off(before, dry_run)}{' (dry run)' if dry_run else ''}")


@audit_group.command("sign")
def sign() -> None:
    """Sign every end again, after FIELDAPP_SECRET was changed; refuses if a row was altered."""
    try:
        click.echo(f"signed={service.sign_again()}")
    except ValueError as error:
        raise click.ClickException(str(error)) from None
