"""Words that may not stand where others look over a shoulder: tasks, notifications, titles. Pure.

A reminder says that an agreed service is due, never of what kind.
"""

import re

_TELLING = re.compile(
    r"孕|妊娠|产[检前后妇]|分娩|生产|临盆|避孕|节育|绝育|结扎|[上取查放]环|流产|引产|月经|妇科|生育|胎|宝宝|新生儿|药具"
    r"|性病|癌|艾滋|梅毒|抑郁"
    r"|pregnan|natal|contracept|birth|deliver|abort|miscarr|steril|menstru|gyn[ae]|fo?etus|fo?etal"
    r"|\b(baby|newborn|iud|pills?|condoms?|implant|injection|hiv|aids|cancer|depress\w*|epds)\b",
    re.IGNORECASE,
)


def telling(text: str) -> list[str]:
    """The words of a text that would tell a bystander something."""
    return [found.group() for found in _TELLING.finditer(text)]
