"""How often something may be asked: guessing passwords is slow, sending visits never is.

Counters live in the memory of each server process; the figures hold per process.
"""

import json

from flask import Flask, Response, current_app, request
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix

MOST_TOLD = 10_000
limiter = Limiter(key_func=get_remote_address, headers_enabled=True)

LOG_IN_PER_ACCOUNT = "5 per 15 minutes"
LOG_IN_PER_ADDRESS = "50 per hour"


def init_limits(app: Flask) -> None:
    """Bind the limiter; `FIELDAPP_RATE_LIMITS=0` switches it off."""
    app.config.setdefault("RATELIMIT_STORAGE_URI", "memory://")
    app.config["RATELIMIT_ENABLED"] = app.config["SETTINGS"].rate_limits
    limiter.init_app(app)
    proxies = app.config["SETTINGS"].proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]


def note_lockout(breached: RequestLimit) -> None:
    """Keep in the access log that an account was closed to further tries; once each time."""
    told: dict[str, int] = current_app.extensions.setdefault("fieldapp_lockouts", {})
    if told.get(breached.key) == breached.reset_at:
        return
    if len(told) > MOST_TOLD:
        told.clear()
    told[breached.key] = breached.reset_at
    from .sessions import note_lockout as note  # sessions know the accounts

    note(account_of_request().removeprefix("account:"))


def account_of_request() -> str:
    """The log-in name tried, so that one account is guarded whatever addresses are used."""
    try:
        body = json.loads(request.get_data(cache=True) or b"null")
    except ValueError:
        body = None
    name = body.get("username") if isinstance(body, dict) else None
    return f"account:{str(name).strip().lower()}"


def person_of_request() -> str:
    """Who is logged in, so that nobody tries out another's password with a session left open."""
    return f"person:{getattr(getattr(current_user, 'principal', None), 'user_id', '')}"


def phone_of_request() -> str:
    """The phone as it calls itself, at its address: nobody uses up another's."""
    return f"{get_remote_address()}/{request.headers.get('X-FS-Device', '')[:64]}"


def was_refused(response: Response) -> bool:
    """Only failed attempts count."""
    return response.status_code == 401
