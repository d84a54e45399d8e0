"""Whether the server and its database answer, for a load balancer or a curious operator."""

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from . import __version__
from .db import db
from .problems import abort_with

blueprint = Blueprint("health", __name__, url_prefix="/api/health", description="Is it up?")


class HealthSchema(Schema):
    """What `/api/health` answers."""

    status = fields.String()
    version = fields.String()
    database = fields.String()


@blueprint.route("")
class Health(MethodView):
    """`503 busy` if the database doesn't answer."""

    @blueprint.response(200, HealthSchema)
    def get(self) -> dict[str, Any]:
        """Say that the server and its database work"""
        try:
            db.session.execute(text("SELECT 1"))
        except SQLAlchemyError:
            abort_with("busy")
        return {"status": "ok", "version": __version__, "database": db.engine.dialect.name}
