"""Runs Alembic on the app's own engine, in one transaction on both databases."""

from alembic import context
from flask import current_app

from fieldapp import wall
from fieldapp.db import db


def run() -> None:
    """Upgrade, downgrade or compare, as Alembic was asked."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            transactional_ddl=True,
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction():
            wall.lower(connection)
            context.run_migrations()
            wall.raise_up(connection)


run()
