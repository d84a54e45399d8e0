"""With how many instances a repeat within a repeat begins."""

from typing import Any

import pytest

from .forms import node, xform

BODY = '<group ref="/data/r"><repeat nodeset="/data/r">{inner}</repeat></group>'
INNER = '<group ref="/data/r/s"><repeat nodeset="/data/r/s"/></group>'


def repeat(data: str, name: str = "r") -> dict[str, Any]:
    return node(xform(data, body=BODY.format(inner=INNER)), name)


@pytest.mark.parametrize(
    ("data", "inner"),
    [
        ('<r jr:template=""><s jr:template=""><x/></s></r><r><s><x/></s></r>', 0),
        ('<r jr:template=""><s><x/></s></r><r><s><x/></s></r>', 1),
        ("<r><s><x/></s></r>", 1),
    ],
)
def test_a_new_instance_begins_with_what_its_template_holds(data: str, inner: int) -> None:
    assert repeat(data, "s").get("inner", 0) == inner
