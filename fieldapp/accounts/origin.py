"""No other site's page may change anything here with a visitor's cookie (CSRF).

A request that changes state needs `X-FS-Proto: 1`, which a foreign page can't send without a CORS
preflight (never granted), and where the browser says where it comes from, it must come from us.
"""

from flask import Flask, request

from fieldapp.problems import abort_with

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def init_origin(app: Flask) -> None:
    """Check every request of the API before anything else looks at it."""

    @app.before_request
    def refuse_forged() -> None:
        if request.path.startswith("/api/") and request.method not in _SAFE and not _is_ours():
            abort_with("forged_origin")

    settings = app.config["SETTINGS"]
    if settings.production and settings.proxies:

        @app.before_request
        def refuse_plain() -> None:
            """A proxy that says that the line was not encrypted is misled or wrongly set up."""
            if not request.is_secure and request.path != "/api/health":
                abort_with("plain_http")


def _is_ours() -> bool:
    if request.headers.get("X-FS-Proto") != "1":
        return False
    return request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}
