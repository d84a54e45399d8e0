"""`fieldapp retention run`: let go what is out of time, or say what would go."""

import click
from flask.cli import AppGroup

from fieldapp import clock

from .keeping import run
from .schedule import standing

retention_group = AppGroup("retention", help="What is out of time.")


@retention_group.command("run")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def run_command(dry_run: bool) -> None:
    """Erase what the programs' periods say is out of time today.

    Also: refused texts about erased people and photos that no visit names (30 days), refusals at
    the door (180 days), visits without a consent (7 days), the access log (3 years). The server
    does this daily by itself.
    """
    done = run(clock.now().date().isoformat(), dry_run)
    for one in done.overdue:
        whole = "all" if one.all_of_it else f"{len(one.records)} records"
        click.echo(f"{one.person}: {whole}, {len(one.registers)} values (since {one.since or '-'})")
    click.echo(f"{'would erase' if dry_run else 'erased'}: {done.as_words()}")


@retention_group.command("status")
def status_command() -> None:
    """How the nightly run stands; fails if it failed or is late."""
    now = standing(clock.now())
    told = (f"{key}={value}" for key, value in vars(now).items() if value)
    click.echo(" ".join(told))
    if now.state in ("failed", "late"):
        raise SystemExit(1)
