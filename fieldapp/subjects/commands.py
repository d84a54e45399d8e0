"""`fieldapp keys status | rotate | renew | adopt`: the keys under which everything is sealed."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from fieldapp.attachments import service as attachments
from fieldapp.audit import service as access_log
from fieldapp.devices.terms import sealing_keys
from fieldapp.sync.adopt import adopt as adopt_records
from fieldapp.sync.adopt import waiting
from fieldapp.sync.renew import renew as renew_keys
from fieldapp.sync.transactions import reading, writing

from . import ledger
from .rotation import made_of, standing
from .rotation import rotate as wrap_again
from .sealing import SealBrokenError, wrapper_for

LEAST = 32

keys_group = AppGroup("keys", help="Keys of those whom data is about, and of the server.")


@keys_group.command("status")
@with_appcontext
def status() -> None:
    """Count them; fails if some are wrapped under another secret than FIELDAPP_SECRET."""
    with reading() as connection:
        found = standing(connection, wrapper_for(_secret()))
        lacking = ledger.lacks(connection)
    click.echo(f"Subjects: {found.subjects} keys, {found.destroyed} destroyed.")
    click.echo(f"Server: {found.server} keys.")
    click.echo(f"Erasures that {ledger.path()} lacks: {lacking}.")
    if found.made:
        click.echo(f"{found.made} of them are made of the secret: run `fieldapp keys renew`.")
    click.echo(f"Records that have yet to be sealed under a key of their own: {waiting()}.")
    if found.strange:
        raise click.ClickException(
            f"{found.strange} keys are wrapped under another secret. Start with that one as "
            "FIELDAPP_SECRET, and run `fieldapp keys rotate` to change it."
        )


@keys_group.command("rotate")
@click.option("--new-secret-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="File that holds the new secret; default: FIELDAPP_NEW_SECRET.")  # fmt: skip
@click.option("--new-secret", envvar="FIELDAPP_NEW_SECRET", hidden=True)
@with_appcontext
def rotate(new_secret_file: Path | None, new_secret: str | None) -> None:
    """Wrap all keys under a new secret. Stop the server first; again is harmless."""
    new = new_secret_file.read_text().strip() if new_secret_file else new_secret or ""
    if len(new) < LEAST:
        raise click.ClickException(
            f"Give the new secret, {LEAST} characters or more, as FIELDAPP_NEW_SECRET or with "
            "--new-secret-file. Nothing was changed."
        )
    try:
        with writing() as connection:
            made = made_of(connection, wrapper_for(_secret()))
            posts = sealing_keys().scalars()
            done = wrap_again(connection, wrapper_for(_secret()), wrapper_for(new), posts)
    except SealBrokenError as error:
        raise click.ClickException(
            f"{error}: FIELDAPP_SECRET must be the secret of now. Nothing was changed."
        ) from error
    try:
        access_log.sign_again(new)
    except ValueError as error:
        click.echo(f"The access log was not signed again: {error}", err=True)
    _replace_development_secret(new)
    click.echo(f"{done.changed} keys wrapped under the new secret, {done.unchanged} were already.")
    click.echo("Start the server with it as FIELDAPP_SECRET, and run `fieldapp backup`.")
    if made:
        click.echo(
            f"{made} keys of the server can still be made of the former secret, as in every "
            "database that was upgraded: with the new one, run `fieldapp keys renew` first."
        )


@keys_group.command("renew")
@with_appcontext
def renew() -> None:
    """Make the server's own keys anew, and all that hangs on them. Stop the server first.

    For databases upgraded from one key for all, whose log and mac keys were made of their first
    secret, or when one got out. Derives everything anew, as `fieldapp rebuild` does.
    """
    adopt_all()
    try:
        done = renew_keys(wrapper_for(_secret()))
    except SealBrokenError as error:
        raise click.ClickException(
            f"A text can't be opened ({error}); run `fieldapp verify`. Nothing was changed."
        ) from error
    click.echo(f"New server keys; {done} texts sealed under them, everything derived anew.")
    click.echo("Run `fieldapp backup`: a copy of before still needs the secret of then.")


@keys_group.command("adopt")
@with_appcontext
def adopt() -> None:
    """Seal what was stored before each subject had a key. `fieldapp run` does it too."""
    click.echo(f"{adopt_all()} records sealed under keys of their own.")


def adopt_all() -> int:
    """Records and attachments; how many."""
    return adopt_records() + attachments.adopt()


def _secret() -> str:
    return str(current_app.config["SETTINGS"].secret)


def _replace_development_secret(new: str) -> None:
    """One that was made here and is in use is kept in a file."""
    path = current_app.config["SETTINGS"].home / "development-secret"
    if path.exists() and path.read_text() == _secret():
        path.write_text(new)
