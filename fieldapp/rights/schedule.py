"""The daily run inside the server: a thread in every worker, of which the first to write the day's
row does the work. `fieldapp retention run` from cron does the same (docs/operating.md).

A run that fails, or is cut off, is begun again by whoever comes first after a pause that doubles,
until it ends or the next day's run begins, which does all that is due by then.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import IntegrityError

from fieldapp import clock
from fieldapp.audit import service as audit
from fieldapp.audit.service import SERVER, Entry
from fieldapp.db import db, utc_text, write_transaction

from .keeping import Done, run
from .models import RetentionRun

LOOK_EVERY = 600.0  # seconds
HOUR = 18  # UTC: two in the morning in China
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=10), timedelta(hours=3)
CUT_OFF = timedelta(hours=6)  # without an end for so long, nobody is at it any more
LATE = timedelta(hours=30)  # since the last run ended or, before any, since the first began
T = RetentionRun


@dataclass(frozen=True)
class Standing:
    """How the nightly run stands. state: `ok` | `never` (none was due yet) | `failed` (and is tried
    again) | `late`. last: when one ended last; tries, failed, again: of the one that hasn't.
    """

    state: str
    last: str = ""
    tries: int = 0
    failed: str = ""
    again: str = ""


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
        try:
            done = run_daily(clock.now())
        except Exception as error:  # it is tried again; the server goes on
            app.logger.error("retention: failed, is tried again: %s", type(error).__name__)
            return False
        finally:
            db.session.remove()
        if done:
            app.logger.info("retention: %s", done.as_words())
        return done is not None


def run_daily(now: datetime) -> Done | None:
    """Run for the day, if it is time and no process is at it. What it fails of is kept, the
    administrator is told in the server's access log, and it is raised.
    """
    day = _begin(now)
    if day is None:
        return None
    try:
        done = run(now.date().isoformat())
    except Exception as error:
        db.session.rollback()
        _failed(day, type(error).__name__)
        raise
    _keep(day, ended=utc_text(clock.now()), erased=done.people, again=None, failed=None)
    return done


def pause(tries: int) -> timedelta:
    """How long to wait after so many tries."""
    return min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE)


def standing(now: datetime) -> Standing:
    """How the nightly run stands."""
    last = db.session.scalar(sa.select(sa.func.max(T.ended))) or ""
    row = db.session.scalar(sa.select(T).order_by(T.day.desc()).limit(1))
    if row is None:
        return Standing("never")
    since = last or db.session.scalar(sa.select(sa.func.min(T.began))) or ""
    late = since < utc_text(now - LATE)
    if row.ended is not None:
        return Standing("late" if late else "ok", last)
    state = "failed" if row.failed else "late" if late else "ok"
    return Standing(state, last, row.tries, row.failed or "", row.again or "")


def _begin(now: datetime) -> str | None:
    """The day whose run is this process's to do now, marked as begun; None if there is none."""
    today, left = now.date().isoformat(), utc_text(now + CUT_OFF)
    row = db.session.scalar(sa.select(T).order_by(T.day.desc()).limit(1))
    latest = (row.day, row.ended, row.tries, row.again or row.began) if row else ("", "", 0, "")
    db.session.rollback()
    day, ended, tries, again = latest
    if now.hour >= HOUR and day != today:
        first = {"day": today, "began": utc_text(now), "erased": 0, "tries": 1, "again": left}
        try:
            with write_transaction() as tx:
                tx.execute(sa.insert(T).values(**first))
        except IntegrityError:  # another was quicker
            return None
        return today
    if not day or ended is not None or again > utc_text(now):
        return None
    mine = sa.update(T).where(T.day == day, T.ended.is_(None), T.tries == tries)
    with write_transaction() as tx:
        taken = tx.execute(mine.values(tries=tries + 1, again=left).returning(T.day)).first()
    return day if taken else None


def _failed(day: str, kind: str) -> None:
    with write_transaction() as tx:
        tries = tx.scalar(sa.select(T.tries).where(T.day == day)) or 1
        again = utc_text(clock.now() + pause(tries))
        tx.execute(sa.update(T).where(T.day == day).values(failed=kind, again=again))
        what = {"day": day, "tries": tries, "failed": kind}
        audit.record(tx.connection(), Entry(SERVER, "overdue", "", "", what=what))


def _keep(day: str, **values: object) -> None:
    with write_transaction() as tx:
        tx.execute(sa.update(T).where(T.day == day).values(**values))
