"""The second wall: on PostgreSQL every row says itself who may read it (row-level security).

The first wall is the code that asks only for what is the reader's (`sync/seen.py`). Should it ever
ask for too much, the database gives no row of another area or scope, and takes none.

- A request runs as the role `fieldapp_app`, which owns nothing. What is its reader's is worked out
  by the database itself, from the grants it holds, when a transaction begins; before anybody is
  known it is nothing.
- `system(work)` lifts the wall for work that has to see across areas: merging, rebuilding, the
  access log. Its callers are listed in tests/repo/test_walls.py.
- Outside of a request it is the operator's own process (`fieldapp …`), which is such work.

    admit(user_id, role)           # from now on in this request
    with system("merge"): …
    raise_up(connection)           # after tables were made or changed; lower(connection) before
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, g, has_app_context, has_request_context
from sqlalchemy import Connection, Engine, event

from fieldapp import clock
from fieldapp.accounts import access

ROLE = "fieldapp_app"

_ME = "(SELECT current_setting('app.user', true))"
_FEEDS, _PLACES, _LENT = (
    f"(SELECT string_to_array(current_setting('app.{name}', true), ','))::text[]"
    for name in ("feeds", "places", "lent")
)
_SYSTEM = "(SELECT current_setting('app.mode', true)) = 'system'"
_ADMIN = "(SELECT current_setting('app.admin', true)) = '1'"
_OF_A_VISIT = "EXISTS (SELECT 1 FROM submission s WHERE s.id = {})"
_OF_A_RECORD = (
    f"EXISTS (SELECT 1 FROM feed_change f WHERE f.entity = {{}} AND f.feed = ANY ({_FEEDS}))"
)
_FILE_OF_A_VISIT = """EXISTS (SELECT 1 FROM submission_blob b JOIN submission s ON s.id = b.sid
    WHERE b.sha = {0}.sha AND s.user_id = {0}.user_id)"""
_LENT_RECORD = f"""EXISTS (SELECT 1 FROM entity_subject o
    WHERE o.entity = entity.id AND o.subject = ANY ({_LENT}))"""
_UNDER_IT = "EXISTS (SELECT 1 FROM {0} o WHERE o.subject = subject_key.subject)"

# By table, which rows a reader may read. Writing, and what isn't named here, is the system's alone.
# Who wrote a visit reads it as everybody does, by its place; what can't be read is of no place.
READ: dict[str, str] = {
    "submission": f"""user_id = {_ME} AND scope = '' OR scope || ':' || area = ANY ({_PLACES})
        OR state = 'quarantined' AND {_ADMIN}
        OR fieldapp_touches(id)""",
    "feed_head": f"feed = ANY ({_FEEDS})",
    "feed_change": f"feed = ANY ({_FEEDS})",
    "entity": f"{_OF_A_RECORD.format('entity.id')} OR {_LENT_RECORD}",
    "conflict": _OF_A_RECORD.format("conflict.entity"),
    "reg_write": _OF_A_VISIT.format("reg_write.sid"),
    "reg_sup": _OF_A_VISIT.format("reg_sup.by_sid"),
    "reg_secret": _OF_A_VISIT.format("reg_secret.sid"),
    "submission_subject": _OF_A_VISIT.format("submission_subject.sid"),
    "entity_subject": f"""{_OF_A_RECORD.format("entity_subject.entity")}
        OR subject = ANY ({_LENT})""",
    "mention": _OF_A_VISIT.format("mention.sid"),
    "issue": _OF_A_VISIT.format("issue.sid"),
    "submission_blob": _OF_A_VISIT.format("submission_blob.sid"),
    "aside_decision": _OF_A_VISIT.format("aside_decision.sid"),
    # A key is there for whoever may read something sealed under it, and for nobody else.
    "subject_key": f"""{_UNDER_IT.format("entity_subject")}
        OR {_UNDER_IT.format("submission_subject")}""",
    "server_key": f"coalesce({_ME}, '') <> ''",
    "file_key": _FILE_OF_A_VISIT.format("file_key"),
    "second_factor": f"user_id = {_ME}",
    "emergency_look": f"user_id = {_ME}",
    "blob": f"user_id = {_ME} OR {_FILE_OF_A_VISIT.format('blob')}",  # how far it came
    "blob_chunk": _FILE_OF_A_VISIT.format("blob_chunk"),
}
CLOSED = ("submission_variant", "entity_root", "audit", "audit_head")
PROTECTED = (*READ, *CLOSED)

# It looks past the wall for one yes or no: a policy can't ask a table whose policy asks back. The
# setting is put back by hand, as a function may name it in its head only if a superuser made it.
_FUNCTIONS = (
    f"""CREATE OR REPLACE FUNCTION fieldapp_touches(of_visit text) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    DECLARE before text := coalesce(current_setting('app.mode', true), ''); found boolean;
    BEGIN
        PERFORM set_config('app.mode', 'system', true);
        SELECT EXISTS (SELECT 1 FROM mention m JOIN feed_change f ON f.entity = m.entity
            WHERE m.sid = of_visit AND f.ver IS NOT NULL AND f.feed = ANY ({_FEEDS})) INTO found;
        PERFORM set_config('app.mode', before, true);
        RETURN found;
    END $$""",
)
_NAMES = ("fieldapp_touches(text)", "fieldapp_overseen(text)")  # the second is of old

# What is the reader's, from the grants as the database has them.
_ENTER = """
WITH RECURSIVE held(code, level, scope) AS (
    SELECT a.code, a.level, g.scope FROM user_grant g JOIN area a ON a.code = g.area
        JOIN user_account u ON u.id = g.user_id
        WHERE g.user_id = %(user)s AND u.active = 1
    UNION SELECT a.code, a.level, h.scope FROM area a JOIN held h ON a.parent = h.code
), seen(code, scope, audience, oversees) AS (
    SELECT h.code, h.scope, r.audience, r.oversees FROM held h
        JOIN unnest(%(scopes)s::text[], %(audiences)s::text[], %(oversees)s::boolean[])
            AS r(scope, audience, oversees) ON r.scope = h.scope
        WHERE h.level = 'village'
)
SELECT concat_ws(',', 'u.' || %(user)s,
        string_agg(code || '.' || audience, ',') FILTER (WHERE audience <> '')),
    coalesce(string_agg(scope || ':' || code, ',')
        FILTER (WHERE audience <> '' OR oversees), ''),
    coalesce((SELECT string_agg(l.scope || '/' || l.subject, ',') FROM emergency_look l
        WHERE %(looks)s AND l.user_id = %(user)s AND l.until > %(now)s), '')
FROM seen"""
_TELL = """SELECT set_config('app.mode', %(mode)s, true), set_config('app.user', %(user)s, true),
    set_config('app.admin', %(admin)s, true), set_config('app.feeds', %(feeds)s, true),
    set_config('app.places', %(places)s, true), set_config('app.lent', %(lent)s, true)"""
_AS_SYSTEM = "SELECT set_config('app.mode', 'system', true)"
_AS_APP = f", set_config('role', '{ROLE}', true)"
_NOBODY = dict.fromkeys(("user", "admin", "feeds", "places", "lent"), "")

_system: ContextVar[bool] = ContextVar("system", default=False)


def admit(user_id: str, role: str) -> None:
    """From the next transaction of this request on, this person reads."""
    if getattr(g, "reader", None) != (user_id, role):
        g.reader, g.reach = (user_id, role), None
        _tell_open_transaction()


@contextmanager
def system(_work: str) -> Iterator[None]:
    """Lift the wall for work that has to see across areas; say which."""
    before = _system.set(True)
    try:
        _tell_open_transaction()
        yield
    finally:
        _system.reset(before)
        _tell_open_transaction()


def init_wall(app: Flask, engine: Engine) -> None:
    """Tell PostgreSQL at the beginning of each transaction whose it is."""
    if engine.dialect.name != "postgresql":
        return

    @app.before_request
    def nobody_yet() -> None:
        g.reader = None

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        _enter(connection)


def _enter(connection: Connection) -> None:
    if not (has_request_context() and current_app.config["SETTINGS"].row_security):
        connection.exec_driver_sql(_AS_SYSTEM)
        return
    told = {**_reach(connection), "mode": "system" if _system.get() else "reader"}
    as_app = _AS_APP if _has_role(connection) else ""
    connection.exec_driver_sql(_TELL + as_app, told)


def _reach(connection: Connection) -> dict[str, str]:
    """What the reader of this request may reach; worked out once."""
    if getattr(g, "reader", None) is None:
        return _NOBODY
    if g.reach is None:
        user, role = g.reader
        admin = "1" if access.may_administer(role) else ""
        g.reach = _NOBODY | {"user": user, "admin": admin, "feeds": f"u.{user}"}
        if _reads_of_others(role):
            g.reach |= _reach_by_grants(connection, user, role)
    reach: dict[str, str] = g.reach
    return reach


def _reach_by_grants(connection: Connection, user: str, role: str) -> dict[str, str]:
    from fieldapp.db import utc_text

    looks = access.looks_in_emergencies(role)
    if looks:
        connection.exec_driver_sql(_AS_SYSTEM)  # until the reader is told: looks are rows too
    feeds, places, lent = connection.exec_driver_sql(
        _ENTER,
        {
            "user": user,
            "now": utc_text(clock.now()),
            "looks": looks,
            "scopes": list(access.SCOPES),
            "audiences": ["".join(access.audiences(role, s)) for s in access.SCOPES],
            "oversees": [access.may_oversee(role, s) for s in access.SCOPES],
        },
    ).one()
    return {"feeds": feeds, "places": places, "lent": lent}


def _reads_of_others(role: str) -> bool:
    """Whether a role reads anything but its own; the signature of a phone alone has none."""
    sees = any(access.audiences(role, s) or access.may_oversee(role, s) for s in access.SCOPES)
    return sees or access.looks_in_emergencies(role)


def _has_role(connection: Connection) -> bool:
    """Whether there is the role and this login may become it; asked once per engine."""
    known: dict[str, bool] = connection.engine.__dict__.setdefault("_fieldapp_role", {})
    if "is" not in known:
        query = f"""SELECT coalesce((SELECT pg_has_role(current_user, oid, 'MEMBER')
            FROM pg_roles WHERE rolname = '{ROLE}'), false)"""
        known["is"] = bool(connection.exec_driver_sql(query).scalar())
    return known["is"]


def _tell_open_transaction() -> None:
    """A transaction that has begun learns of the change too."""
    from fieldapp.db import db

    if not has_app_context():  # a connection of somebody's own
        return
    session: Any = db.session()
    if not session.in_transaction() or session.get_bind().dialect.name != "postgresql":
        return
    _enter(session.connection())


# ---- building it --------------------------------------------------------------------------------


def raise_up(connection: Connection) -> None:
    """Put policies on the tables, unless they stand as they should. Nothing elsewhere.

    It locks the tables for a moment, so a server that starts beside others leaves them alone.
    """
    if connection.dialect.name != "postgresql" or _stands(connection):
        return
    there = set(sa.inspect(connection).get_table_names())
    if not there.issuperset(PROTECTED):
        return
    lower(connection)
    for statement in _FUNCTIONS:
        connection.exec_driver_sql(statement)
    for table in PROTECTED:
        for statement in _policies(table):
            connection.exec_driver_sql(statement)
    _grant(connection)
    told = f"COMMENT ON FUNCTION {_NAMES[0]} IS '{_fingerprint()}'"
    connection.exec_driver_sql(told)


def _stands(connection: Connection) -> bool:
    """Whether these very policies are there, and the role may use the tables."""
    query = f"""SELECT obj_description(to_regprocedure('{_NAMES[0]}')), (SELECT
        has_table_privilege(oid, 'submission', 'SELECT') FROM pg_roles WHERE rolname = '{ROLE}')"""
    if connection.exec_driver_sql("SELECT to_regclass('submission')").scalar() is None:
        return False
    fingerprint, granted = connection.exec_driver_sql(query).one()
    return fingerprint == _fingerprint() and granted is not False


def _fingerprint() -> str:
    parts = [*_FUNCTIONS, *(part for table in PROTECTED for part in _policies(table))]
    return sha256("\n".join(parts).encode()).hexdigest()


def lower(connection: Connection) -> None:
    """Take the policies away, so that tables may be changed."""
    if connection.dialect.name != "postgresql":
        return
    for table in set(sa.inspect(connection).get_table_names()) & set(PROTECTED):
        for policy in ("a_system", "b_reader"):
            connection.exec_driver_sql(f"DROP POLICY IF EXISTS {policy} ON {table}")
        connection.exec_driver_sql(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for name in _NAMES:
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {name}")


def _policies(table: str) -> Iterator[str]:
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    yield f"CREATE POLICY a_system ON {table} USING ({_SYSTEM}) WITH CHECK ({_SYSTEM})"
    if table in READ:
        # The server asks what comes first, first: for work of its own no row is looked up.
        told = f"{_SYSTEM} OR ({READ[table]})"
        yield f"CREATE POLICY b_reader ON {table} FOR SELECT USING ({told})"


def _grant(connection: Connection) -> None:
    """Make the role, if this login may, and let it use the tables; it never owns one.

    Without the role the owner of the tables is held by the policies too, unless it is a superuser.
    """
    connection.exec_driver_sql(
        f"""DO $$ BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}') THEN
            CREATE ROLE {ROLE} NOLOGIN;
        END IF;
        IF NOT pg_has_role(current_user, '{ROLE}', 'MEMBER') THEN
            GRANT {ROLE} TO CURRENT_USER;
        END IF;
        EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
        END $$"""
    )
    query = f"SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}'"
    if connection.exec_driver_sql(query).scalar() is None:
        return
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}",
        f"REVOKE UPDATE, DELETE ON audit FROM {ROLE}",
    ):
        connection.exec_driver_sql(statement)
