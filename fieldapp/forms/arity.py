"""The supported functions and how many arguments each takes (fewest, most; None: any number)."""

ARITY: dict[str, tuple[int, int | None]] = {
    # logic
    "true": (0, 0), "false": (0, 0), "not": (1, 1), "boolean": (1, 1), "boolean-from-string": (1, 1),
    "if": (3, 3), "coalesce": (2, 2), "once": (1, 1), "checklist": (3, None), "weighted-checklist": (4, None),
    # text
    "string": (0, 1), "string-length": (0, 1), "normalize-space": (0, 1), "concat": (0, None), "join": (1, None),
    "contains": (2, 2), "starts-with": (2, 2), "ends-with": (2, 2), "substr": (2, 3), "substring": (2, 3),
    "substring-before": (2, 2), "substring-after": (2, 2), "translate": (3, 3), "regex": (2, 2),
    "uuid": (0, 1), "digest": (2, 3), "base64-decode": (1, 1),
    # numbers
    "number": (0, 1), "int": (1, 1), "round": (1, 2), "floor": (1, 1), "ceiling": (1, 1), "abs": (1, 1),
    "pow": (2, 2), "sqrt": (1, 1), "exp": (1, 1), "exp10": (1, 1), "log": (1, 1), "log10": (1, 1), "pi": (0, 0),
    "sin": (1, 1), "cos": (1, 1), "tan": (1, 1), "asin": (1, 1), "acos": (1, 1), "atan": (1, 1), "atan2": (2, 2),
    "sum": (1, 1), "min": (1, None), "max": (1, None), "random": (0, 0),
    # node-sets
    "count": (1, 1), "count-non-empty": (1, 1), "position": (0, 1), "last": (0, 0), "current": (0, 0),
    "instance": (1, 1), "indexed-repeat": (3, None), "pulldata": (4, 4),
    # choices
    "selected": (2, 2), "selected-at": (2, 2), "count-selected": (1, 1), "jr:choice-name": (2, 2),
    # dates
    "today": (0, 0), "now": (0, 0), "date": (1, 1), "date-time": (1, 1), "decimal-date-time": (1, 1),
    "decimal-time": (1, 1), "format-date": (2, 2), "format-date-time": (2, 2),
    # places
    "distance": (1, None), "area": (1, 1),
}  # fmt: skip
