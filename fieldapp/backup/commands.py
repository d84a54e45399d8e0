"""`fieldapp backup | restore | new-epoch`: copies that were checked, and putting one back."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from fieldapp.forms.problems import language_of
from fieldapp.sync import service as sync

from . import keyring, service
from .errors import BackupError


@click.command("backup")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Folder; default: backups in FIELDAPP_HOME.")  # fmt: skip
@click.option("--scratch", help="URL of an empty PostgreSQL database in which the copy is checked.")
@with_appcontext
def backup(folder: Path | None, scratch: str | None) -> None:
    """Copy the database, check the copy, and let phones forget what is in it."""
    with _told():
        path, told = service.backup(folder or _folder(), scratch)
    click.echo(f"{path}")
    click.echo(f"Checked: {told.visits} visits, {told.attachments} attachments.", err=True)
    click.echo(
        f"Its keys, without which it opens for nobody: {keyring.folder() / told.keys}", err=True
    )


@click.command("restore")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Set what is in the database aside.")
@with_appcontext
def restore(path: Path, replace: bool) -> None:
    """Put a backup back; phones then send again what it lacks. Stop the server first."""
    with _told():
        done = service.restore(path, replace)
    click.echo(f"Restored: {done.visits} visits, {done.attachments} attachments.")
    if done.aside:
        click.echo(f"What was there before: {done.aside}")
    if not done.carried:
        click.echo(
            "Accounts, phones and forms are those of the backup. Close accounts and revoke phones "
            "that were since; publish forms that were since, then let in what was kept aside."
        )
    click.echo("Start the server. Phones send again, by themselves, what the backup lacks.")


@click.command("new-epoch")
@with_appcontext
def new_epoch() -> None:
    """After a restore by other means: let every phone compare what it holds."""
    click.echo(f"{sync.new_epoch()} feeds begin anew.")


def _folder() -> Path:
    home: Path = current_app.config["SETTINGS"].home
    return home / "backups"


@contextmanager
def _told() -> Iterator[None]:
    """A refusal in the operator's language, in one line."""
    try:
        yield
    except BackupError as error:
        said = error.text(language_of(os.environ.get("LANG", "")))
        raise click.ClickException(said) from error


backup_commands = (backup, restore, new_epoch)
