"""`fieldapp backup | restore | new-epoch`: copies that were checked, and putting one back."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from fieldapp.forms.problems import language_of
from fieldapp.subjects.ledger import NAME
from fieldapp.sync import service as sync

from . import keyring, service
from .errors import BackupError

SHOWN = 20  # erasures told one by one


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
@click.option("--ledger", "ledgers", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
              help="A ledger of erasures, beside those that are found.")  # fmt: skip
@click.option("--without-ledger", is_flag=True,
              help="Go on though nothing knows who was erased since.")  # fmt: skip
@with_appcontext
def restore(path: Path, replace: bool, ledgers: tuple[Path, ...], without_ledger: bool) -> None:
    """Put a backup back; phones then send again what it lacks. Stop the server first.

    Who was erased since the backup is erased in it too, as the database that is replaced and the
    ledgers know: erasures.ledger beside the copies of the keys and beside the backup.
    """
    with _told():
        done = service.restore(path, replace, None if without_ledger and not ledgers else ledgers)
    click.echo(f"Restored: {done.visits} visits, {done.attachments} attachments.")
    _tell_erasures(done)
    if done.reopened:
        click.echo(
            f"Open again at the rights desk: {done.reopened} requests to withdraw or to correct. "
            "What was done about them since this backup is lost: do it again."
        )
    if done.aside:
        click.echo(f"What was there before: {done.aside}")
    if not done.carried:
        click.echo(
            "Accounts, phones and forms are those of the backup. Close accounts and revoke phones "
            "that were since; publish forms that were since, then let in what was kept aside."
        )
    click.echo("Start the server. Phones send again, by themselves, what the backup lacks.")


def _tell_erasures(done: service.Restored) -> None:
    """Who was erased again, and up to when that is known."""
    click.echo(f"Erased again, as since this backup: {len(done.again)}.")
    for day, scope, subject in done.again[:SHOWN]:
        click.echo(f"  {day} {scope} {subject}")
    if len(done.again) > SHOWN:
        click.echo(f"  and {len(done.again) - SHOWN} more; the rights desk has all certificates")
    if done.ledger is None and not done.carried:
        click.echo(
            "WARNING: no ledger of erasures was at hand. Whoever was erased since this backup is "
            "readable again: erase them again by their certificates before you start the server.",
            err=True,
        )
    elif done.ledger and not done.carried:
        click.echo(
            f"Erasures are known up to {done.ledger.until or 'no moment at all'}. If there is a "
            f"newer {NAME}, restore again with --replace --ledger <file> before you start."
        )
    if done.ledger and done.ledger.unreadable:
        click.echo(
            f"WARNING: {done.ledger.unreadable} lines of the ledger can't be read. Compare it with "
            "another copy, and restore again with --replace --ledger <file> if that knows more.",
            err=True,
        )


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
