"""The two walls stand: nobody reads past the query builder, few lift the wall of rows.

What is forbidden here is not a matter of care: a module that selects from the tables of records by
itself, or lifts the wall of rows, is named below with its reason, or this fails.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from fieldapp.accounts import access
from fieldapp.programs.service import load_programs

ROOT = Path(__file__).parents[2] / "fieldapp"
TABLES = ("fieldapp.sync.models", "fieldapp.sync", "fieldapp.attachments.models",
          "fieldapp.audit.models", "fieldapp.subjects.models")  # fmt: skip
SELECTING = {"select", "get", "query", "text", "exec_driver_sql", "get_one"}
# Who selects from records, and why that is not a reader's doing.
READS = {
    "sync/": "sync itself: merging, feeds, rebuilding; `seen` is the query builder, `log` its user",
    "attachments/": "chunks of one's own, and of visits that the desk was let into",
    "backup/": "whole databases, by their operator",
    "audit/": "the access log itself",
    "subjects/": "keys, by the id that sealed bytes name",
    "consent/": "what consent stands, when a visit is taken in",
    "demo/": "a made-up district, by its operator",
    "outbox/": "a saved outbox, by its operator",
    "rights/": "everything about one person, at that person's wish, for the steward",
    "migrations/": "tables, by their operator",
}
# Who lifts the wall of rows, and for what.
LIFTS = {
    "wall.py": "defines it",
    "sync/transactions.py": "every write; `surveying`, for whoever names the work",
    "sync/service.py": "what waits for a consent, whoever brings it",
    "sync/emergency.py": "the same, of what was taken in to save a life",
    "sync/overdue.py": "the same, of health data that was kept aside for another reason",
    "sync/feed.py": "what became of one's own visits, in villages that were taken too",
    "sync/log.py": "numbers of a phone, that gaps in one scope aren't taken for loss in another",
    "sync/census.py": "counts of forms",
    "review/phones.py": "numbers of a phone, for administrators",
    "review/numbering.py": "which scopes a phone was used in, to tell its numbers to nobody else",
    "review/decisions.py": "what a decision replaces",
    "audit/service.py": "access log",
    "audit/desk.py": "access log: kinds of records by their ids, and every row to check a chain",
    "accounts/sessions.py": "access log",
    "accounts/routes.py": "access log",
    "accounts/factor.py": "second factor, before anybody is known",
    "accounts/factor_routes.py": "access log",
    "accounts/training_routes.py": "access log",
    "rights/": "everything about one person",
    "glass/": "whom a nurse names exactly, and looks to be judged; the record she reads as herself",
    "consent/": "visits that wait for consent",
    "subjects/": "keys",
    "backup/": "the whole database",
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Every module of the product."""
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def imports(tree: ast.Module, package: str) -> set[str]:
    """Full names of what a module imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(filter(None, [package, base]))
            found |= {f"{base}.{name.name}" for name in node.names} | {base}
    return found


def knows_records(name: str, tree: ast.Module) -> bool:
    """Whether a module can name the tables of records."""
    package = ".".join(["fieldapp", *name.split("/")[:-1]])
    named = imports(tree, package)
    return any(table in named for table in TABLES if table != "fieldapp.sync") or (
        "fieldapp.sync.models" in {f"{one}" for one in named}
    )


def calls(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(what it is called on, name) of every call."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func.value), node.func.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield "", node.func.id


def allowed(name: str, table: dict[str, str]) -> bool:
    """Whether a list names a module or its folder."""
    return any(name == one or (one.endswith("/") and name.startswith(one)) for one in table)


def test_records_are_read_through_the_query_builder_alone() -> None:
    found = [
        f"{name}: {on}.{call}"
        for name, tree in modules()
        if knows_records(name, tree) and not allowed(name, READS)
        for on, call in calls(tree)
        if call in SELECTING and on in ("", "sa", "db.session", "session", "tx", "connection")
    ]
    assert found == [], "begin with a query of fieldapp.sync.seen"


def test_the_check_above_sees_a_select() -> None:
    lines = ("import sqlalchemy as sa", "from fieldapp.sync import models as m", "sa.select(m.X)")
    tree = ast.parse("\n".join(lines))
    assert knows_records("review/new.py", tree)
    assert ("sa", "select") in set(calls(tree))
    assert not allowed("review/new.py", READS)
    assert not allowed("registry/service.py", READS)


def test_the_wall_of_rows_is_lifted_where_it_says_and_nowhere_else() -> None:
    found = {
        name
        for name, tree in modules()
        for on, call in calls(tree)
        if (on, call) == ("wall", "system") or call == "surveying"
    }
    assert {name for name in found if not allowed(name, LIFTS)} == set()
    assert "sync/transactions.py" in found


def test_no_module_decides_by_the_name_of_a_role() -> None:
    """Roles are named in the table; elsewhere only in words for people and in what is seeded."""
    roles = set(access.ROLES) - {"area", "head", "admin", "town", "district"}  # words of their own
    told = {"accounts/access.py", "accounts/commands.py"}
    found = [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name, tree in modules()
        if name not in told and not name.startswith(("demo/", "migrations/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(one, ast.Constant) and one.value in roles for one in ast.walk(node))
    ]
    assert found == []


def test_every_property_belongs_to_a_row_of_the_matrix_that_lets_its_readers_read() -> None:
    for kind in load_programs().types():
        for prop in kind.props.values():
            assert prop.data in access.data_groups(kind.scope)
            for role in access.ROLES:
                reads = set(access.audiences(role, kind.scope)) & set(prop.audience)
                assert not reads or "R" in access.may(role, prop.data), (kind.name, prop.name, role)


def test_the_manual_shows_the_matrix_as_it_is() -> None:
    matrix = (ROOT / "accounts/matrix.md").read_text("utf-8")
    table = "\n".join(line for line in matrix.splitlines() if line.startswith("|"))
    assert table in (ROOT.parent / "docs/security.md").read_text("utf-8")


def test_no_html_is_made_of_strings() -> None:
    """Neither page nor server puts a text into HTML or runs one."""
    forbidden = ("innerHTML", "outerHTML", "v-html", "insertAdjacentHTML", "document.write",
                 "eval(", "new Function(", "srcdoc")  # fmt: skip
    source = ROOT.parent / "frontend/src"
    found = [
        f"{path.name}: {word}"
        for path in [*source.rglob("*.ts"), *source.rglob("*.vue")]
        if not path.name.endswith(".test.ts")
        for word in forbidden
        for line in path.read_text("utf-8").splitlines()
        if word in line and not line.strip().startswith(("*", "//"))
    ]
    assert found == []
