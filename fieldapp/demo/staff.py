"""Who works in the made-up district. Every account has the same password, printed at start."""

from dataclasses import dataclass
from functools import cache

from fieldapp.accounts import access, users
from fieldapp.accounts.access import Grant
from fieldapp.accounts.passwords import hash_password
from fieldapp.accounts.training import Trained

from .places import DISTRICT, LIUHE, LIULIN, NANSHAN, SHIQIAO, VILLAGES

PASSWORD = "xunfang-2026"
ADMIN_ID = "7d1c1f9e-3c0a-4b52-9a53-5b7d4f1f0a11"
TRAINED = Trained("2026-03-12", ADMIN_ID)  # of every worker: health and housing, kept apart


@dataclass(frozen=True)
class Member:
    """An account of the demo. areas: granted in each of `scopes`."""

    username: str
    name: str
    role: str
    areas: tuple[str, ...]
    scopes: tuple[str, ...]

    @property
    def grants(self) -> list[Grant]:
        """Every area in every scope."""
        return [Grant(area, scope) for area in self.areas for scope in self.scopes]


BOTH, HEALTH, HOUSING = ("health", "housing"), ("health",), ("housing",)
# Workers and the villages they go round; wang and li share 柳林村.
ROUNDS: dict[str, tuple[str, ...]] = {
    "wang": (LIULIN,),
    "li": (LIULIN, SHIQIAO),
    "he": VILLAGES[:2],
    "gao": VILLAGES[4:6],
    "sun": VILLAGES[6:9],
    "luo": VILLAGES[9:],
}
WORKERS = {"wang": "王芳", "li": "李娜", "he": "何平", "gao": "高洁", "sun": "孙丽", "luo": "罗兰"}
STAFF: tuple[Member, ...] = (
    *(Member(key, name, "worker", ROUNDS[key], BOTH) for key, name in WORKERS.items()),
    Member("chen", "陈静", "nurse", (LIUHE,), HEALTH),
    Member("dong", "董慧", "nurse", (NANSHAN,), HEALTH),
    Member("lin", "林燕", "nurse", (DISTRICT,), HEALTH),
    Member("zhao", "赵强", "area", (LIUHE,), HOUSING),
    Member("ma", "马军", "area", (NANSHAN,), HOUSING),
    Member("wu", "吴刚", "grid", (LIULIN,), HOUSING),
    Member("zhou", "周敏", "assistant", (LIULIN, SHIQIAO), HOUSING),
    Member("qian", "钱勇", "head", (LIULIN,), HOUSING),
    Member("zheng", "郑伟", "town", (LIUHE,), BOTH),
    Member("feng", "冯梅", "district", (DISTRICT,), BOTH),
    Member("shen", "沈洁", "steward", (DISTRICT,), BOTH),
    Member("admin", "系统管理员", "admin", (), ()),
)


def worker_of(village: str) -> str:
    """The worker whose round a village is."""
    return next(key for key, villages in ROUNDS.items() if village in villages)


def nurse_of(village: str) -> str:
    """The nurse of a village's town."""
    return "chen" if village.startswith(LIUHE[:9]) else "dong"


@cache
def hashed() -> str:
    """The hash of the one password that all demo accounts share; making it takes its time."""
    return hash_password(PASSWORD)


def open_account(username: str, user_id: str) -> None:
    """Open a member's account under that id. Not committed."""
    member = next(m for m in STAFF if m.username == username)
    users.add_user(
        username, member.name, member.role, PASSWORD, member.grants, user_id=user_id,
        hashed=hashed(), trained=TRAINED if access.needs_training(member.role) else None,
    )  # fmt: skip
