"""Writes docs/xlsform-support.md: all that support.py, xlsform.py and arity.py say."""

from collections.abc import Iterable, Iterator, Mapping

from .arity import KINDS
from .support import (
    APPEARANCE_PATTERNS,
    APPEARANCES,
    ATTRIBUTES,
    BIND,
    DATA_TYPES,
    EVENTS,
    INSIDE,
    MODEL,
    NOT_KEPT,
    REFUSED_FUNCTIONS,
    SETTINGS,
    Entry,
    How,
)
from .xlsform import (
    CHOICES_COLUMNS,
    ENTITIES_COLUMNS,
    PARAMETERS_OF,
    QUESTION_TYPES,
    SURVEY_COLUMNS,
)
from .xpath import AXES, OPERATORS

HEAD = """# What of XLSForm is supported

Written by `fieldapp forms support > docs/xlsform-support.md` from the tables by which the compiler
decides; a test fails when it is out of date.

**✓** taken as ODK means it · **≈** taken, with the difference told · **–** passed over without
harm, and why · **✗** refused when the form is published, with sheet, row and what to do.

发布表单时，凡标 ✗ 的内容都会被拒绝，并说明在哪个表、哪一行、该怎么改；标 – 的内容不影响填写，
直接略过。
"""
SIGNS = {How.TAKEN: "✓", How.OTHERWISE: "≈", How.PASSED: "–", How.REFUSED: "✗"}
ORDER = [How.TAKEN, How.OTHERWISE, How.PASSED, How.REFUSED]


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([HEAD, *_sections()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    yield from _section("Question types", QUESTION_TYPES)
    yield from _section("Columns of the survey sheet", SURVEY_COLUMNS, SURVEY_NOTE)
    yield from _section("Columns of the choices sheet", CHOICES_COLUMNS)
    yield from _section("Columns of the settings sheet", SETTINGS, SETTINGS_NOTE)
    yield from _section("Columns of the entities sheet", ENTITIES_COLUMNS, ENTITIES_NOTE)
    yield from _section("Parameters", PARAMETERS_OF)
    patterns = {name: entry for _, name, entry in APPEARANCE_PATTERNS}
    yield from _section("Appearances", {**APPEARANCES, "search(…)": Entry(How.TAKEN), **patterns})
    yield from _functions()
    yield _language()
    yield from _section("Attributes of a bind (XForms)", BIND, BIND_NOTE)
    yield from _section("Attributes in the body (XForms)", ATTRIBUTES)
    yield from _section("Elements of the model and of controls (XForms)", {**MODEL, **INSIDE})


SURVEY_NOTE = """Texts may carry a language (`label::中文(zh)`); where one lacks it, the first
language that has the text speaks. Labels, hints and messages may hold `${question}` and the
Markdown of ODK: `**bold**`, `_italic_`, `# heading`, `[link](https://…)`; HTML in them is left out.
A heading that looks like a misspelt column is refused; any other is the author's own note."""
SETTINGS_NOTE = """Without `version` the form's version is made of its content. `form_title` may
hold a title per language: `访视 / Visit`."""
ENTITIES_NOTE = """One row per list, in repeats too. ODK's `baseVersion`, `trunkVersion` and
`branchId` are left out: changes are merged field by field. Lists and `save_to` properties must be
described in a program."""
BIND_NOTE = "Attributes in a namespace that isn't ODK's are notes to other programs."


def _section(title: str, table: Mapping[str, Entry], note: str = "") -> Iterator[str]:
    yield f"## {title}\n"
    if note:
        yield f"{note}\n"
    yield "| | | |\n|---|---|---|"
    for how in ORDER:
        for entry in dict.fromkeys(e for e in table.values() if e.how is how):
            names = _codes(name for name, e in table.items() if e == entry)
            yield f"| {SIGNS[how]} | {names} | {_note(entry)} |"
    yield ""


def _note(entry: Entry) -> str:
    zh, en = entry.note
    if entry.how is not How.REFUSED:
        return en
    return f"{en}. {entry.remedy[1]}.<br>{zh}。{entry.remedy[0]}。"


def _functions() -> Iterator[str]:
    yield "## Functions\n\n| | | |\n|---|---|---|"
    for kind, names in KINDS.items():
        yield f"| ✓ {kind} | {_codes(names)} | |"
    for entry in dict.fromkeys(REFUSED_FUNCTIONS.values()):
        refused = _codes(name for name, e in REFUSED_FUNCTIONS.items() if e == entry)
        yield f"| ✗ | {refused} | {_note(entry)} |"
    yield f"| ✗ | `${{last-saved#question}}` | {_note(NOT_KEPT)} |\n"


def _language() -> str:
    return f"""## Expressions

- Operators {_codes(sorted(OPERATORS))} and unary minus
- Axes {_codes(sorted(AXES))}, predicates anywhere; `null` is a blank
- Events of `setvalue`: {_codes(EVENTS)}
- Data types of XForms: {_codes(DATA_TYPES)}

What differs from ODK's own engine is told in [the compiled form](form-definition.md).
"""


def _codes(names: Iterable[str]) -> str:
    return " ".join(f"`{name}`" for name in names)
