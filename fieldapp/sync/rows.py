"""The rows that an applied submission adds beside its own: writes, what they replace, mentions.

Values are sealed for those whom the entity is about, all that was written to it together.
"""

import json

from . import models as m
from . import whose
from .entities import TypeView
from .merge import Dot, Value
from .plan import Plan
from .reconcile import Applied
from .store import Effect, Store
from .wire import Submitted, Touched
from .written import written_about, written_bytes

# A form marks a visit as urgent by writing a property of this name with the value 1.
URGENT = "urgent"


def kept(store: Store, write: Applied, view: TypeView) -> Value:
    """The value as it merges: of a secret its keyed hash."""
    purpose = view.secrets.get(write.r)
    if purpose is None or write.v is None:
        return write.v
    return store.keys.mac(_text(write.v), f"{view.scope}.{purpose}")


def add(
    store: Store, effect: Effect, sent: Submitted, plan: Plan, views: dict[str, TypeView]
) -> None:
    """Stage them."""
    written: dict[str, list[tuple[int, Value]]] = {}
    urgent = {w.e for w in plan.writes if w.r == URGENT and w.v == "1"}
    for w in plan.writes:
        value = kept(store, w, views[w.e])
        written.setdefault(w.e, []).append((w.i, value))
        dot, place = {"sid": sent.id, "i": w.i}, {"entity": w.e, "reg": w.r}
        effect.add(m.RegWrite, dot | place)
        if w.r in views[w.e].secrets and w.v is not None:
            secret = dot | {"mac": value}
            effect.add(m.RegSecret, secret)
            of = whose.touched(store, effect, w.e)
            effect.seal(secret, "sealed", _text(w.v).encode(), str(Dot(sent.id, w.i)), of)
        for sup in w.sup:
            by = {"dot_sid": sup.sid, "dot_i": sup.i, "by_sid": sent.id, "by_i": w.i}
            effect.add(m.RegSup, by | place)
    for touched in plan.touched:
        values = written_bytes(written.get(touched.e, ()))
        _mention(store, effect, sent, touched, int(touched.e in urgent), values)


def _mention(
    store: Store, effect: Effect, sent: Submitted, touched: Touched, urgent: int, values: bytes
) -> None:
    row = {"entity": touched.e, "sid": sent.id, "new": int(touched.new), "area": sent.area}
    effect.add(m.Mention, row := row | {"urgent": urgent})
    of = whose.touched(store, effect, touched.e)
    effect.seal(row, "sealed", values, written_about(sent.id, touched.e), of)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
