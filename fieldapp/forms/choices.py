"""Where a question's choices come from: a list of the form, of the registry or a file, or the
instances of a repeat; how they are filtered and in which order they are shown.
"""

import re
from typing import Any
from xml.etree.ElementTree import Element

from .attached import asks_position
from .draft import Draft, instances_in
from .names import walk
from .xform import Text, elements
from .xpath import Expr, XPathError, compile_xpath, with_node

SEARCH = re.compile(r"search\((.*)\)")
MATCHES = {"contains": "contains", "startswith": "starts-with", "endswith": "ends-with"}
TRUTHS = {"or", "and", "=", "!=", "<", "<=", ">", ">="}
TRUTH_FUNCTIONS = {"true", "false", "not", "boolean", "selected", "contains", "starts-with",
                   "ends-with", "regex", "boolean-from-string", "checklist"}  # fmt: skip
FILE = re.compile(r"\.(csv|xml|geojson)$")


def read_choices_of(draft: Draft, element: Element, number: int) -> None:
    """Give a select its `items`."""
    node = draft.nodes[number]
    search = SEARCH.search(node.get("ap", ""))
    itemset = next((e for tag, e in elements(element) if tag == "itemset"), None)
    if search is not None:
        node["ap"] = " ".join((node["ap"][: search.start()] + node["ap"][search.end() :]).split())
        items = _searched(draft, search[1], element, number)
    elif element.get("query"):
        items = _itemset(draft, element.get("query", ""), "name", "label", number)
    elif itemset is not None:
        parts = {tag: e.get("ref", "") for tag, e in elements(itemset)}
        value, label = parts.get("value", "name"), parts.get("label", "label")
        items = _itemset(draft, itemset.get("nodeset", ""), value, label, number)
    else:
        items = _inline(draft, element, number)
    if items:
        node["items"] = items
    if not node.get("ap", "x"):
        del node["ap"]


def _inline(draft: Draft, element: Element, number: int) -> dict[str, Any]:
    name = draft.names.path(number)
    choices = []
    for code, label in _pairs(element):
        words = draft.texts.of(label, draft.output(number))
        choice = {"v": code, "l": words or [code] * len(draft.texts.langs)}
        media = draft.media(label, number)
        choices.append(choice | ({"m": media} if media else {}))
    if not choices:
        draft.refuse(number, "choices_missing", "type")
    draft.lists[name] = choices
    return {"list": name}


def _pairs(element: Element) -> list[tuple[str, Element | None]]:
    """Value and label of each item written into the question."""
    found = []
    for item in (e for tag, e in elements(element) if tag == "item"):
        parts = dict(elements(item))
        value = parts.get("value")
        code = (value.text or "").strip() if value is not None else ""
        found.append((code, parts.get("label")))
    return found


def _itemset(
    draft: Draft, source: str, value: str, label: str, number: int
) -> dict[str, Any] | None:
    try:
        tree = compile_xpath(source, draft.names, number)
    except XPathError as error:
        draft.pass_on(number, error, "choice_filter")
        return None
    order: dict[str, Any] = {}
    if tree[:2] == ["f", "randomize"]:
        tree, order = tree[2], {"rand": tree[3] if len(tree) > 3 else True}
    draft.used |= instances_in([tree, order.get("rand")])
    items = _source(draft, tree, value, label, number)
    return {**items, **order} if items else None


def _source(draft: Draft, tree: Expr, value: str, label: str, number: int) -> dict[str, Any] | None:
    match tree:
        case ["path", ["inst", str(name)], ["child", "item", *preds]]:
            items = _list(draft, name, value, label)
            if len(preds) > 1 and any(map(_may_be_place, preds)):
                draft.refuse(number, "filter_places", "choice_filter")
                return None
            for pred in preds:
                items["where"] = ["op", "and", items["where"], pred] if "where" in items else pred
            return items
        case ["r", int(node)] | ["r", int(node), _] | ["path", ["r", int(node), *_], *_]:
            if _chosen_from(draft, node, tree, value) and _chosen_from(draft, node, tree, label):
                return {"from": tree, "value": value, "label": label}
    draft.refuse(number, "choices_unknown", "type")
    return None


def _may_be_place(pred: Expr) -> bool:
    """Whether a predicate may select by position, which among others depends on their order."""
    truth = {"op": TRUTHS, "f": TRUTH_FUNCTIONS}.get(pred[0], ())
    return asks_position(pred) or (pred[0] not in ("path", "r") and pred[1] not in truth)


def _list(draft: Draft, name: str, value: str, label: str) -> dict[str, Any]:
    instance = draft.xform.instances.get(name)
    if instance is not None and instance.get("src"):
        return {"inst": name, "value": value, "label": label}
    draft.item_refs.setdefault(name, (value, "label" if label.startswith("jr:itext") else label))
    return {"list": name}


def _chosen_from(draft: Draft, node: int, tree: Expr, name: str) -> bool:
    """Whether a path leads to instances of a repeat (or groups in one) with a question `name`."""
    ends = {node}
    for axis, step, *_ in tree[2:] if tree[0] == "path" else []:
        ends = {n for end in ends for n in walk(draft.names, end, axis, step)}
    return any(
        draft.names.depth(end) > 0 and (name == "." or draft.names.child(end, name) is not None)
        for end in ends
    )


# ---- search() ----


def _searched(draft: Draft, arguments: str, element: Element, number: int) -> dict[str, Any] | None:
    """`search('file', 'contains', 'column', ${x}, 'filter column', ${y})`; the question's one
    choice names the columns of value and label.
    """
    try:
        _, _, *trees = compile_xpath(f"concat({arguments})", draft.names, number)
        name, where = _search_terms(trees)
    except XPathError as error:
        draft.pass_on(number, error, "appearance")
        return None
    code, labels = _columns(draft, element)
    if len(labels) > 1:
        draft.refuse(number, "search_languages", "appearance", columns=", ".join(labels))
        return None
    columns = (code, *(labels or [code]))
    if not all(re.fullmatch(r"[^\s,]+", column) for column in columns):
        draft.refuse(number, "search_columns", "appearance")
        return None
    draft.used |= {name, *instances_in(where)}
    items = _list(draft, name, *columns)
    if "list" in items and name not in draft.xform.instances:
        items = {"inst": name, "value": columns[0], "label": columns[1]}
    return {**items, "where": where} if where else items


def _columns(draft: Draft, element: Element) -> tuple[str, list[str]]:
    """The columns of value and label that a search's one choice names, the latter in each of its
    languages; blank if it isn't one choice.
    """
    pairs = _pairs(element)
    if len(pairs) != 1:
        code, words = _choice_of_list(draft, element)
    else:
        code, words = pairs[0][0], draft.texts.of(pairs[0][1], draft.output(0))
    return code, [*dict.fromkeys(word for word in words if isinstance(word, str))]


def _choice_of_list(draft: Draft, element: Element) -> tuple[str, list[Text]]:
    """Code and words where pyxform made a list of the choice."""
    itemset = next((e for tag, e in elements(element) if tag == "itemset"), None)
    found = re.search(
        r"instance\('([^']+)'\)", itemset.get("nodeset", "") if itemset is not None else ""
    )
    instance = draft.xform.instances.get(found[1]) if found else None
    if found is None or instance is None or len(instance) == 0 or len(instance[0]) != 1:
        return "", []
    cells = dict(elements(instance[0][0]))
    words = (
        draft.texts.by_id((cells["itextId"].text or "").strip(), draft.output(0))
        if "itextId" in cells
        else draft.texts.of(cells.get("label"), draft.output(0))
    )
    name = cells.get("name")
    return (name.text or "").strip() if name is not None else "", words


def _search_terms(trees: list[Expr]) -> tuple[str, Expr | None]:
    """The list's name and what its items must satisfy."""
    if len(trees) not in (1, 4, 6):
        raise XPathError("search_terms")
    name = FILE.sub("", _text(trees[0]))
    where: Expr | None = None
    if len(trees) > 3:
        columns = [column.strip() for column in _text(trees[2]).split(",")]
        where = _any([_match(_text(trees[1]), column, with_node(trees[3])) for column in columns])
    if len(trees) > 5:
        only = ["op", "=", _column(_text(trees[4])), with_node(trees[5])]
        where = ["op", "and", where, only]
    return name, where


def _text(tree: Expr) -> str:
    if tree[0] != "s":
        raise XPathError("xpath_quotes", where="search()")
    return str(tree[1])


def _column(name: str) -> Expr:
    return ["path", ["ctx"], ["child", name]]


def _match(how: str, column: str, value: Expr) -> Expr:
    if how == "matches":
        return ["op", "=", _column(column), value]
    if how not in MATCHES:
        raise XPathError("search_how", how=how)
    return ["f", MATCHES[how], _column(column), value]


def _any(terms: list[Expr]) -> Expr:
    found = terms[0]
    for term in terms[1:]:
        found = ["op", "or", found, term]
    return found
