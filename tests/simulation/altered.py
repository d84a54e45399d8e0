"""Faults planted in the server for `make mutants`: texts of its modules that are replaced as they
are loaded, in this process only. Product code holds no switch.
"""

import json
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).parent / "mutants.json"
Change = tuple[str, str]


def plant(name: str) -> None:
    """Plant the server's part of a fault, before anything of the server is loaded."""
    (mutant,) = [one for one in json.loads(LIST.read_text()) if one["name"] == name]
    changes: dict[str, list[Change]] = {}
    for file, old, new in mutant["changes"]:
        if file.startswith("fieldapp/"):
            changes.setdefault(str(ROOT / file), []).append((old, new))
    sys.meta_path.insert(0, _Finder(changes))


class _Finder(MetaPathFinder):
    def __init__(self, changes: dict[str, list[Change]]) -> None:
        self._changes = changes

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The usual one, with another loader where something is to be altered."""
        if not name.startswith("fieldapp."):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.origin in self._changes:
            spec.loader = _Loader(name, spec.origin, self._changes[spec.origin])
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, changes: list[Change]) -> None:
        super().__init__(name, path)
        self._changes = changes

    def get_code(self, fullname: str) -> CodeType:
        """Compiled anew, never from a cache."""
        text = Path(self.path).read_text()
        for old, new in self._changes:
            if old not in text:
                raise SystemExit(f"{self.path} has no “{old}”")
            text = text.replace(old, new, 1)
        code: CodeType = compile(text, self.path, "exec")
        return code
