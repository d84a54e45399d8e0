"""The real server with the cast of the stories, for vitest: says its port, serves until killed."""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

import flask_migrate
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import inspect
from werkzeug.serving import make_server

from fieldapp import create_app
from fieldapp.accounts import passwords
from fieldapp.config import Settings
from fieldapp.db import db
from fieldapp.forms.service import publish, publish_packaged
from fieldapp.server import Server
from tests.cast import install_cast


def main() -> None:
    """Serve the database of a folder, or of a URL, made if it isn't there, on a free port."""
    home = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="fieldapp-vitest-"))
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    url = sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{home / 'fieldapp.sqlite'}"
    secret = "a secret for tests only, long enough for anybody"
    app = create_app(Settings(home=home, database_url=url, secret=secret, rate_limits=False))
    with app.app_context():
        if not inspect(db.engine).get_table_names():
            db.create_all()
            flask_migrate.stamp()
            install_cast(app)
            if earlier := os.environ.get("CONSENT_BEFORE"):
                publish(Path(earlier), "consent")
            publish_packaged()
            publish(Path(__file__).parents[3] / "tests" / "forms" / "door_check.md", "rental")
        db.session.remove()
        db.engine.dispose()
    if os.environ.get("SERVED_BY") == "gunicorn":
        as_in_production(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    say(server.server_port)
    server.serve_forever()


def as_in_production(app: Flask) -> None:
    """Serve with connections that are kept, as phones meet them."""
    settings = {
        "bind": "127.0.0.1:0",
        "threads": 4,
        "worker_class": "gthread",
        "keepalive": 15,
        "control_socket_disable": True,
        "loglevel": "warning",
        "when_ready": lambda arbiter: say(arbiter.LISTENERS[0].sock.getsockname()[1]),
    }
    Server(lambda: app, settings).run()


def say(port: int) -> None:
    """Tell the test where."""
    sys.stdout.write(f"PORT {port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
