"""Puts into Chinese what `or_other` adds to a form: pyxform knows its two texts in English only."""

import re
from typing import Any

CHOICE, QUESTION = "Other", "Specify other."
IN_CHINESE = {CHOICE: "其他", QUESTION: "请说明“其他”是什么"}
CHINESE = re.compile("[\u4e00-\u9fff]")


def translate_or_other(definition: dict[str, Any]) -> None:
    """Replace them, in place, where nobody wrote texts of their own."""
    for choices in definition["lists"].values():
        for choice in choices:
            if choice["v"] == "other":
                others = [one["l"] for one in choices if one is not choice]
                choice["l"] = _translated(choice["l"], CHOICE, definition["langs"], others)
    for node in definition["nodes"]:
        if "l" in node and node["n"].endswith("_other"):
            titles = [definition["title"], *(n["l"] for n in definition["nodes"] if "l" in n)]
            node["l"] = _translated(node["l"], QUESTION, definition["langs"], titles)


def _translated(texts: list[Any], english: str, langs: list[str], others: list[Any]) -> list[Any]:
    """`others`: texts beside it, which tell the language of a form that doesn't name it."""
    if any(text != english for text in texts):
        return texts
    return [
        IN_CHINESE[english] if _is_chinese(lang, at, others) else english
        for at, lang in enumerate(langs)
    ]


def _is_chinese(lang: str, at: int, others: list[Any]) -> bool:
    named = lang.lower().startswith(("zh", "中文", "汉语", "chinese"))
    beside = (texts[at] for texts in others if at < len(texts))
    written = lang == "default" and any(CHINESE.search(t) for t in beside if isinstance(t, str))
    return named or written
