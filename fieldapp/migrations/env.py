"""Runs Alembic on the app's own engine, in one transaction on both databases."""

from alembic import context
from alembic.migration import MigrationContext
from flask import current_app
from sqlalchemy import Connection

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
            if _is_behind(connection):  # tables under policies can't be changed
                wall.lower(connection)
            context.run_migrations()
            wall.raise_up(connection)


def _is_behind(connection: Connection) -> bool:
    """Whether there is anything to do."""
    wanted = context.get_revision_argument()
    return set(MigrationContext.configure(connection).get_current_heads()) != {wanted}


run()
