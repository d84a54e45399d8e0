"""What comes to the one door, what became of it, and what the door asks of forms and programs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol

from fieldapp.consent.need import Keeping

from .entities import Entity, TypeView
from .plan import Answered, Author, Plan
from .reconcile import Derivation
from .store import Effect
from .wire import Submitted, UnreadableError, read


class Rules(Protocol):
    """Forms and programs, as the door needs them; see fieldapp.sync.rules."""

    def type(self, scope: str, name: str) -> TypeView | None:
        """A type of a scope."""
        ...

    def form(self, form_id: str, version: str) -> Answered | None:
        """A published version of a form; None if unknown."""
        ...

    def scope_of(self, form_id: str) -> str:
        """The scope of a form, whatever its version; blank if unknown."""
        ...

    def audiences(self, role: str, scope: str) -> Collection[str]:
        """As whom a role reads a scope."""
        ...

    def item(
        self, entity: Entity, audience: str, today: str, asked: frozenset[str] | None = None
    ) -> dict[str, str]:
        """An entity as an item of its list; asked: properties that matter, None: all."""
        ...

    def keeping(self, scope: str) -> Keeping | None:
        """How a scope keeps consents; None if it keeps none."""
        ...

    def clinic(self, name: str) -> str:
        """The name if a clinic has it, else blank."""
        ...

    def villages(self, codes: Collection[str]) -> Sequence[Mapping[str, str]]:
        """Areas as items of their list."""
        ...


@dataclass(frozen=True)
class Incoming:
    """One item at the door.

    aside: why it must be kept aside whatever it holds (`revoked`). derivation: what its answers
    yield, if the server itself made it of them. rewritten: of one written anew without somebody
    who was erased, its scope. admitted: of one that was taken in before and is applied again, what
    was made an exception for, blank if nothing; None: it comes. rest: only what was left out of one
    that was taken in to save a life, now that there is a consent.
    """

    id: str
    sha: str
    body: str
    author: Author
    received: datetime
    install: str = ""
    n: int = 0
    device_id: str | None = None
    skew: int | None = None
    aside: str | None = None
    derivation: Derivation | None = None
    rewritten: str | None = None
    admitted: str | None = None
    rest: bool = False

    @cached_property
    def sent(self) -> Submitted | UnreadableError:
        """The submission it holds, or why it can't be read; read once."""
        try:
            return read(self.body)
        except UnreadableError as error:
            return error


@dataclass(frozen=True)
class Result:
    """What became of an item. st: as in docs/sync.md; why: the reason of a quarantine."""

    id: str
    st: str
    why: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What applying an item comes to; without a plan it is kept aside, for what `detail` says.

    text: what is kept of it instead of its own, if that says something of somebody erased since.
    """

    result: Result
    effect: Effect = field(default_factory=Effect)
    plan: Plan | None = None
    detail: str = ""
    about: str | None = None
    text: str | None = None
