"""What somebody looked at, in words: kinds of records, never a record. Pure, but for the programs.

A kind is named only to a reader who may read something of it; of anything else they are told the
scope alone: that somebody has a pregnancy's record tells as much as the record.
"""

from collections.abc import Iterable

from fieldapp.accounts import access
from fieldapp.programs.service import EntityType, load_programs

# What the rights desk may know of somebody whose other data are clinical.
DESK_DATA = frozenset({"client", "consent"})
WHOLE = {
    "health": {"zh": "健康资料", "en": "health data"},
    "housing": {"zh": "住房资料", "en": "housing data"},
}
# What changes something; everything else in the log is a read.
WRITING = frozenset({"write", "admit", "aside", "request", "erase", "account", "password"})


def told(role: str, scope: str, types: Iterable[str], lang: str) -> list[str]:
    """The labels of these types that the role may be told of, and of the rest the scope."""
    kinds = [load_programs().type(scope, name) for name in set(types)]
    named = {kind.label[lang] for kind in kinds if kind and may_name(role, kind)}
    rest = [WHOLE[scope][lang]] if scope in WHOLE and len(named) < max(len(kinds), 1) else []
    return [*sorted(named), *rest]


def may_name(role: str, kind: EntityType) -> bool:
    """Whether a role reads anything of a type."""
    seen = set(access.audiences(role, kind.scope))
    if seen:
        return any(seen & set(prop.audience) for prop in kind.props.values())
    return access.works_rights(role, kind.scope) and any(
        prop.data in DESK_DATA for prop in kind.props.values()
    )


def in_feed(feed: str) -> list[str]:
    """The types of which a feed holds anything."""
    audience = feed.partition(".")[2]
    scope = access.scope_of(audience)
    return [kind.name for kind in load_programs().types(scope) if kind.seen_by([audience])]
