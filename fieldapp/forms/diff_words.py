"""A comparison of two versions in words, for the command line."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from .diff import Change, Comparison

KINDS: dict[str, tuple[str, str]] = {
    "added": ("新增问题", "added"),
    "removed": ("删去问题", "removed"),
    "moved": ("移动了位置", "moved"),
    "retyped": ("换了题型", "another type"),
    "required": ("改为必填", "now required"),
    "optional": ("改为选填", "no longer required"),
    "required_if": ("必填的条件有改动", "when it is required changed"),
    "constraint": ("限制条件有改动", "its constraint changed"),
    "relevant": ("出现条件有改动", "its relevance changed"),
    "calculation": ("计算式有改动", "its calculation changed"),
    "readonly": ("只读设置有改动", "readonly changed"),
    "repeat_count": ("重复次数有改动", "its repeat count changed"),
    "choice_filter": ("选项筛选有改动", "its choice filter changed"),
    "default": ("默认值有改动", "its default changed"),
    "choices_added": ("新增选项", "choices added"),
    "choices_removed": ("删去选项", "choices removed"),
    "choices_changed": ("选项的文字或内容有改动", "words or columns of choices changed"),
    "choices_order": ("选项的顺序有改动", "choices in another order"),
    "choices_source": ("选项的来源有改动", "its choices come from elsewhere"),
    "trigger": ("触发重算的问题有改动", "another question triggers its calculation"),
    "appearance": ("外观（appearance）有改动", "its appearance changed"),
    "range": ("范围（start、end、step）有改动", "its range (start, end, step) changed"),
    "parameters": ("parameters 有改动", "its parameters changed"),
    "media": ("图片、声音或视频有改动", "its picture, sound or film changed"),
    "unsaved": ("不再保存到登记册", "no longer saved to the register"),
    "saved": ("改为保存到登记册", "now saved to the register"),
    "wording": ("文字有改动", "its wording changed"),
    "title": ("表单标题有改动", "another title"),
    "languages": ("语言有改动", "other languages"),
    "file": ("文件内容有改动", "another content"),
    "instance_name": ("走访的名称（instance_name）有改动", "what a visit is called changed"),
    "entity": ("记录的写入方式有改动", "how its record is written changed"),
    "order": ("问题的顺序有改动", "questions in another order"),
    "other": ("有其他改动", "other changes"),
}
SAME = ("与正在使用的版本 {against} 没有差别。", "No difference from {against}, which is in use.")
HEAD = ("与正在使用的版本 {against} 相比：", "Against {against}, which is in use:")
FIRST = ("这份表单还没有发布过。", "This form has not been published before.")
ORPHAN = (
    "  注意：{values} 条记录里已有“{label}”，新版本不再更新它（已存的值保留）。",
    "  Note: {values} records hold “{label}”, which this version writes no more (kept as it is).",
)
REQUIRED = (
    "  注意：新增的必填题只影响新开始的走访。",
    "  Note: newly required questions concern only visits begun afterwards.",
)
DRAFTS = (
    "手机下次同步时取得新版本；已开始的草稿仍按原来的版本完成并提交。",
    "Phones take the new version at their next sync; drafts are finished and sent in theirs.",
)


class Counted(Protocol):
    """Stored values of a property; label in zh and en."""

    @property
    def label(self) -> tuple[str, str]:
        """What the property is called."""
        ...

    @property
    def values(self) -> int:
        """In how many records it is."""
        ...


def lines(
    comparison: Comparison, against: str, orphans: Sequence[Counted], lang: str
) -> Iterator[str]:
    """What changes, one line each."""
    at = 0 if lang == "zh" else 1
    if not against:
        yield FIRST[at]
        return
    if not comparison.changes:
        yield SAME[at].format(against=against)
        return
    yield HEAD[at].format(against=against)
    yield from (f"  {line(change, lang)}" for change in comparison.changes)
    for orphan in orphans:
        told: Mapping[str, object] = {"values": orphan.values, "label": orphan.label[at]}
        yield ORPHAN[at].format(**told)
    if any(change.kind in ("required", "added") for change in comparison.changes):
        yield REQUIRED[at]
    yield DRAFTS[at]


def line(change: Change, lang: str) -> str:
    """One change: question, what, and from what to what where that tells something."""
    at, colon = (0, "：") if lang == "zh" else (1, ": ")
    shown = colon.join(filter(None, (change.path or change.name, KINDS[change.kind][at])))
    if change.kind in ("retyped", "moved", "wording"):
        return f"{shown} ({change.was} → {change.now})"
    told = change.was or change.now
    return f"{shown} ({told})" if told not in ("", "1") else shown
