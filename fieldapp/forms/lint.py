"""The never-collect lint: what no form and no program of this product may ask or keep.

It reads names, labels, hints and choices in both languages. The list is a promise to the people
visited: it is no enforcement tool, so it doesn't collect what only enforcement would want.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .definition import Definition, shape_of
from .problems import FormProblem

CODE = "never_collect"
TEXTS = {
    "l": "label",
    "h": "hint",
    "g": "guidance_hint",
    "msg": "constraint_message",
    "rmsg": "required_message",
}
# Reason → what gives it away, in running text and in names (where `_` counts as a space).
NEVER: dict[str, tuple[str, ...]] = {
    "sex of a fetus or newborn": (
        r"胎儿性别|(婴|宝宝|新生)儿?的?性别|生男生女",
        r"\b(fo?etal|fo?etus|unborn|newborn|bab(y|ies)('s)?|infant|child) (sex|gender)\b",
        r"\b(sex|gender) of (the |her |your )?(fo?etus|unborn|newborn|baby|child)\b",
    ),
    "birth order or birth permit": (
        r"[一二三四]胎|胎次|孩次|生育证|准生证|证前怀孕|计划外",
        r"\bbirth order\b|\bbirth permit\b|\bchild number\b|\bunplanned birth\b",
    ),
    "enforcement of birth rules": (
        r"违法生育|超生|社会抚养费|罚款",
        r"\bsocial (maintenance|support|compensation) fee\b|\b(illegal|excess) births?\b",
        r"\bfined\b|\bfines (for|of)\b|\ba fine (for|of)\b",
    ),
    "denunciation or case files": (
        r"两非|线索|举报|立案",
        r"\binformer\b|\bdenounc\w+|\bcase file\b",
    ),
    "why or how a pregnancy ended": (
        r"(终止妊娠|流产|引产|妊娠结束|停止妊娠)的?(原因|方式|类型|时间|日期)|人流|引产|堕胎",
        r"\babortions?\b|\binduced (labou?r|termination)\b|\btermination of pregnancy\b",
        r"\b(reason|cause|type|method|kind) (for |of )?(the |her )?(pregnancy )?"
        r"(termination|ending|end|loss|miscarriage)\b",
    ),
    "menstrual cycle": (
        r"月经周期|生理周期|经期(记录|日期)",
        r"\bmenstrual cycle\b|\bcycle (day|date|length|record)s?\b",
        r"\bperiod (dates|record|calendar)\b",
    ),
    "pledges and contracts with residents": (
        r"承诺书|保证书|自治合同|违约|责任书",
        r"\bpledges?\b|\bbreach of contract\b|\bpenalt(y|ies)\b",
    ),
    "sexual history": (
        r"性史|性伴|性行为|性生活",
        r"\bsexual (history|partners?|activity|intercourse)\b",
    ),
    "biometrics or pictures of documents": (
        r"人脸|刷脸|面部识别|指纹|虹膜|身份证(照|拍|扫描|复印|影像|图)",
        r"\bface (photo|scan|recognition|image|id)\b|\bfingerprints?\b|\biris scan\b",
        r"\bid (card )?(photo|picture|scan|image|copy)\b",
    ),
    "religion or politics": (
        r"宗教|信仰|政治面貌|党员",
        r"\breligion\b|\breligious\b|\bparty member\b",
        r"\bpolitical (status|affiliation|view)s?\b",
    ),
    "marital status": (
        r"婚姻状况|婚育证明|结婚证|离异|离婚|丧偶",
        r"\bmarital status\b|\bmarriage certificate\b|\bdivorced?\b|\bwidow(ed)?\b",
    ),
}
IN_CHINESE = {
    "sex of a fetus or newborn": "胎儿或新生儿的性别",
    "birth order or birth permit": "胎次或生育证明",
    "enforcement of birth rules": "对生育的处罚",
    "denunciation or case files": "举报或案件线索",
    "why or how a pregnancy ended": "妊娠为何或怎样结束",
    "menstrual cycle": "月经周期",
    "pledges and contracts with residents": "居民的承诺书或合同",
    "sexual history": "性生活史",
    "biometrics or pictures of documents": "生物特征或证件照片",
    "religion or politics": "宗教或政治面貌",
    "marital status": "婚姻状况",
}
_PATTERNS = {
    reason: re.compile("|".join(patterns), re.IGNORECASE) for reason, patterns in NEVER.items()
}


def forbidden(text: str) -> list[str]:
    """Reasons for which a name or wording is refused."""
    spaced = re.sub(r"[_\W]+", " ", text, flags=re.ASCII) if text.isascii() else text
    return [reason for reason, pattern in _PATTERNS.items() if pattern.search(spaced)]


def lint_program_words(text: str) -> list[str]:
    """Refusals of a property's name or label, in words."""
    return [f"“{text}” would collect what we never collect: {why}" for why in forbidden(text)]


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


def _words(definition: Definition) -> Iterator[tuple[FormProblem, str]]:
    """Every name and text of a form, with the problem it would be in its place."""
    shape = shape_of(definition)
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
