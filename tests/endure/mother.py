"""A server whose processes can be killed and replaced in a moment: born of one that is ready.

    python -m tests.endure.mother URL HOME      says "PORT n"
    HOME/warm.json {headers, body}: a push that it takes in itself, so that its children needn't
    learn everything at their first; then, for each line of its input
    start    → "PID n"      one more process accepts from the same socket
    kill n   → "GONE n"     SIGKILL; it is no more
It ends, with its children, when its input does.
"""

import base64
import json
import os
import signal
import socket
import sys
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from fieldapp import create_app
from fieldapp.config import Settings
from fieldapp.db import db
from tests.conftest import SECRET


class Quiet(WSGIRequestHandler):
    """Says nothing, and keeps a connection as our own server does."""

    protocol_version = "HTTP/1.1"

    def log(self, *_args: object) -> None:
        """Nothing."""


def main() -> None:
    """Be ready; then one process per line."""
    app = create_app(
        Settings(home=Path(sys.argv[2]), database_url=sys.argv[1], secret=SECRET, rate_limits=False)
    )
    request = json.loads((Path(sys.argv[2]) / "warm.json").read_text())
    body = base64.b64decode(request["body"])
    answer = app.test_client().post("/api/sync/push", data=body, headers=request["headers"])
    assert answer.status_code == 200, answer.data
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    listening = socket.create_server(("127.0.0.1", 0), backlog=256)
    listening.set_inheritable(True)
    tell(f"PORT {listening.getsockname()[1]}")
    children: set[int] = set()
    for line in sys.stdin:
        word, _, number = line.strip().partition(" ")
        if word == "kill":
            children.discard(end(int(number)))
            tell(f"GONE {number}")
            continue
        pid = os.fork()
        if pid == 0:
            serve(app, listening)
        children.add(pid)
        tell(f"PID {pid}")
    for pid in children:
        end(pid)


def end(pid: int) -> int:
    """Kill one child and wait until it is gone."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return pid


def serve(app: object, listening: socket.socket) -> None:
    """Until killed."""
    server = make_server(
        "127.0.0.1",
        0,
        app,  # type: ignore[arg-type]  # Flask is one
        threaded=True,
        request_handler=Quiet,
        fd=listening.fileno(),
    )
    server.serve_forever()
    os._exit(1)


def tell(text: str) -> None:
    """A line for whoever started us."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
