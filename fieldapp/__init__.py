"""Field visits, offline first. `create_app` makes the server and knows no program by name."""

from pathlib import Path

from flask import Flask

from .config import Settings
from .db import init_db
from .problems import init_problems
from .quiet import init_logs

__version__ = "0.1.0"


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application: settings → extensions → blueprints with their auth → errors."""
    settings = settings or Settings.from_environment()
    init_logs()
    app = Flask(__name__, static_folder=None)
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret,
        TESTING=settings.testing,
        DEBUG=False,  # whatever FLASK_DEBUG says
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={"hide_parameters": True},  # errors are logged, values never
        MIGRATIONS=Path(__file__).parent / "migrations",
        MAX_CONTENT_LENGTH=4 * 1024 * 1024,
        API_TITLE="fieldapp",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    init_db(app)
    init_problems(app)
    from .accounts.limits import init_limits
    from .accounts.origin import init_origin
    from .accounts.sessions import init_login
    from .blueprints import register_blueprints
    from .bodies import init_bodies
    from .web import init_web

    init_web(app)
    init_origin(app)
    init_bodies(app)
    init_login(app)
    init_limits(app)
    register_blueprints(app)
    return app
