"""What an XForm says about how a control works: the parameters column of an XLSForm."""

from typing import Any
from xml.etree.ElementTree import Element

from .xform import local

# Attribute of a bind or control → the name its author knows it by.
PARAMETERS = {
    "max-pixels": "max-pixels",
    "quality": "quality",
    "accuracyThreshold": "capture-accuracy",
    "unacceptableAccuracyThreshold": "warning-accuracy",
    "allow-mock-accuracy": "allow-mock-accuracy",
    "rows": "rows",
}


def read_parameters(node: dict[str, Any], element: Element) -> None:
    """Put the parameters of a bind or control into the node's `par`: numbers where they are."""
    for attribute, value in element.attrib.items():
        name = PARAMETERS.get(local(attribute))
        if name is not None:
            node.setdefault("par", {})[name] = _plain(value)


def _plain(value: str) -> float | int | str:
    try:
        number = float(value)
    except ValueError:
        return value
    return int(number) if number.is_integer() else number
