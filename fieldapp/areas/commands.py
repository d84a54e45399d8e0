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
    """List areas, with the clinics they have of their own."""
    for area in service.all_areas():
        told = [area.code, area.level, area.name_zh, area.name_en, area.clinic, area.clinic_phone]
        click.echo("\t".join(told).rstrip("\t"))


@areas_group.command("clinic")
@click.argument("code")
@click.argument("name", default="")
@click.argument("phone", default="")
def clinic(code: str, name: str, phone: str) -> None:
    """Name the clinic that the clients of an area, and of those below it, may be referred to.

    Phones get it with their next sync. Without a name it is taken away; nobody is asked then.
    """
    try:
        with write_transaction():
            area = service.set_clinic(code, name.strip(), phone.strip())
            told = f"{area.name_zh}\t{area.clinic}\t{area.clinic_phone}".rstrip("\t")
    except service.AreaError as error:
        raise click.ClickException(str(error)) from error
    click.echo(told)
