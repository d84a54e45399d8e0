"""A PostgreSQL database for vitest: says its URL, keeps it until its standard input ends."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.databases import client_programs, postgres_url

if __name__ == "__main__":
    sys.stdout.write(f"URL {postgres_url()}\nPROGRAMS {client_programs()}\n")
    sys.stdout.flush()
    sys.stdin.read()
