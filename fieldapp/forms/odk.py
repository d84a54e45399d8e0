"""What ODK Validate says of forms: ODK's own judge, which comes with pyxform and needs Java.

Where there is no Java it says nothing, and nothing else depends on it. It runs in a process of its
own, with a bound on memory and time.
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from .problems import FormProblem
from .source import FormSource, to_xform

TIMEOUT_S = 100.0
BOUNDS = ("-Xmx128m", "-Xss1m", "-XX:MaxMetaspaceSize=96m", "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")  # fmt: skip
MOST_SAID = 600
MOST_KNOWN = 64
_NODE = re.compile(r"(?<![\w\]])/\w[\w.:-]*(?:\[\d+\])?((?:/@?\w[\w.:-]*(?:\[\d+\])?)+)")
_NOISE = re.compile(
    r"^(?:>>|Caused by|\.\.\. \d+ more|The following files|form\d+\.xml|Result:).*$\n?"
    r"|\b(?:java|org)\.[\w.$]+(?:Exception|Error): | Bad node: \S+",
    re.MULTILINE,
)
_PLACE = re.compile(r"^\s*at .*\n?", re.MULTILINE)


@dataclass(frozen=True)
class Verdict:
    """state: valid | invalid | late (it took too long) | absent (no Java here). said: its words,
    if invalid.
    """

    state: str
    said: str = ""


_known: dict[bytes, Verdict] = {}


def has_java() -> bool:
    """Whether ODK Validate can run here."""
    return shutil.which("java") is not None and _jar().exists()


def _jar() -> Path:
    """Where pyxform has it. Imported late: a running server hardly ever needs pyxform."""
    from pyxform.validators.odk_validate import ODK_VALIDATE_PATH

    return Path(ODK_VALIDATE_PATH)


def verdict(xform: str, seconds: float = TIMEOUT_S) -> Verdict:
    """What ODK Validate says of one XForm. The same again isn't asked again: a form is tried, then
    published.
    """
    key = sha256(xform.encode()).digest()
    found = _known.get(key)
    if found is None:
        (found,) = verdicts([xform], seconds)
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        if found.state in ("valid", "invalid"):
            _known[key] = found
    return found


def xform_of(source: FormSource) -> str:
    """The XForm of a form, as written or as pyxform makes it."""
    return source.content.decode() if source.kind == ".xml" else to_xform(source)


def problem_of(found: Verdict) -> FormProblem:
    """What it holds against a form, at the question it names."""
    said = _NOISE.sub("", found.said)
    at = _NODE.search(said)
    path = re.sub(r"\[\d+\]", "", at[1]).strip("/") if at else ""
    words = " ".join(said.split())[:MOST_SAID]
    question = path.rpartition("/")[2]
    return FormProblem("odk_refuses", {"said": words}, question, path=path)


def verdicts(xforms: Sequence[str], timeout: float = TIMEOUT_S) -> list[Verdict]:
    """What it says of each of these XForms, in one go of at most so many seconds."""
    if not has_java():
        return [Verdict("absent")] * len(xforms)
    with TemporaryDirectory() as folder:
        paths = [Path(folder, f"form{number}.xml") for number in range(len(xforms))]
        for path, xform in zip(paths, xforms, strict=True):
            path.write_text(xform, "utf-8")
        said = _run(paths, timeout)
        if said is None:
            return [Verdict("late")] * len(xforms)
        _, _, failed = said.partition("failed validation:")
        return [
            Verdict("invalid", _plain(said, folder)) if str(path) in failed else Verdict("valid")
            for path in paths
        ]


def _run(paths: Sequence[Path], timeout: float) -> str | None:
    """Everything it writes to the error stream; of a run that breaks off, that all failed. None if
    it took too long.
    """
    command = ["java", *BOUNDS, "-jar", str(_jar()), *map(str, paths)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return None
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode != 0 and "failed validation:" not in said:
        return f"{said} failed validation: " + " ".join(map(str, paths))
    return said


def _plain(said: str, folder: str) -> str:
    """Without the places in its own code and on this machine."""
    return _PLACE.sub("", said).replace(f"{folder}/", "").strip()
