"""What repeats begin with (ODK XForms, Default Values in Repeats).

A repeat within a repeat has, in a new instance of the outer one, as many instances as stand in the
outer one's template without being a template themselves. The texts of instances that stand in the
form are theirs alone: those added later have what a template holds, and nothing if there is none.
"""

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from .draft import Draft
from .xform import JR, elements, local

TEMPLATE = f"{JR}template"


def read_starts(draft: Draft) -> None:
    """Give nested repeats `inner`, where it isn't 0. Those of which only a template stands in the
    form begin with none.
    """
    _read(draft, draft.xform.primary, 0, fresh=False)


def _read(draft: Draft, element: Element, number: int, fresh: bool) -> None:
    """fresh: the element is what a new instance is made of."""
    for child, same in _by_name(draft, element, number):
        node = draft.nodes[child]
        if node["k"] != "repeat":
            _read(draft, same[0], child, fresh)
            continue
        real = [one for one in same if TEMPLATE not in one.attrib]
        if fresh and real:
            node["inner"] = len(real)
        elif not fresh and not real:
            node["begin"] = []
        elif not fresh and len(real) == len(same):
            _keep_to_themselves(draft, child, real)
        template = next((one for one in same if TEMPLATE in one.attrib), same[0])
        _read(draft, template, child, fresh=True)


def _keep_to_themselves(draft: Draft, repeat: int, instances: Sequence[Element]) -> None:
    begins = [written(one) for one in instances]
    if not any(text for begin in begins for text in begin.values()):
        return
    draft.nodes[repeat]["begin"] = begins
    for number, node in enumerate(draft.nodes):
        around = [n for n in draft.names.lineage(number) if draft.names.repeats[n]]
        if around[-1:] == [repeat] and not node["n"].startswith("@"):
            node.pop("def", None)


def written(instance: Element, above: str = "") -> dict[str, str]:
    """The texts of an instance's leaves by path, blanks too."""
    found: dict[str, str] = {}
    for tag, child in elements(instance):
        if len(child):
            found |= written(child, f"{above}{tag}/")
        else:
            found[above + tag] = (child.text or "").strip()
    return found


def _by_name(draft: Draft, element: Element, number: int) -> Iterator[tuple[int, list[Element]]]:
    """The child nodes of a node, each with its elements here."""
    found: dict[int, list[Element]] = {}
    for _, one in elements(element):
        child = draft.names.child(number, local(one.tag))
        if child is not None:
            found.setdefault(child, []).append(one)
    yield from found.items()
