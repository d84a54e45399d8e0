"""The daily run inside the server: a thread in every worker, of which the first to write the day's
row does the work. `fieldapp retention run` from cron does the same (docs/operating.md).
"""

import threading

from flask import Flask

from fieldapp import clock
from fieldapp.db import db

from .keeping import run_daily

LOOK_EVERY = 600.0  # seconds
HOUR = 18  # UTC: two in the morning in China


def start_schedule(app: Flask, every: float = LOOK_EVERY) -> threading.Event | None:
    """Begin to look at the clock; set the event to end it. None where settings turn it off."""
    if not app.config["SETTINGS"].retention:
        return None
    stop = threading.Event()
    threading.Thread(target=_look, args=(app, stop, every), daemon=True, name="retention").start()
    return stop


def _look(app: Flask, stop: threading.Event, every: float) -> None:
    while not stop.wait(every):
        look(app)


def look(app: Flask) -> bool:
    """Run if it is time and nobody has; whether it ran. What goes wrong is logged, never raised."""
    with app.app_context():
        now = clock.now()
        if now.hour < HOUR:
            return False
        try:
            done = run_daily(now)
        except Exception as error:  # tomorrow is another day; the server goes on
            app.logger.error("retention: %s", type(error).__name__)
            return False
        finally:
            db.session.remove()
        if done:
            app.logger.info("retention: %s", done.as_words())
        return done is not None
