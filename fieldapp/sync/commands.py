"""`fieldapp rebuild | verify`: keeping the log and what is derived from it."""

import click
from flask.cli import with_appcontext

from fieldapp.attachments import service as attachments

from . import service


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


sync_commands = (rebuild, verify)
