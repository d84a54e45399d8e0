"""The built single-page app, its cache rules, the security headers of every answer. No data."""

from pathlib import Path

from flask import Blueprint, Flask, Response, request, send_from_directory
from werkzeug.exceptions import NotFound

APP = Path(__file__).parent / "static" / "app"
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"

# media-src: what was recorded is played from memory.
# script-src: Argon2id on the phone is WebAssembly; it evaluates no text.
# style-src: Vue and Vant set single style properties by script, which needs no 'unsafe-inline'.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "require-trusted-types-for 'script'",
        "trusted-types vue default",  # Vue's own, and ours for the addresses of workers
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-src 'self'",  # a form is tried in a phone's frame at the desk
        "frame-ancestors 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(self), payment=()",
}

blueprint = Blueprint("web", __name__)


def init_web(app: Flask) -> None:
    """Put the security headers on every answer; API answers are not stored unless they say so."""
    secure = app.config["SETTINGS"].production

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


@blueprint.get("/")
@blueprint.get("/<path:path>")
def page(path: str = "index.html") -> Response:
    """A file of the build; any other address without a file extension is a screen of the app."""
    if path == "api" or path.startswith("api/"):
        raise NotFound
    if not (APP / path).is_file() and "." not in path.rsplit("/", 1)[-1]:
        path = "index.html"
    response = send_from_directory(APP, path)
    response.headers["Cache-Control"] = IMMUTABLE if path.startswith("assets/") else REVALIDATE
    if path == "sw.js":
        response.headers["Service-Worker-Allowed"] = "/"
    return response
