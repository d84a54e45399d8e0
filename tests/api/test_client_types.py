"""What the client believes of the server is what the server says."""

import json
import os
import re
import subprocess
from pathlib import Path

from click.testing import CliRunner

from fieldapp import cli
from fieldapp.accounts import access

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"


def test_the_types_of_the_api_are_up_to_date(tmp_path: Path) -> None:
    """`npm run api-types` makes them anew."""
    document = tmp_path / "openapi.json"
    document.write_text(CliRunner().invoke(cli.main, ["openapi"]).output)
    made = tmp_path / "api.d.ts"
    program = FRONTEND / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    subprocess.run(
        ["node", program, document, "-o", made],
        check=True,
        capture_output=True,
        env={**os.environ, "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"},
    )
    assert made.read_text() == (FRONTEND / "src" / "protocol" / "api.d.ts").read_text()


def test_the_desk_offers_each_role_the_scopes_the_server_grants() -> None:
    source = (FRONTEND / "src" / "screens" / "review" / "roles.ts").read_text()
    table = source[source.index("= {") + 2 : source.index("};") + 1]
    quoted = re.sub(r"(\w+):", r'"\1":', table).replace("'", '"')
    offered = json.loads(re.sub(r",\s*}", "}", quoted))
    assert offered == {role: list(access.grantable_scopes(role)) for role in access.ROLES}
