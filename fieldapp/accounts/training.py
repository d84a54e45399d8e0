"""Health and housing in one hand: only for who was trained, and only once that is approved.

asked(user, "2026-11-02", admin)   # an administrator writes down who was trained, on which day
approve(user, "2026-11-02", other) # another one approves; who keeps accounts alone, at once
approved(user, Trained(day, by))   # both together: an account's first day, the command line

`users.set_grants` lets nobody step from one scope to both without it. Not committed by any of them.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from fieldapp import clock
from fieldapp.db import db, utc_text
from fieldapp.problems import abort_with

from . import access
from .models import Training, User
from .problems import AccountError

AHEAD = timedelta(hours=14)  # of UTC: no place on earth has a later date


@dataclass(frozen=True)
class Trained:
    """A training that was approved. day: ISO date; by: the administrator's id."""

    day: str
    by: str


def is_missing(user: User) -> bool:
    """Whether the user may not hold both scopes yet."""
    return access.needs_training(user.role) and not (user.training and user.training.approved)


def asked(user: User, day: str, asker: str) -> None:
    """Keep on which day the user was trained. Raises AccountError.

    asker: an administrator's id. It waits for another's approval, if there is another.
    """
    _keep(user, day, asker)
    if not _others(asker):
        _approve(user, asker)


def approve(user: User, day: str, approver: str) -> None:
    """Approve the training of that day. approver: an administrator's id.

    Stops with `conflict_moved` unless that very day waits, with `second_person` for who wrote it
    down, if there is anybody else.
    """
    waiting = user.training
    if waiting is None or waiting.approved or waiting.trained_on != day:
        abort_with("conflict_moved")
    if waiting.asked_by == approver and _others(approver):
        abort_with("second_person")
    _approve(user, approver)


def approved(user: User, trained: Trained) -> None:
    """Keep a training and its approval at once. Raises AccountError."""
    _keep(user, trained.day, trained.by)
    _approve(user, trained.by)


def _keep(user: User, day: str, asker: str) -> None:
    if not access.needs_training(user.role):
        zh = "这个角色不需要登记培训。"
        raise AccountError("trained_on", f"the role {user.role} needs no such training", zh)
    if date.fromisoformat(day) > (clock.now() + AHEAD).date():
        raise AccountError("trained_on", "the day is yet to come", "培训日期还没到。")
    found = user.training or Training(user_id=user.id)
    found.trained_on, found.asked_by, found.asked = day, asker, utc_text(clock.now())
    found.approved_by, found.approved = "", None
    user.training = found


def _approve(user: User, approver: str) -> None:
    assert user.training is not None
    user.training.approved_by, user.training.approved = approver, utc_text(clock.now())


def _others(than: str) -> bool:
    roles = [role for role in access.ROLES if access.may_administer(role)]
    others = select(User.id).where(User.role.in_(roles), User.active == 1, User.id != than)
    return db.session.scalar(others.limit(1)) is not None
