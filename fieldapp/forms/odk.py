"""What ODK Validate says of forms: ODK's own judge, which comes with pyxform and needs Java.

Where there is no Java it says nothing, and nothing else depends on it.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from .source import FormSource, to_xform

TIMEOUT_S = 100
_PLACE = re.compile(r"^\s*at .*\n?", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """state: valid | invalid | absent (no Java here). said: its words, if invalid."""

    state: str
    said: str = ""


def has_java() -> bool:
    """Whether ODK Validate can run here."""
    return shutil.which("java") is not None and _jar().exists()


def _jar() -> Path:
    """Where pyxform has it. Imported late: a running server hardly ever needs pyxform."""
    from pyxform.validators.odk_validate import ODK_VALIDATE_PATH

    return Path(ODK_VALIDATE_PATH)


def verdict(source: FormSource) -> Verdict:
    """What ODK Validate says of one form. Raises FormError if pyxform can't even read it."""
    return verdicts([xform_of(source)])[0]


def xform_of(source: FormSource) -> str:
    """The XForm of a form, as written or as pyxform makes it."""
    return source.content.decode() if source.kind == ".xml" else to_xform(source)


def verdicts(xforms: Sequence[str]) -> list[Verdict]:
    """What it says of each of these XForms, in one go."""
    if not has_java():
        return [Verdict("absent")] * len(xforms)
    with TemporaryDirectory() as folder:
        paths = [Path(folder, f"form{number}.xml") for number in range(len(xforms))]
        for path, xform in zip(paths, xforms, strict=True):
            path.write_text(xform, "utf-8")
        said = _run(paths)
        _, _, failed = said.partition("failed validation:")
        return [
            Verdict("invalid", _plain(said, folder)) if str(path) in failed else Verdict("valid")
            for path in paths
        ]


def _run(paths: Sequence[Path]) -> str:
    """Everything it writes to the error stream; of a run that breaks off, that all failed."""
    command = ["java", "-Djava.awt.headless=true", "-jar", str(_jar()), *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return "took too long; failed validation: " + " ".join(map(str, paths))
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode != 0 and "failed validation:" not in said:
        return f"{said} failed validation: " + " ".join(map(str, paths))
    return said


def _plain(said: str, folder: str) -> str:
    """Without the places in its own code and on this machine."""
    return _PLACE.sub("", said).replace(f"{folder}/", "").strip()
