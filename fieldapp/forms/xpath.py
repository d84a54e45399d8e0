"""Turns XPath 1.0 with ODK's functions into the JSON expression of docs/form-definition.md.

It knows the names and places of a form's nodes (`Names`) and nothing of their values. References
are resolved here, once, so that neither evaluator parses paths. `elementpath` does the parsing;
this module walks its token tree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, cast

from elementpath import ElementPathError, XPathToken
from elementpath.tdop import Parser
from elementpath.xpath1 import XPath1Parser
from elementpath.xpath_tokens import XPathFunction

from .arity import ARITY
from .names import Names, walk
from .problems import RefusedError
from .support import NOT_KEPT, REFUSED_FUNCTIONS

Expr: TypeAlias = list[Any]
JAVAROSA = "http://openrosa.org/javarosa"
AXES = {
    "child",
    "parent",
    "self",
    "attribute",
    "descendant",
    "ancestor",
    "following-sibling",
    "preceding-sibling",
}
OPERATORS = {"or", "and", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "div", "mod", "|"}


class XPathError(RefusedError):
    """An expression that can't be compiled: a code `xpath_…` of REFUSALS; its text is English."""


class OdkParser(XPath1Parser):
    """elementpath's XPath 1.0 with ODK's functions, which it accepts without knowing what they
    mean.
    """

    DEFAULT_NAMESPACES = {**XPath1Parser.DEFAULT_NAMESPACES, "jr": JAVAROSA}
    PATH_STEP_LABELS = ("axis", "function", "kind test")
    PATH_STEP_SYMBOLS = XPath1Parser.PATH_STEP_SYMBOLS | {"("}
    # ODK's functions replace those of the same name: `round` takes two arguments.
    symbol_table = {
        name: token
        for name, token in XPath1Parser.symbol_table.items()
        if not (
            isinstance(token, type)
            and issubclass(token, XPathFunction)
            and token.label == "function"
        )
    }

    def parse(self, source: str) -> XPathToken:
        """The token tree, without elementpath's evaluation of constants: it doesn't know our
        functions.
        """
        if self.tokenizer is None:
            self.tokenizer = self.create_tokenizer(self.symbol_table)
        return Parser.parse(self, source)


def _register_functions() -> None:
    for name in ARITY:
        prefix, _, local = name.rpartition(":")
        options: dict[str, Any] = {"namespace": JAVAROSA} if prefix else {}
        OdkParser.register(
            local,
            bases=(XPathFunction,),
            label="function",
            nargs=(0, None),
            lbp=90,
            rbp=90,
            **options,
        )


_register_functions()


def _register_comparisons() -> None:
    """XPath 1.0's comparisons chain from the left, and `<` binds stronger than `=` (3.4); XPath
    2.0's, which elementpath reads everywhere, do neither.
    """
    for strength, symbols in ((30, ("=", "!=")), (35, ("<", "<=", ">", ">="))):
        for symbol in symbols:
            base = XPath1Parser.symbol_table[symbol]
            own = {"lbp": strength, "rbp": strength, "led": _chained}
            OdkParser.symbol_table[symbol] = type(base.__name__, (base,), own)


def _chained(token: XPathToken, left: XPathToken) -> XPathToken:
    token[:] = left, token.parser.expression(rbp=token.rbp)
    return token


_register_comparisons()


@dataclass(frozen=True)
class Step:
    """One step of a location path, predicates not yet compiled."""

    axis: str
    name: str
    preds: tuple[XPathToken, ...] = ()


NULL = Step("child", "null")


class BlankError(Exception):
    """Forms of the field write `null` for a blank: a question that isn't there."""


def compile_xpath(source: str, names: Names | None = None, at: int = 0) -> Expr:
    """Compile one expression standing at node `at` of a form; without `names`, of an entity (child
    names are properties).

    Raises XPathError.
    """
    try:
        token = OdkParser(strict=True).parse(source.strip())
    except (ElementPathError, RecursionError) as error:
        raise _explain(source, error) from None
    return _Compiler(names, at).expr(token, inside=False)


def _explain(source: str, error: Exception) -> XPathError:
    text = str(error)
    if "unknown function" in text:
        name = text.rpartition("unknown function ")[2].strip("'\"")
        entry = REFUSED_FUNCTIONS.get(name)
        if entry:
            why, remedy = entry.note, entry.remedy
            return XPathError("word_refused", name=f"{name}()", why=why, remedy=remedy)
        return XPathError("xpath_function_unknown", function=name)
    detail = text.partition("] ")[2] or text
    return XPathError("xpath_invalid", source=source.strip(), detail=(_in_chinese(detail), detail))


def _in_chinese(detail: str) -> str:
    """What the parser stumbled over."""
    if "end of source" in detail:
        return "没有写完"
    if detail.startswith("unexpected "):
        return f"多余或放错的 {detail.removeprefix('unexpected ').removesuffix(' symbol')}"
    return detail


def _how_many(least: int, most: int | None) -> tuple[str, str]:
    """How many arguments a function takes, in words."""
    if most == least:
        return str(least), str(least)
    if most:
        return f"{least} 到 {most}", f"{least} to {most}"
    return f"至少 {least}", f"at least {least}"


class _Compiler:
    """Walks one token tree. `inside` is true within a predicate, where relative paths start at the
    candidate.
    """

    def __init__(self, names: Names | None, at: int) -> None:
        self.names, self.at = names, at

    def expr(self, token: XPathToken, inside: bool) -> Expr:
        symbol = token.symbol
        if symbol == "(string)":
            return ["s", token.value]
        if symbol in ("(integer)", "(decimal)", "(float)"):
            return ["n", _json_number(cast(Decimal, token.value))]
        if symbol == "(":
            return self.expr(token[0], inside)
        if symbol in OPERATORS and len(token) == 2:
            return ["op", symbol, self.expr(token[0], inside), self.expr(token[1], inside)]
        if symbol in ("-", "+") and len(token) == 1:
            operand = self.expr(token[0], inside)
            return ["neg", operand] if symbol == "-" else ["f", "number", operand]
        if token.label == "function" or _prefixed_function(token):
            return self.call(token[1] if token.symbol == ":" else token, inside)
        return self.path(token, inside)

    # ---- function calls

    def call(self, token: XPathToken, inside: bool) -> Expr:
        name = token.symbol
        if name not in ARITY:
            name = f"jr:{name}"
        least, most = ARITY[name]
        if len(token) < least or (most is not None and len(token) > most):
            wanted = _how_many(least, most)
            raise XPathError("xpath_arguments", function=name, wanted=wanted, given=len(token))
        special: dict[str, Callable[[XPathToken, bool], Expr]] = {
            "current": lambda _t, _i: ["cur"],
            "instance": self.path,
            "pulldata": self.pulldata,
            "indexed-repeat": self.indexed_repeat,
            "jr:choice-name": self.choice_name,
            "jr:itext": self.itext,
        }
        if name in special:
            return special[name](token, inside)
        return ["f", name, *(self.expr(arg, inside) for arg in token)]

    def pulldata(self, token: XPathToken, inside: bool) -> Expr:
        """`pulldata('list','column','key',value)` is a lookup path."""
        source, column, key = (_literal(arg, "pulldata()") for arg in token[:3])
        value = self.outside(token[3], inside)
        found = ["op", "=", ["path", ["ctx"], ["child", key]], value]
        # One text, blank if there is none: not a node-set that max() or count() would pass over.
        path = ["path", ["inst", source], ["child", "item", found], ["child", column]]
        return ["f", "string", path]

    def indexed_repeat(self, token: XPathToken, inside: bool) -> Expr:
        """`indexed-repeat(${n}, ${r}, i)` is `r[i]/n`, for each pair of repeat and index."""
        names = self.form_names()
        if len(token) % 2 == 0:
            raise XPathError("xpath_indexed_pairs")
        target = self.node_of(token[0])
        index = {self.node_of(token[i]): token[i + 1] for i in range(1, len(token), 2)}
        line = names.lineage(target)
        for repeat in index:
            if repeat not in line or not names.repeats[repeat]:
                inner, outer = names.names[target], names.names[repeat]
                raise XPathError("xpath_indexed_place", inner=inner, outer=outer)
        first = min(line.index(repeat) for repeat in index)
        steps: list[Expr] = []
        for node in line[first:]:
            step: Expr = ["child", names.names[node]]
            if node in index:
                step.append(["f", "number", self.outside(index[node], inside)])
            steps.append(step)
        return ["path", ["r", line[first - 1]], *steps]

    def choice_name(self, token: XPathToken, inside: bool) -> Expr:
        """The second argument names a question, in quotes or not; it becomes a reference."""
        question = token[1]
        if question.symbol == "(string)":
            question = OdkParser(strict=True).parse(str(question.value).strip())
        node = self.node_of(question)
        return ["f", "jr:choice-name", self.expr(token[0], inside), ["r", node]]

    def itext(self, token: XPathToken, inside: bool) -> Expr:
        """`jr:itext(instance('list')/root/item[…]/itextId)` is that choice's label."""
        tree = self.expr(token[0], inside)
        if tree[0] != "path" or tree[-1][:2] != ["child", "itextId"]:
            raise XPathError("xpath_itext")
        return ["f", "string", [*tree[:-1], ["child", "label", *tree[-1][2:]]]]

    def outside(self, token: XPathToken, inside: bool) -> Expr:
        """An argument that moves into a predicate: `.` there would mean the candidate, so it
        becomes the form node.
        """
        tree = self.expr(token, inside)
        if inside and _mentions(tree, "ctx", "."):
            raise XPathError("xpath_candidate")
        return with_node(tree)

    def node_of(self, token: XPathToken) -> int:
        tree = self.expr(token, inside=False)
        if tree[0] != "r":
            raise XPathError("xpath_reference")
        return cast(int, tree[1])

    def form_names(self) -> Names:
        if self.names is None:
            raise XPathError("xpath_no_names")
        return self.names

    # ---- location paths

    def path(self, token: XPathToken, inside: bool) -> Expr:
        base, steps = _flatten(token)
        if base is None:
            return self.relative(steps, inside)
        if base == "/":
            return self.resolve(0, self.absolute(steps), absolute=True)
        if not isinstance(base, str) and base.symbol == "instance":
            return self.instance(base, steps, inside)
        if not isinstance(base, str) and base.symbol == "current":
            return self.from_current(steps)
        tree = self.expr(cast(XPathToken, base), inside)
        return ["path", tree, *self.steps(steps)] if steps else tree

    def instance(self, base: XPathToken, steps: list[Step], inside: bool) -> Expr:
        """`instance('x')/root/item…`: the step to the root element is implied."""
        if len(base) != 1:
            raise XPathError("xpath_instance_argument")
        name = _literal(base[0], "instance()")
        if name == "__last-saved":
            why, remedy = NOT_KEPT.note, NOT_KEPT.remedy
            raise XPathError("word_refused", name="last-saved", why=why, remedy=remedy)
        if len(steps) < 2 or steps[0].axis != "child" or steps[0].preds:
            raise XPathError("xpath_instance_path", list=name)
        return ["path", ["inst", name], *self.steps(steps[1:])]

    def relative(self, steps: list[Step], inside: bool) -> Expr:
        try:
            return self.place(steps, inside)
        except BlankError:
            return ["s", ""]

    def place(self, steps: list[Step], inside: bool) -> Expr:
        if steps == [Step("self", "*")]:
            return ["."]
        if inside or self.names is None:
            return ["path", ["ctx"], *self.steps(steps)]
        return self.resolve(self.at, steps, absolute=False)

    def from_current(self, steps: list[Step]) -> Expr:
        if self.names is None:
            return ["path", ["cur"], *self.steps(steps)] if steps else ["cur"]
        if all(step == Step("self", "*") for step in steps):
            return ["cur"]
        return self.resolve(self.at, steps, absolute=False)

    def absolute(self, steps: list[Step]) -> list[Step]:
        names = self.form_names()
        if steps and steps[0].axis == "descendant":
            return steps
        if (
            not steps
            or steps[0].axis != "child"
            or steps[0].name != names.names[0]
            or steps[0].preds
        ):
            raise XPathError("xpath_absolute", root=names.names[0])
        return steps[1:]

    def resolve(self, start: int, steps: list[Step], absolute: bool) -> Expr:
        """Follow the leading steps that mean one node of the form; what has a predicate stays a
        path from there.
        """
        names = self.form_names()
        node, low = start, names.depth(self.at) if absolute else names.depth(start)
        for position, step in enumerate(steps):
            following = self.follow(node, step)
            if following is None:
                base = self.reference(node, low, final=False)
                self.check_steps({node}, steps[position:])
                return ["path", base, *self.steps(steps[position:])]
            node = following
            if step.axis == "parent":
                low = min(low, names.depth(node))
        return self.reference(node, low, final=absolute)

    def follow(self, node: int, step: Step) -> int | None:
        """The one form node a plain step leads to; None if the step selects (predicate, wildcard,
        other axis).
        """
        names = self.form_names()
        if step.preds or (step.axis in ("child", "attribute") and step.name == "*"):
            return None
        if step.axis in ("child", "attribute"):
            name = step.name if step.axis == "child" else f"@{step.name}"
            child = names.child(node, name)
            if child is None and step == NULL:
                raise BlankError
            if child is None:
                parent = names.names[node]
                raise XPathError("xpath_question_unknown", name=name, parent=parent)
            return child
        if step.axis == "self" and step.name == "*":
            return node
        if step.axis == "parent" and step.name == "*":
            if names.parents[node] < 0:
                raise XPathError("xpath_above_form")
            return names.parents[node]
        return None

    def reference(self, node: int, low: int, final: bool) -> Expr:
        """`["r", node]`, or with a third element where fewer repeats are held fixed than are
        shared.

        `final`: an absolute path to a repeat means all its instances, also from inside
        (count(${residents})).
        """
        names = self.form_names()
        shared = names.shared(node, self.at)
        if final and names.repeats[node] and shared == names.depth(node):
            low = min(low, shared - 1)
        return ["r", node] if low >= shared else ["r", node, low]

    def steps(self, steps: Sequence[Step]) -> list[Expr]:
        return [[s.axis, s.name, *(self.expr(p, inside=True) for p in s.preds)] for s in steps]

    def check_steps(self, nodes: set[int], steps: Sequence[Step]) -> None:
        """Refuse names that no node of the form has, wherever a filtered path leads."""
        names = self.form_names()
        for step in steps:
            nodes = {found for node in nodes for found in walk(names, node, step.axis, step.name)}
            if not nodes:
                raise XPathError("xpath_path_end", name=step.name)


# ---- elementpath's tokens ----


def _prefixed_function(token: XPathToken) -> bool:
    return token.symbol == ":" and len(token) == 2 and token[1].label == "function"


def _json_number(value: Decimal | int | float) -> int | float:
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 1e15 else number


def _literal(token: XPathToken, where: str) -> str:
    if token.symbol != "(string)":
        raise XPathError("xpath_quotes", where=where)
    return cast(str, token.value)


def _flatten(token: XPathToken) -> tuple[XPathToken | str | None, list[Step]]:
    """A path's base (`/`, a call or parenthesis, None for the context node) and its steps."""
    symbol = token.symbol
    if symbol in ("/", "//"):
        return _flatten_slash(token)
    if symbol == "[":
        base, steps = _flatten(token[0])
        if not steps or (base is not None and not steps):
            steps = [Step("filter", "*")]
        last = steps[-1]
        return base, [*steps[:-1], Step(last.axis, last.name, (*last.preds, token[1]))]
    if symbol == "(" or token.label == "function" or _prefixed_function(token):
        return (token[0] if symbol == "(" and token[0].label == "function" else token), []
    return None, [_step(token)]


def _flatten_slash(token: XPathToken) -> tuple[XPathToken | str | None, list[Step]]:
    if len(token) == 0:
        raise XPathError("xpath_slash")
    base, steps = ("/", []) if len(token) == 1 else _flatten(token[0])
    right_base, right = _flatten(token[-1])
    if right_base is not None:
        raise XPathError("xpath_function_step")
    if token.symbol == "//":
        if right[0].axis != "child":
            raise XPathError("xpath_after_descendant")
        right = [Step("descendant", right[0].name, right[0].preds), *right[1:]]
    plain = [step for step in steps if step != Step("self", "*")]
    return base, [*plain, *right]


def _step(token: XPathToken) -> Step:
    symbol = token.symbol
    if symbol == ".":
        return Step("self", "*")
    if symbol == "..":
        return Step("parent", "*")
    if symbol == "@":
        return Step("attribute", _name(token[0]))
    if token.label == "axis":
        if symbol not in AXES:
            raise XPathError("xpath_axis", axis=symbol)
        return Step(symbol, _name(token[0]))
    return Step("child", _name(token))


def _name(token: XPathToken) -> str:
    if token.symbol == "(name)":
        return cast(str, token.value)
    if token.symbol == "*" and not len(token):
        return "*"
    if token.symbol == "node" and not len(token):
        return "*"
    if token.symbol == ":":
        return cast(str, token[1].value)
    raise XPathError("xpath_step", source=token.source)


def _mentions(tree: Expr, *heads: str) -> bool:
    return tree[0] in heads or any(isinstance(p, list) and _mentions(p, *heads) for p in tree[1:])


def with_node(tree: Expr) -> Expr:
    """The same to stand in a predicate: `.` of the form node as `["cur"]`; predicates inside keep
    theirs.
    """
    if tree == ["."]:
        return ["cur"]
    if tree[0] == "path":
        return ["path", with_node(tree[1]), *tree[2:]]
    return [tree[0], *(with_node(p) if isinstance(p, list) else p for p in tree[1:])]
