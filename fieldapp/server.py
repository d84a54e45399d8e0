"""Serving the app with gunicorn from within this process; no configuration file needed."""

import gc
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from .rights.schedule import start_schedule

RARELY = (20_000, 20, 100)


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
        app = self.make_app()
        start_schedule(app)
        settle_memory()
        return app


def settle_memory() -> None:
    """What is loaded by now stays: no collection looks at it again, and processes share it.

    Collections come less often too: trees of answers are garbage all at once, and a tenth of the
    time that taking in visits took went into looking for it.
    """
    gc.set_threshold(*RARELY)
    gc.collect()
    gc.freeze()


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
    settle_memory()
    Server(make_app, settings).run()
