"""`fieldapp areas …`: the area tree from the command line."""

from pathlib import Path

import click
from flask.cli import AppGroup

from fieldapp.db import write_transaction

from . import service

areas_group = AppGroup("areas", help="Keep the area tree.")


@areas_group.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def load(file: Path) -> None:
    """Add or rename areas from a CSV: code,name_zh,name_en,level,parent."""
    try:
        with write_transaction():
            count = service.load_csv(file)
    except service.AreaError as error:
        raise click.ClickException(str(error)) from error
    except KeyError as error:
        raise click.ClickException(f"the column {error} is missing") from error
    click.echo(f"{count} areas.")


@areas_group.command("list")
def show() -> None:
    """List areas."""
    for area in service.all_areas():
        click.echo(f"{area.code}\t{area.level}\t{area.name_zh}\t{area.name_en}")
