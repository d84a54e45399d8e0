"""How often something may be asked: guessing passwords is slow, sending visits never is.

Guesses are counted in the database, for all server processes together (`guesses`); what else is
bounded is bounded in each process.
"""

import json

from flask import Flask, Response, request
from flask_limiter import Limiter, RequestLimit
from flask_limiter.util import get_remote_address
from flask_login import current_user
from werkzeug.middleware.proxy_fix import ProxyFix

from .guesses import SHARED, GuessStorage

limiter = Limiter(key_func=get_remote_address, headers_enabled=True)

LOG_IN_PER_ACCOUNT = "5 per 15 minutes"
LOG_IN_PER_ADDRESS = "50 per hour"


def init_limits(app: Flask) -> None:
    """Bind the limiter; `FIELDAPP_RATE_LIMITS=0` switches it off."""
    app.config.setdefault("RATELIMIT_STORAGE_URI", f"{GuessStorage.STORAGE_SCHEME[0]}://")
    app.config["RATELIMIT_ENABLED"] = app.config["SETTINGS"].rate_limits
    limiter.init_app(app)
    proxies = app.config["SETTINGS"].proxies
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]


def note_lockout(breached: RequestLimit) -> None:
    """Keep in the access log that an account was closed to further tries; once each time."""
    key, _, rest = breached.key.partition("/")
    told = f"{key}/{SHARED}told:{rest}"
    if limiter.storage is None or limiter.storage.incr(told, breached.limit.get_expiry()) > 1:
        return
    from .sessions import note_lockout as note  # sessions know the accounts

    note(_account())


def account_of_request() -> str:
    """The log-in name tried, so that one account is guarded whatever addresses are used."""
    return f"{SHARED}account:{_account()}"


def address_of_request() -> str:
    """Where the visitor is, so that nobody tries many names."""
    return f"{SHARED}address:{get_remote_address()}"


def rescuer_of_request() -> str:
    """The phone that asks for its keys, as it calls itself, at its address."""
    return f"{SHARED}rescue:{phone_of_request()}"


def _account() -> str:
    try:
        body = json.loads(request.get_data(cache=True) or b"null")
    except ValueError:
        body = None
    name = body.get("username") if isinstance(body, dict) else None
    return str(name).strip().lower()


def person_of_request() -> str:
    """Who is logged in, so that nobody tries out another's password with a session left open."""
    return f"{SHARED}person:{getattr(getattr(current_user, 'principal', None), 'user_id', '')}"


def phone_of_request() -> str:
    """The phone as it calls itself, at its address: nobody uses up another's."""
    return f"{get_remote_address()}/{request.headers.get('X-FS-Device', '')[:64]}"


def was_refused(response: Response) -> bool:
    """Only failed attempts count."""
    return response.status_code == 401
