"""Keys in the database, wrapped; what was captured is sealed wherever it lies.

The keys made of the server's secret so far are taken over, so that all that is sealed opens and
keyed hashes stay equal. Facts are sealed under the log key here; `fieldapp run` (or `fieldapp keys
adopt`) then seals everything under the keys of those it is about.

Revision ID: 0009
Revises: 0008
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from flask import current_app

from fieldapp.subjects import sealing

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PAGE = 500
TEXT, BYTES = sa.String(), sa.LargeBinary()
SERVER_KEY = sa.table("server_key", sa.column("name"), sa.column("wrapped", BYTES))
ENTITY = sa.table("entity", sa.column("id"), sa.column("state"), sa.column("sealed", BYTES))
MENTION = sa.table(
    "mention",
    sa.column("entity"),
    sa.column("sid"),
    sa.column("urgent"),
    sa.column("sealed", BYTES),
)
WRITE = sa.table(
    "reg_write",
    *(sa.column(name) for name in ("sid", "i", "entity", "reg", "value")),
)
SECRET = sa.table("reg_secret", sa.column("sid"), sa.column("i"), sa.column("mac"))
DECISION = sa.table(
    "aside_decision", sa.column("id"), sa.column("reason"), sa.column("body", BYTES)
)


def upgrade() -> None:
    """Apply."""
    _tables()
    log = _take_over()
    op.add_column("submission", sa.Column("was", TEXT, nullable=True))
    op.add_column("entity", sa.Column("sealed", BYTES, nullable=True))
    op.add_column("mention", sa.Column("urgent", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("mention", sa.Column("sealed", BYTES, nullable=False, server_default=""))
    op.add_column("reg_secret", sa.Column("mac", TEXT, nullable=False, server_default=""))
    _seal(log)
    with op.batch_alter_table("entity") as table:
        table.drop_column("state")
        table.alter_column("sealed", new_column_name="state", existing_type=BYTES, nullable=False)
    with op.batch_alter_table("mention") as table:
        table.alter_column("urgent", server_default=None)
        table.alter_column("sealed", server_default=None)
    with op.batch_alter_table("reg_secret") as table:
        table.alter_column("mac", server_default=None)
        table.create_index("ix_reg_secret_mac", ["mac"])
    with op.batch_alter_table("reg_write") as table:
        table.drop_column("value")
    with op.batch_alter_table("aside_decision") as table:
        table.drop_column("reason")
        table.alter_column("body", existing_type=BYTES, nullable=False)


def downgrade() -> None:
    """Open all that is sealed. What was erased stays so."""
    keys = _Opener(op.get_bind())
    op.add_column("reg_write", sa.Column("value", TEXT, nullable=False, server_default="null"))
    op.add_column("aside_decision", sa.Column("reason", TEXT, nullable=False, server_default=""))
    with op.batch_alter_table("aside_decision") as table:
        table.alter_column("body", existing_type=BYTES, nullable=True)
    with op.batch_alter_table("entity") as table:
        table.alter_column("state", new_column_name="sealed", existing_type=BYTES, nullable=True)
    with op.batch_alter_table("entity") as table:
        table.add_column(sa.Column("state", TEXT, nullable=False, server_default="{}"))
    _open(keys)
    for name, column in (("entity", "state"), ("reg_write", "value"), ("aside_decision", "reason")):
        with op.batch_alter_table(name) as table:
            table.alter_column(column, server_default=None)
    with op.batch_alter_table("reg_secret") as table:
        table.drop_index("ix_reg_secret_mac")
        table.drop_column("mac")
    for name, columns in (("entity", ["sealed"]), ("mention", ["sealed", "urgent"]),
                          ("submission", ["was"])):  # fmt: skip
        with op.batch_alter_table(name) as table:
            for column in columns:
                table.drop_column(column)
    for name in ("file_key", "entity_subject", "submission_subject", "subject_key", "server_key"):
        op.drop_table(name)


def _tables() -> None:
    _table("server_key", {"name": TEXT}, wrapped=BYTES)
    _table("subject_key", {"subject": TEXT}, kid=TEXT, wrapped=None, made=TEXT, destroyed=None)
    _table("file_key", {"user_id": TEXT, "sha": TEXT}, sealed=BYTES)
    for name, of in (("submission_subject", "sid"), ("entity_subject", "entity")):
        _table(name, {of: TEXT, "subject": TEXT})
        op.create_index(f"ix_{name}_subject", name, ["subject"])


def _table(name: str, key: dict[str, Any], **columns: Any) -> None:
    optional: dict[str, Any] = {"wrapped": BYTES, "destroyed": TEXT}
    more: list[Any] = [
        sa.Column(column, kind or optional[column], nullable=kind is None)
        for column, kind in columns.items()
    ]
    if "kid" in columns:
        more.append(sa.UniqueConstraint("kid", name=f"uq_{name}_kid"))
    op.create_table(
        name,
        *(sa.Column(column, kind, nullable=False) for column, kind in key.items()),
        *more,
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
    )


def _take_over() -> bytes:
    """Keep the keys that were made of the secret, or make some if nothing is sealed; the log's."""
    secret = current_app.config["SETTINGS"].secret
    wrapper, keys = sealing.wrapper_for(secret), {}
    used = any(
        op.get_bind().execute(sa.select(sa.table(name, sa.column(key)).c[key]).limit(1)).first()
        for name, key in (("submission", "id"), ("entity", "id"), ("blob", "sha"))
    )
    for name in ("log", "mac"):
        old = sealing.derived(secret, f"fieldapp/{name}/1")
        keys[name] = old if used else sealing.new_key()
    rows = [
        {"name": name, "wrapped": wrapper.wrap(key, f"server/{name}")} for name, key in keys.items()
    ]
    op.get_bind().execute(sa.insert(SERVER_KEY), rows)
    return keys["log"]


def _seal(log: bytes) -> None:
    bind, cipher, kid = op.get_bind(), sealing.cipher(log), sealing.kid_of(log)

    def seal(plain: bytes, about: str, pack: bool = True) -> bytes:
        head = sealing.head_about_nobody(kid, pack and sealing.is_long(plain))
        return sealing.seal(cipher, head, plain, about)

    for rows in _pages(sa.select(ENTITY.c.id, ENTITY.c.state), ENTITY.c.id):
        _update(ENTITY, ("id",), [
            {"id": row.id, "sealed": seal(row.state.encode(), f"entity/{row.id}", pack=False)}
            for row in rows
        ])  # fmt: skip
    for sid, rows in _by_submission(sa.select(MENTION.c.sid, MENTION.c.entity), MENTION.c.sid):
        written = bind.execute(
            sa.select(WRITE.c.i, WRITE.c.entity, WRITE.c.reg, WRITE.c.value)
            .where(WRITE.c.sid == sid)
            .order_by(WRITE.c.i)
        ).all()
        _update(MENTION, ("sid", "entity"), [
            {"sid": sid, "entity": row.entity}
            | _written(seal, sid, row.entity, [w for w in written if w.entity == row.entity])
            for row in rows
        ])  # fmt: skip
        macs = {w.i: json.loads(w.value) or "" for w in written}
        mine = bind.execute(sa.select(SECRET.c.i).where(SECRET.c.sid == sid)).all()
        secrets = [{"sid": sid, "i": row.i, "mac": macs.get(row.i, "")} for row in mine]
        _update(SECRET, ("sid", "i"), secrets)
    old = bind.execute(sa.select(DECISION.c.id, DECISION.c.reason, DECISION.c.body)).all()
    for row in old:
        text = _opened(cipher, row.body, row.id).decode() if row.body else None
        said = json.dumps({"reason": row.reason, "text": text}, ensure_ascii=False)
        _update(DECISION, ("id",), [{"id": row.id, "body": seal(said.encode(), row.id)}])


def _written(
    seal: Callable[[bytes, str], bytes], sid: str, entity: str, writes: list[Any]
) -> dict[str, Any]:
    values = [[w.i, json.loads(w.value)] for w in writes]
    plain = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    urgent = any(w.reg == "urgent" and w.value == '"1"' for w in writes)
    return {"urgent": int(urgent), "sealed": seal(plain, f"{sid}/{entity}")}


def _open(keys: "_Opener") -> None:
    bind = op.get_bind()
    for rows in _pages(sa.select(ENTITY.c.id, ENTITY.c.sealed), ENTITY.c.id):
        _update(ENTITY, ("id",), [
            {"id": row.id, "state": keys.open(row.sealed, f"entity/{row.id}") or "{}"}
            for row in rows
        ])  # fmt: skip
    mentions = sa.select(MENTION.c.sid, MENTION.c.entity, MENTION.c.sealed)
    for sid, rows in _by_submission(mentions, MENTION.c.sid):
        values = [
            {"sid": sid, "i": i, "value": json.dumps(value, ensure_ascii=False)}
            for row in rows
            for i, value in json.loads(keys.open(row.sealed, f"{sid}/{row.entity}") or "[]")
        ]
        _update(WRITE, ("sid", "i"), values)
    for row in bind.execute(sa.select(DECISION.c.id, DECISION.c.body)).all():
        said = json.loads(keys.open(row.body, row.id) or "{}")
        text = said.get("text")
        body = keys.under_log(text.encode(), row.id) if text else None
        _update(DECISION, ("id",), [{"id": row.id, "reason": said.get("reason", ""), "body": body}])


class _Opener:
    """Opens what is sealed under any key that is here."""

    def __init__(self, bind: sa.Connection) -> None:
        self._bind = bind
        self._wrapper = sealing.wrapper_for(current_app.config["SETTINGS"].secret)
        rows = bind.execute(sa.select(SERVER_KEY.c.name, SERVER_KEY.c.wrapped))
        self._log = {n: self._wrapper.unwrap(w, f"server/{n}") for n, w in rows}["log"]

    def open(self, sealed: bytes, about: str) -> str | None:
        """The text; None if it can't be opened any more."""
        try:
            head, kids, about_subjects = sealing.read_head(sealed)
            key = self._together(kids) if about_subjects else self._log
            return sealing.unseal(sealing.cipher(key), head, sealed, about).decode()
        except sealing.SealBrokenError:
            return None

    def under_log(self, plain: bytes, about: str) -> bytes:
        """Sealed under the log key."""
        head = sealing.head_about_nobody(sealing.kid_of(self._log), sealing.is_long(plain))
        return sealing.seal(sealing.cipher(self._log), head, plain, about)

    def _together(self, kids: tuple[bytes, ...]) -> bytes:
        found = []
        for kid in kids:
            query = sa.text("SELECT subject, wrapped FROM subject_key WHERE kid = :kid")
            row = self._bind.execute(query, {"kid": kid.hex()}).first()
            if row is None or row.wrapped is None:
                raise sealing.ErasedError("the key was destroyed")
            found.append(self._wrapper.unwrap(bytes(row.wrapped), f"subject/{row.subject}"))
        return sealing.combined(found)


def _opened(cipher: Any, sealed: bytes, about: str) -> bytes:
    head, _, _ = sealing.read_head(sealed)
    return sealing.unseal(cipher, head, sealed, about)


def _pages(query: Any, key: Any) -> Iterator[list[Any]]:
    """Rows in order of their key, some at a time."""
    bind, after = op.get_bind(), ""
    while rows := bind.execute(query.where(key > after).order_by(key).limit(PAGE)).all():
        yield list(rows)
        after = rows[-1][0]


def _by_submission(query: Any, sid: Any) -> Iterator[tuple[str, list[Any]]]:
    """Rows by submission."""
    bind, after = op.get_bind(), ""
    while (first := bind.scalar(sa.select(sa.func.min(sid)).where(sid > after))) is not None:
        yield first, list(bind.execute(query.where(sid == first)).all())
        after = first


def _update(table: Any, keys: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Change rows; the columns of `keys` say which."""
    if not rows:
        return
    which = sa.and_(*(table.c[key] == sa.bindparam(f"of_{key}") for key in keys))
    values: dict[str, Any] = {
        name: sa.bindparam(f"to_{name}") for name in rows[0] if name not in keys
    }
    told = [
        {f"of_{k}" if k in keys else f"to_{k}": value for k, value in row.items()} for row in rows
    ]
    op.get_bind().execute(sa.update(table).where(which).values(**values), told)
