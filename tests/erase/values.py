"""What was captured of a person, in every form in which it may lie somewhere. Pure.

Captured(["欧阳小梅", "13877665544"]).in_bytes(data)     # which values, in which form
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

CHUNK = 8 * 1024 * 1024


def forms(value: str) -> dict[str, bytes]:
    """A value as it may be written: by name of the form."""
    plain = value.encode()
    escaped = "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in value)
    found = {
        "utf-8": plain,
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "json": escaped.encode(),
        "JSON": escaped.upper().replace("\\U", "\\u").encode(),
        "percent": quote(value).encode(),
        "hex": plain.hex().encode(),
    }
    # Wherever it begins in what was encoded, these letters are its own.
    for shift in range(3):
        text = b64encode(b"\0" * shift + plain)
        first, rest = -(-shift * 8 // 6), (shift + len(plain)) % 3
        found[f"base64+{shift}"] = text[first : len(text) - (4 if rest else 0)]
    return {name: form for name, form in found.items() if len(form) > 5}


class Captured:
    """Values to look for."""

    def __init__(self, values: Iterable[str]) -> None:
        self.values = sorted(set(values))
        self._forms = [
            (value, name, form) for value in self.values for name, form in forms(value).items()
        ]
        self._longest = max((len(form) for _, _, form in self._forms), default=1)

    def in_bytes(self, data: bytes) -> list[tuple[str, str]]:
        """(value, form) of everything that is there."""
        return [(value, name) for value, name, form in self._forms if form in data]

    def in_file(self, path: Path) -> set[tuple[str, str]]:
        """The same for a file of any size."""
        found: set[tuple[str, str]] = set()
        with path.open("rb") as file:
            before = b""
            while part := file.read(CHUNK):
                found.update(self.in_bytes(before + part))
                before = part[-self._longest :]
        return found

    def in_folder(self, folder: Path) -> Iterator[tuple[Path, str, str]]:
        """Every file below; what goes away while it is looked at held nothing that stays."""
        for path in sorted(folder.rglob("*")):
            try:
                if path.is_file():
                    yield from ((path, value, form) for value, form in self.in_file(path))
            except OSError:
                continue

    def control(self) -> bytes:
        """A text in which everything is found, or looking for it means nothing."""
        return b"\n".join(form for _, _, form in self._forms)
