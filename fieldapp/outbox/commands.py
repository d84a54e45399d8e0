"""`fieldapp outbox import`: what a worker saved as a file because the phone couldn't send it."""

import os
from pathlib import Path

import click
from flask.cli import AppGroup

from fieldapp.devices.terms import sealing_keys
from fieldapp.forms.problems import language_of

from .opened import Outbox, OutboxError
from .service import UnknownPhoneError, take_in

TEXTS = {
    "not_an_outbox": (
        "{name} 不是从手机“发件箱”导出的文件，或文件不完整。请让填写人重新导出。",
        "{name} is no file saved from a phone's outbox, or not all of it. Ask its author to save "
        "it again.",
    ),
    "wrong_secret": (
        "PIN 或密码不对。请让填写人输入导出时手机的 PIN，或登录密码。",
        "Wrong PIN or password. Its author enters the PIN of that phone, or the log-in password.",
    ),
    "unknown_phone": (
        "本服务器不认识这部手机。请用 --user 写明是谁的手机。",
        "This server doesn't know the phone. Say whose it is with --user.",
    ),
}
ASKED = "PIN or password / PIN 或密码"
outbox_group = AppGroup("outbox", help="Outboxes that came as files.")


@outbox_group.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", "username", help="Whose phone it was, if the server doesn't know it.")
@click.option(
    "--secret", help="PIN or password of its worker, for a file of an old app; else asked."
)
def import_outbox(path: Path, username: str | None, secret: str | None) -> None:
    """Take in the visits and attachments of a saved outbox. Doing it again is harmless."""
    try:
        outbox = Outbox(path.read_text("utf-8"), sealing_keys())
        if outbox.needs_secret:
            outbox.unlock(secret or click.prompt(ASKED, hide_input=True))
        taken = take_in(outbox, username)
    except (OutboxError, UnicodeDecodeError) as error:
        raise _refusal(getattr(error, "key", "not_an_outbox"), path) from error
    except UnknownPhoneError as error:
        raise _refusal("unknown_phone", path) from error
    for kind, counts in (("visits", taken.visits), ("attachments", taken.files)):
        told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        click.echo(f"{kind}: {told or 'none'}")
    for why, count in sorted(taken.why.items()):
        click.echo(f"kept aside: {count} {why}")


def _refusal(key: str, path: Path) -> click.ClickException:
    zh, en = TEXTS[key]
    said = en if language_of(os.environ.get("LANG", "")) == "en" else zh
    return click.ClickException(said.format(name=path.name))
