"""The never-collect lint: what no form and no program of this product may ask or keep.

It reads names, labels, hints and choices in both languages. The list is a promise to the people
visited: it is no enforcement tool, so it doesn't collect what only enforcement would want.
"""

import re
from collections.abc import Iterator
from typing import Any

from .definition import Definition
from .problems import FormProblem

REMEDY = "Remove it; see docs/privacy.md."
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
    for question, text in _words(definition):
        for why in forbidden(text):
            message = f"“{text}” would collect what we never collect: {why}"
            found[question, text, why] = FormProblem(question, message, REMEDY)
    return list(found.values())


def _words(definition: Definition) -> Iterator[tuple[str, str]]:
    """Every name and text of a form, with the question it belongs to."""
    for title in definition["title"]:
        yield "", title
    for node in definition["nodes"]:
        yield node["n"], node["n"]
        for key in ("l", "h", "g", "msg", "rmsg"):
            for text in node.get(key, ()):
                yield node["n"], _plain(text)
    for name, choices in definition["lists"].items():
        yield name, name
        for choice in choices:
            yield name, choice["v"]
            for text in choice["l"]:
                yield name, _plain(text)
    for block in definition["entities"]:
        for node, prop in block["saves"]:
            yield definition["nodes"][node]["n"], prop


def _plain(text: Any) -> str:
    if isinstance(text, dict):
        return " ".join(part for part in text["parts"] if isinstance(part, str))
    return text or ""
