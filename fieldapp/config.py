"""Typed settings from the environment. Each is documented in docs/operating.md; a test keeps it so.

Production (`FIELDAPP_ENV=production`) refuses to start without a secret,
and unless somebody in front of it encrypts the line.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class MissingSetting(SystemExit):
    """A setting that has no safe default is absent. The message says which and how to set it."""


@dataclass(frozen=True)
class Settings:
    """What the server needs to know about where it runs.

    home: folder for the database, the secret (development only) and backups.
    database_url: SQLAlchemy URL; SQLite in `home` unless given (`postgresql+psycopg://…`).
    secret: 32+ characters; signs sessions and seals stored bodies.
    production: strict cookies, no conveniences.
    push_bytes: largest accepted request body in bytes, compressed.
    blob_bytes, blob_pending_bytes: largest attachment; of one phone's, those not yet of a visit.
    row_security: PostgreSQL itself keeps each request to its reader's rows.
    seal_generation: which generation of the key phones seal to; earlier ones still open.
    lease_days: how long a phone opens without having reached the server.
    proxies: how many proxies in front are believed about the visitor's address.
    second_factor: whether everybody with a desk has to set one up.
    key_backups, key_backup_days: where copies of the keys lie, and for how many days.
    """

    home: Path
    database_url: str = field(repr=False)  # may hold a password
    secret: str = field(repr=False)
    production: bool = False
    testing: bool = False
    push_bytes: int = 256 * 1024
    blob_bytes: int = 10 * 1024 * 1024
    blob_pending_bytes: int = 64 * 1024 * 1024
    rate_limits: bool = True
    row_security: bool = True
    retention: bool = True
    proxies: int = 0
    seal_generation: int = 1
    lease_days: int = 14
    second_factor: bool = False
    key_folder: Path | None = None
    key_backup_days: int = 30

    @property
    def key_backups(self) -> Path:
        """The folder of copies of the keys."""
        return self.key_folder or self.home / "key-backups"

    @classmethod
    def from_environment(cls, env: Mapping[str, str] = os.environ) -> "Settings":
        """Read `FIELDAPP_*`. In production raises MissingSetting without a secret or TLS."""
        production = _is_production(env.get("FIELDAPP_ENV", "development"))
        home = Path(env.get("FIELDAPP_HOME", "instance")).absolute()
        home.mkdir(parents=True, exist_ok=True)
        secret = env.get("FIELDAPP_SECRET", "")
        if production and len(secret) < 32:
            raise MissingSetting(
                "FIELDAPP_SECRET is missing or shorter than 32 characters. "
                "Set it to a long random value and keep it: stored visits are sealed with it."
            )
        proxies = int(env.get("FIELDAPP_PROXIES", 0))
        if production and not proxies and env.get("FIELDAPP_TLS") != "ended-in-front":
            raise MissingSetting(
                "Nothing says who encrypts the line to this server. Put a proxy with TLS in "
                "front and set FIELDAPP_PROXIES to how many there are; if what is in front ends "
                "TLS and adds no X-Forwarded headers, set FIELDAPP_TLS=ended-in-front."
            )
        return cls(
            home=home,
            database_url=env.get("FIELDAPP_DATABASE_URL", f"sqlite:///{home / 'fieldapp.sqlite'}"),
            secret=secret or _development_secret(home),
            production=production,
            push_bytes=int(env.get("FIELDAPP_PUSH_BYTES", 256 * 1024)),
            blob_bytes=int(env.get("FIELDAPP_BLOB_BYTES", 10 * 1024 * 1024)),
            blob_pending_bytes=int(env.get("FIELDAPP_BLOB_PENDING_BYTES", 64 * 1024 * 1024)),
            seal_generation=max(1, int(env.get("FIELDAPP_SEAL_GENERATION", 1))),
            lease_days=max(1, int(env.get("FIELDAPP_LEASE_DAYS", 14))),
            proxies=proxies,
            second_factor=env.get("FIELDAPP_SECOND_FACTOR", "0") == "1",
            rate_limits=env.get("FIELDAPP_RATE_LIMITS", "1") == "1",
            row_security=env.get("FIELDAPP_ROW_SECURITY", "1") == "1",
            retention=env.get("FIELDAPP_RETENTION", "1") == "1",
            key_folder=Path(env["FIELDAPP_KEY_BACKUPS"]) if "FIELDAPP_KEY_BACKUPS" in env else None,
            key_backup_days=int(env.get("FIELDAPP_KEY_BACKUP_DAYS", 30)),
        )


def _is_production(where: str) -> bool:
    """Raises MissingSetting for any other word: a slip must not take the protections off."""
    if where not in ("production", "development"):
        raise MissingSetting(f"FIELDAPP_ENV is “{where}”. Set it to production or development.")
    return where == "production"


def _development_secret(home: Path) -> str:
    """A secret made once and kept beside the database, so a restart doesn't log everybody out."""
    path = home / "development-secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()
