"""`fieldapp consent expire`: an end to what waits for a consent that doesn't come."""

import click
from flask.cli import AppGroup

from . import service

consent_group = AppGroup("consent", help="Visits that wait for a consent.")


@consent_group.command("expire")
@click.option("--dry-run", is_flag=True, help="Only say how many would be destroyed.")
def expire(dry_run: bool) -> None:
    """Let in what a consent came for; destroy the text of what waited 7 days.

    To be run every day.
    """
    ended = service.expire(dry_run)
    if dry_run:
        click.echo(f"{ended.destroyed} visits have waited {service.DAYS} days or longer.")
    else:
        click.echo(f"{ended.admitted} visits let in, {ended.destroyed} destroyed.")
