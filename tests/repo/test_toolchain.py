"""Promises about the files that set the project up."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_python_locks_pin_by_hash_and_name_no_source(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    pins = re.findall(r"^(\S+)==\S+(?: ; [^\\]+)? \\\n    --hash=sha256:", text, re.MULTILINE)
    names = re.findall(r"^([a-z0-9][^=\s]*)", text, re.MULTILINE)
    assert pins == names


def test_the_npm_lock_pins_by_hash_and_names_no_source() -> None:
    packages = json.loads((ROOT / "frontend/package-lock.json").read_text())["packages"]
    for path, package in packages.items():
        assert "resolved" not in package, path
        assert not path or package["integrity"].startswith("sha512-"), path


def test_npm_versions_are_exact() -> None:
    manifest = json.loads((ROOT / "frontend/package.json").read_text())
    versions = manifest["dependencies"] | manifest["devDependencies"]
    assert [name for name, version in versions.items() if not version[0].isdigit()] == []


def test_make_help_describes_every_target() -> None:
    text = (ROOT / "Makefile").read_text()
    promised = re.findall(r"^\.PHONY: (\S+)", text, re.MULTILINE)
    described = re.findall(r"^([a-z0-9-]+):.*## \S", text, re.MULTILINE)
    assert promised == described


def test_the_wheel_is_built_with_all_that_the_app_reads_of_the_server() -> None:
    """`pip install .` builds the app in a copy of its own folder."""
    outside = re.compile(r"from '((?:\.\./)+fieldapp/[^']+)'")
    read = {
        (path.parent / found).resolve().relative_to(ROOT).as_posix()
        for path in (ROOT / "frontend/src").rglob("*")
        if path.suffix in (".ts", ".vue") and not path.name.endswith(".test.ts")
        for found in outside.findall(path.read_text("utf-8"))
    }
    copied = (ROOT / "hatch_build.py").read_text("utf-8")
    assert read
    assert {path for path in read if f'"{path}"' not in copied} == set()
