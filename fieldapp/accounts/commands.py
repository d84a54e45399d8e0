"""`fieldapp users …`: accounts from the command line, e.g. the first administrator."""

from datetime import datetime

import click
from flask.cli import AppGroup

from fieldapp.db import write_transaction

from . import access, factor, training, users
from .access import Grant
from .keeping import note
from .models import User
from .problems import AccountError
from .training import Trained

users_group = AppGroup("users", help="Keep accounts.")


class GrantType(click.ParamType[Grant]):
    """`<area code>:<scope>`."""

    name = "area:scope"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Grant:
        """Parse; the area and the role are checked when the account is written."""
        if isinstance(value, Grant):
            return value
        area, _, scope = str(value).partition(":")
        if scope not in access.SCOPES:
            self.fail(f"{value}: write <area code>:health or <area code>:housing", param, ctx)
        return Grant(area, scope)


password_option = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for if absent.",
)


own_option = click.option(
    "--own",
    is_flag=True,
    help="The person chose it themselves: it needn't be changed at first use.",
)
DAY = click.DateTime(["%Y-%m-%d"])
trained_help = "For health and housing together: the day of the training, YYYY-MM-DD."
approved_help = "User name of the administrator who approves it."
FIRST = f" and must choose a password of their own within {users.FIRST.days} days"


@users_group.command("add")
@click.argument("username")
@click.option("--name", required=True, help="As colleagues know the person.")
@click.option("--role", required=True, type=click.Choice(access.ROLES))
@click.option("--grant", "grants", type=GrantType(), multiple=True, help="Repeat for more areas.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option("--trained", "day", type=DAY, help=trained_help)
@click.option("--approved-by", "approver", help=approved_help)
@password_option
@own_option
def add(
    username: str,
    name: str,
    role: str,
    grants: tuple[Grant, ...],
    lang: str,
    day: datetime | None,
    approver: str | None,
    password: str,
    own: bool,
) -> None:
    """Open an account."""
    with _told(), write_transaction():
        trained = _trained(day, approver) if day or approver else None
        user = users.add_user(
            username, name, role, password, grants, lang, first=not own, trained=trained
        )
        note(user, ["opened", *(["training", "approval"] if trained else [])])
    click.echo(f"{username} ({role}) may log in{'' if own else FIRST}.")


@users_group.command("list")
def show() -> None:
    """List accounts."""
    for user in users.everybody():
        granted = " ".join(f"{grant.area}:{grant.scope}" for grant in user.grants)
        state = "" if user.active else " (closed)"
        click.echo(f"{user.username}\t{user.role}\t{user.name}{state}\t{granted}")


@users_group.command("password")
@click.argument("username")
@password_option
@own_option
def password(username: str, password: str, own: bool) -> None:
    """Give a new password; every session of the person ends."""
    with _told(), write_transaction():
        user = _known(username)
        users.set_password(user, password, first=not own)
        note(user, ["password"])
    click.echo(f"{username} has a new password{'' if own else FIRST}.")


@users_group.command("grant")
@click.argument("username")
@click.argument("grants", type=GrantType(), nargs=-1)
def grant(username: str, grants: tuple[Grant, ...]) -> None:
    """Replace a person's areas by those given."""
    with _told(), write_transaction():
        user = _known(username)
        users.set_grants(user, grants)
        note(user, ["grants"])
    click.echo(f"{username}: {len(grants)} grants.")


@users_group.command("trained")
@click.argument("username")
@click.option("--on", "day", type=DAY, required=True, help=trained_help)
@click.option("--approved-by", "approver", required=True, help=approved_help)
def trained(username: str, day: datetime, approver: str) -> None:
    """Keep that a worker was trained for both scopes, and who approves."""
    with _told(), write_transaction():
        user = _known(username)
        training.approved(user, _trained(day, approver))
        note(user, ["training", "approval"])
    click.echo(f"{username} may be given health and housing together.")


@users_group.command("close")
@click.argument("username")
def close(username: str) -> None:
    """Close an account; what the person's phone still sends is kept aside."""
    with _told(), write_transaction():
        user = _known(username)
        users.set_active(user, active=False)
        note(user, ["active"])
    click.echo(f"{username} can't log in any more.")


@users_group.command("factor-off")
@click.argument("username")
def factor_off(username: str) -> None:
    """Take away a second factor whose phone and recovery codes are lost."""
    with _told(), write_transaction():
        user = _known(username)
        factor.drop(user.id)
        note(user, ["factor"])
    click.echo(f"{username} logs in with the password alone.")


def _trained(day: datetime | None, approver: str | None) -> Trained:
    user = _known(approver) if approver else None
    if day is None or user is None or not (user.active and access.may_administer(user.role)):
        raise AccountError("approved-by", "name the day and an administrator with an open account")
    return Trained(day.date().isoformat(), user.id)


def _known(username: str) -> User:
    user = users.find(username)
    if user is None:
        raise AccountError("username", f"there is no {username}")
    return user


class _told:  # noqa: N801 - used like a function
    """Says an AccountError in one line instead of a traceback."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, AccountError):
            raise click.ClickException(f"{error.field}: {error}")
