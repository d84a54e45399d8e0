"""The never-collect lint: what no form and no program of this product may ask or keep.

It reads names, labels, hints and choices in both languages. The list, `never.json`, is a promise to
the people visited: this is no enforcement tool, so it doesn't collect what only enforcement would
want. The phone warns of the same words in free text (frontend/src/forms/careful.ts).
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from typing import Any

from .definition import Definition, shape_of
from .problems import FormProblem

CODE = "never_collect"
ELSEWHERE = "health_elsewhere"
TEXTS = {
    "l": "label",
    "h": "hint",
    "g": "guidance_hint",
    "msg": "constraint_message",
    "rmsg": "required_message",
}
_LIST = json.loads(files(__package__).joinpath("never.json").read_text("utf-8"))
_SIMPLE = str.maketrans(_LIST["simplified"][::2], _LIST["simplified"][1::2])
# Reason → what gives it away: in Chinese, and in running text and names of Latin letters.
NEVER: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    each["en"]: (re.compile(each["han"]), re.compile(each["latin"])) for each in _LIST["never"]
}
# What is asked in health, where people agree to it, and nowhere else.
HEALTH = (
    re.compile(
        "怀孕|孕[妇期周检产情前中次]|妊娠|产检|(^|[^生房投资地财水物国特矿破])产[前后]|分娩|预产期|避孕|节育|绝育|结扎"
        "|[上取放]环($|[^节境保形球卫])|查环($|[^境保卫节])|宫内|流产|引产|月经|妇科($|[^医诊门])|胎儿|艾滋|性病|抑郁"
        "|精神病($|[^院])"
    ),
    re.compile(
        r"pregnan|\b(ante|post|pre)natal\b|contracept|sterili[sz]ation|miscarr|menstrua|gyna?ecolog"
        r"|\bdue date of (the )?(birth|baby)\b|\b(iud|condoms?|hiv|epds|abortions?)\b"
        r"|(?<!hearing )(?<!first )(?<!walking )(?<!visual )\baids\b"
    ),
)
IN_CHINESE: dict[str, str] = {each["en"]: each["zh"] for each in _LIST["never"]}


def forbidden(text: str) -> list[str]:
    """Reasons for which a name or wording is refused."""
    han, latin = _bare(text)
    return [
        reason
        for reason, (chinese, english) in NEVER.items()
        if chinese.search(han) or english.search(latin)
    ]


def _bare(text: str) -> tuple[str, str]:
    """As it is compared: full width made half, traditional characters simplified; Chinese without
    what is put between characters, Latin letters as words, a name's parts apart.
    """
    plain = unicodedata.normalize("NFKC", text)
    parted = re.sub(r"([a-z])([A-Z])", r"\1 \2", plain).lower()
    han = re.sub(r"[\s\u00ad\u200b-\u200f\u2060\ufeff·・•.\-_*/\\|~+]+", "", parted)
    return han.translate(_SIMPLE), re.sub(r"[^a-z0-9]+", " ", parted).strip()


def lint_program_words(text: str) -> list[str]:
    """Refusals of a property's name or label, in words."""
    return [
        f"“{text}” would collect what we never collect: {why} / 本产品从不收集：{IN_CHINESE[why]}"
        for why in forbidden(text)
    ]


def lint(definition: Definition) -> list[FormProblem]:
    """Refusals of a form: its questions, wordings, choices and what it saves. Empty if there are
    none.
    """
    found = {}
    for place, text in _words(definition):
        for why in forbidden(text):
            params = {"text": text, "why": (IN_CHINESE[why], why), **place.params}
            found[place.question, text, why] = replace(place, params=params)
    return list(found.values())


def lint_health(definition: Definition) -> list[FormProblem]:
    """Refusals of a form of a scope that keeps no consents: what it asks about health."""
    return [
        replace(place, code=ELSEWHERE, params={"text": text, **place.params})
        for place, text in _words(definition)
        if is_of_health(text)
    ]


def is_of_health(text: str) -> bool:
    """Whether a text of a form asks what only a form of a health program may."""
    han, latin = _bare(text)
    return bool(HEALTH[0].search(han) or HEALTH[1].search(latin))


def _words(definition: Definition) -> Iterator[tuple[FormProblem, str]]:
    """Every name and text of a form, with the problem it would be in its place."""
    shape = shape_of(definition)
    yield FormProblem(CODE, column="form_id", sheet="settings"), definition["id"]
    for title in definition["title"]:
        yield FormProblem(CODE, column="form_title", sheet="settings"), title
    for number, node in enumerate(definition["nodes"]):
        place = FormProblem(CODE, question=node["n"], path=shape.path(number))
        yield replace(place, column="name"), node["n"]
        for key, column in TEXTS.items():
            for text in node.get(key, ()):
                yield replace(place, column=column), _plain(text)
    yield from _choice_words(definition)
    for block in definition["entities"]:
        for number, prop in block["saves"]:
            question = definition["nodes"][number]["n"]
            path = shape.path(number)
            yield FormProblem(CODE, question=question, column="save_to", path=path), prop


def _choice_words(definition: Definition) -> Iterator[tuple[FormProblem, str]]:
    for name, choices in definition["lists"].items():
        of_list = FormProblem(CODE, {"list": name}, name, "list_name", "choices")
        yield of_list, name
        for choice in choices:
            place = replace(of_list, params={"list": name, "choice": choice["v"]})
            yield replace(place, column="name"), choice["v"]
            for text in choice["l"]:
                yield replace(place, column="label"), _plain(text)


def _plain(text: Any) -> str:
    if isinstance(text, dict):
        return " ".join(part for part in text["parts"] if isinstance(part, str))
    return text or ""
