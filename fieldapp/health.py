"""Whether the server and its database answer, for a load balancer or a curious operator."""

from typing import Any

from flask import current_app
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from . import __version__, clock
from .db import db
from .problems import abort_with
from .rights.schedule import standing

blueprint = Blueprint("health", __name__, url_prefix="/api/health", description="Is it up?")


class HealthSchema(Schema):
    """What `/api/health` answers."""

    status = fields.String()
    version = fields.String()
    database = fields.String()
    retention = fields.String(
        metadata={
            "description": "The nightly run that lets go what is out of time: ok, never (not due "
            "yet), failed (and is tried again), late, or off (somebody else's schedule)"
        }
    )


@blueprint.route("")
class Health(MethodView):
    """`503 busy` if the database doesn't answer."""

    @blueprint.response(200, HealthSchema)
    def get(self) -> dict[str, Any]:
        """Say that the server and its database work"""
        try:
            db.session.execute(text("SELECT 1"))
            on = current_app.config["SETTINGS"].retention
            retention = standing(clock.now()).state if on else "off"
        except SQLAlchemyError:
            abort_with("busy")
        told = {"status": "ok", "version": __version__, "database": db.engine.dialect.name}
        return {**told, "retention": retention}
