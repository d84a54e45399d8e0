"""Taking in an outbox that came as a file, through the same door as a push."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from fieldapp import clock
from fieldapp.accounts import users
from fieldapp.accounts.service import principal_of
from fieldapp.attachments import service as attachments
from fieldapp.attachments.receipt import CHUNK
from fieldapp.db import db
from fieldapp.devices import service as devices
from fieldapp.sync import service as sync
from fieldapp.sync.apply import Incoming
from fieldapp.sync.plan import Author
from fieldapp.sync.transactions import chunks

from .opened import Attachment, Item, Outbox

ITEMS = 50


class UnknownPhoneError(Exception):
    """The file's phone isn't known here, and nobody was named instead."""


@dataclass
class Taken:
    """What became of it: visits and attachments by state, and why some were kept aside."""

    visits: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    why: Counter[str] = field(default_factory=Counter)


def take_in(outbox: Outbox, username: str | None = None) -> Taken:
    """Everything in the file, in the name of the phone's owner; again is harmless.

    username: whose it is, where the phone isn't known here (a server that was set up anew). Raises
    UnknownPhoneError.
    """
    author, device_id, revoked = _sender(outbox, username)
    taken = Taken()
    for some in chunks(_incoming(outbox, author, device_id, revoked, taken), ITEMS):
        for result in sync.take_in(some):
            taken.visits[result.st] += 1
            if result.st == "quarantined":
                taken.why[result.why or "apply"] += 1
    sender = attachments.Sender(author.user_id, device_id, revoked)
    for one in outbox.attachments():
        state = _send(sender, one) if isinstance(one, Attachment) else "unreadable"
        taken.files[state] += 1
    return taken


def _sender(outbox: Outbox, username: str | None) -> tuple[Author, str, bool]:
    device = devices.get(outbox.device)
    user = users.find(username) if username else None
    if device is None and user is None:
        raise UnknownPhoneError(outbox.device)
    user_id = user.id if user else device.user_id if device else ""
    revoked = device is not None and device.revoked is not None
    principal = principal_of(user_id)
    found = users.get(user_id)
    db.session.rollback()  # the door begins transactions of its own
    if principal:
        return sync.author_of(principal), outbox.device, revoked
    named = (found.name, found.role) if found else ("", "")
    return Author(user_id, *named), outbox.device, revoked


def _incoming(
    outbox: Outbox, author: Author, device_id: str, revoked: bool, taken: Taken
) -> Iterator[Incoming]:
    for item in outbox.items():
        if not isinstance(item, Item):
            taken.visits["unreadable"] += 1
            continue
        yield Incoming(
            id=item.id,
            sha=item.sha,
            body=item.body,
            author=author,
            received=clock.now(),
            install=item.install,
            n=item.n,
            device_id=device_id,
            aside="revoked" if revoked else None,
        )


def _send(sender: attachments.Sender, one: Attachment) -> str:
    """Chunk by chunk, from where it broke off."""
    size, at = len(one.data), 0
    while True:
        part = one.data[at : at + CHUNK]
        state = attachments.take(sender, attachments.Chunk(one.sha, size, at, part))
        if state.st != "partial" or state.have <= at:
            return state.st
        at = state.have
