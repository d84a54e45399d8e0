"""`fieldapp attachments drop-unnamed`: room taken by what no visit ever named."""

from datetime import timedelta

import click
from flask.cli import AppGroup

from fieldapp import clock
from fieldapp.db import utc_text

from . import service

attachments_group = AppGroup("attachments", help="Photos, sounds and files of visits.")


@attachments_group.command("drop-unnamed")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 36_500),
              help="Only what began to arrive longer ago.")  # fmt: skip
def drop_unnamed(days: int) -> None:
    """Drop attachments that no visit names."""
    dropped = service.drop_unnamed(utc_text(clock.now() - timedelta(days=days)))
    click.echo(f"{dropped} attachments dropped.")
