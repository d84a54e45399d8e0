"""What is written beside a backup, `<backup>.json`, so that a damaged or cut copy is known."""

import json
import os
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path

FORMAT = "fieldapp-backup/1"


@dataclass(frozen=True)
class Sidecar:
    """A verified backup. before: holds all work received earlier; counts of visits and attachments.

    made: UTC moment; revision: of the tables; program: version of fieldapp; keys: name of the file
    that holds the keys of that moment.
    """

    file: str
    kind: str
    sha256: str
    bytes: int
    made: str
    before: str
    revision: str
    program: str
    visits: int
    attachments: int
    keys: str = ""
    format: str = FORMAT

    def write(self, backup: Path) -> None:
        """Put it beside the backup, whole or not at all."""
        path, partial = beside(backup), backup.with_name(f"{backup.name}.json.partial")
        partial.write_text(json.dumps(asdict(self), indent=1) + "\n")
        settle(partial)
        partial.rename(path)


def beside(backup: Path) -> Path:
    """Where it lies."""
    return backup.with_name(f"{backup.name}.json")


def read(backup: Path) -> Sidecar | None:
    """That of a backup; None if there is none. Raises ValueError if it can't be read."""
    path = beside(backup)
    if not path.exists():
        return None
    try:
        return Sidecar(**json.loads(path.read_text()))
    except TypeError as error:
        raise ValueError(str(error)) from error


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def settle(path: Path) -> None:
    """Wait until a file or folder is on the disk, not only on its way."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
