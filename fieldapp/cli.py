"""The command `fieldapp`: run the server, and what each domain lets an operator do."""

import click
import flask_migrate
from flask import Flask
from flask.cli import AppGroup, ScriptInfo

from . import __version__, create_app
from .accounts.commands import users_group
from .areas.commands import areas_group
from .db import db
from .forms.commands import forms_group
from .forms.service import publish_packaged
from .server import serve


@click.group(cls=AppGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Field visits, offline first.

    Settings come from FIELDAPP_* in the environment (docs/operating.md).
    """
    context.obj = context.obj or ScriptInfo(create_app=create_app)


main.add_command(users_group)
main.add_command(areas_group)
main.add_command(forms_group)


@main.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0: every interface.")
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Server processes.")
@click.option("--demo", is_flag=True, help="Fill an empty database with a made-up district first.")
@click.pass_obj
def run(info: ScriptInfo, host: str, port: int, workers: int, demo: bool) -> None:
    """Prepare the database and serve until stopped."""
    app = info.load_app()
    with app.app_context():
        prepare(with_demo=demo)
    announce(app, f"http://{host}:{port}", demo)
    serve(create_app, host, port, workers)


@main.command("migrate")
def migrate_database() -> None:
    """Bring the database to this version's tables."""
    flask_migrate.upgrade()
    click.echo("The database is up to date.")


def prepare(with_demo: bool) -> None:
    """Migrate, publish the packaged forms, and put the demo district in if asked for."""
    flask_migrate.upgrade()
    publish_packaged()
    db.session.remove()
    db.engine.dispose()  # the workers open connections of their own


def announce(app: Flask, address: str, demo: bool) -> None:
    """Say where it is and, for the demo, who may log in."""
    click.echo(
        f"fieldapp {__version__}: {address}  (review: {address}/review, API: {address}/api/docs)"
    )
