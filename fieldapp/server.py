"""Serving the app with gunicorn from within this process; no configuration file needed."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]


class Server(BaseApplication):
    """gunicorn, set up in code. Each worker makes its own app, so none shares a connection."""

    def __init__(self, make_app: Callable[[], Flask], settings: dict[str, Any]) -> None:
        self.make_app, self.settings = make_app, settings
        super().__init__()

    def load_config(self) -> None:
        """Called by gunicorn."""
        for name, value in self.settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called by gunicorn in each worker."""
        return self.make_app()


def serve(make_app: Callable[[], Flask], host: str, port: int, workers: int) -> None:
    """Serve until stopped."""
    settings = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": 4,
        "worker_class": "gthread",
        "timeout": 120,
        "graceful_timeout": 20,
        "keepalive": 15,
        "control_socket_disable": True,
        "loglevel": "warning",
    }
    Server(make_app, settings).run()
