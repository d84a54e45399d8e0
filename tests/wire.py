"""FS-SYNC/1 pinned by hash: the messages the server declares, and those really exchanged.

`tests/contract/wire.json` holds both and one entry per version, which says what changed and why
older phones still get on. To change the wire on purpose:
    RECORD_WIRE=1 .venv/bin/npm --prefix frontend run test -- real-server/wire
    .venv/bin/fieldapp openapi | .venv/bin/python -m tests.wire 1.1 "what changed"
"""

import datetime
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

PINNED = Path(__file__).parent / "contract" / "wire.json"
PROSE = {"description", "summary", "title", "tags"}


def declared(openapi: dict[str, Any]) -> dict[str, Any]:
    """What the sync routes take and give, with every schema they name; no prose."""
    routes = {
        path: item for path, item in openapi["paths"].items() if path.startswith("/api/sync/")
    }
    schemas: dict[str, Any] = {}
    waiting = _named(routes)
    while waiting:
        name = waiting.pop()
        if name not in schemas:
            schemas[name] = openapi["components"]["schemas"][name]
            waiting |= _named(schemas[name])
    bare: dict[str, Any] = _without_prose({"routes": routes, "schemas": schemas})
    return bare


def digest(part: Any) -> str:
    """SHA-256 of canonical JSON."""
    text = json.dumps(part, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def entry(pinned: dict[str, Any], version: str, change: str) -> dict[str, str]:
    """The history's next entry; bound to the one before, so that none can be rewritten."""
    before = pinned["history"][-1] if pinned["history"] else None
    return {
        "version": version,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "change": change,
        "declared": digest(pinned["declared"]),
        "exchanged": digest(pinned["exchanged"]),
        "before": digest(before),
    }


def _named(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(_named, part))
    if not isinstance(part, dict):
        return set()
    ref = part.get("$ref", "")
    own = {ref.rsplit("/", 1)[1]} if ref.startswith("#/components/schemas/") else set()
    return own.union(*map(_named, part.values()))


def _without_prose(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_prose(one) for one in part]
    if not isinstance(part, dict):
        return part
    is_names = "type" not in part and all(isinstance(value, dict) for value in part.values())
    kept = part.items() if is_names else ((k, v) for k, v in part.items() if k not in PROSE)
    return {key: _without_prose(value) for key, value in kept}


def main() -> None:
    """Pin the wire as it is now under a new version."""
    pinned = json.loads(PINNED.read_text())
    openapi = json.loads(sys.stdin.read())
    pinned["declared"] = declared(openapi)
    pinned["history"].append(entry(pinned, sys.argv[1], sys.argv[2]))
    pinned["declared"] = json.loads(json.dumps(pinned["declared"], sort_keys=True))
    PINNED.write_text(json.dumps(pinned, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
