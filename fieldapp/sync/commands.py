"""`fieldapp rebuild | verify | backup`: keeping the log and what is derived from it."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from fieldapp.attachments import service as attachments

from . import service
from .backup import BackupError
from .backup import backup as make_backup


@click.command("rebuild")
@with_appcontext
def rebuild() -> None:
    """Derive everything again from the log; phones then compare what they hold."""
    click.echo(f"{service.rebuild()} submissions applied.")


@click.command("verify")
@with_appcontext
def verify() -> None:
    """Check the log, what is derived from it, and attachments; fails if anything is wrong."""
    found = [*service.audit(), *attachments.faults()]
    for problem in found:
        click.echo(problem)
    if found:
        raise click.ClickException(f"{len(found)} problems. `fieldapp rebuild` mends what derives.")
    click.echo("All is well.")


@click.command("backup")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Folder; default: backups in FIELDAPP_HOME.")  # fmt: skip
@with_appcontext
def backup(folder: Path | None) -> None:
    """Copy the database, check the copy, and let phones forget what is in it."""
    try:
        path = make_backup(folder or current_app.config["SETTINGS"].home / "backups")
    except BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{path}")


sync_commands = (rebuild, verify, backup)
