"""Every blueprint of the API in one auditable list, with the kind of caller each one admits."""

from flask import Flask
from flask_smorest import Api


def register_blueprints(app: Flask) -> None:
    """Mount the API under /api and the single-page app at /."""
    api = Api(app)
    for blueprint in _api_blueprints():
        api.register_blueprint(blueprint)
    from .web import blueprint as web

    app.register_blueprint(web)


def _api_blueprints():  # type: ignore[no-untyped-def]
    """Imported late: routes need the extensions of the app that is being made."""
    return ()
