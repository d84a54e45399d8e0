"""What of XLSForm and ODK XForms is taken, taken otherwise, passed over or refused, and why.

The compiler decides by these tables, and docs/xlsform-support.md is written from them
(`fieldapp forms support`), so that the page can't say anything else than what happens. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from .parameters import PARAMETERS


class How(StrEnum):
    """What becomes of a word of the form language."""

    TAKEN = "yes"
    OTHERWISE = "differs"
    PASSED = "ignored"
    REFUSED = "refused"


Both: TypeAlias = tuple[str, str]
"""`(zh, en)`."""

REMOVE: Both = ("请删除它", "Remove it")


@dataclass(frozen=True)
class Entry:
    """how; note: what differs, or why it is passed over or refused; remedy: what to do instead.

    A refusal has both languages; other notes may be in English only.
    """

    how: How
    note: Both = ("", "")
    remedy: Both = REMOVE


Table: TypeAlias = Mapping[str, Entry]


def _all(entry: Entry, names: str) -> dict[str, Entry]:
    return dict.fromkeys(names.split(), entry)


YES = Entry(How.TAKEN)


def _yes(names: str) -> dict[str, Entry]:
    return _all(YES, names)


def _differs(note: str) -> Entry:
    return Entry(How.OTHERWISE, ("", note))


def _ignored(note: str) -> Entry:
    return Entry(How.PASSED, ("", note))


def _no(zh: str, en: str, remedy: Both = REMOVE) -> Entry:
    return Entry(How.REFUSED, (zh, en), remedy)


# ---- reasons given more than once ----

OTHER_PROGRAM = _ignored("a note to another program")
LOOKS = _ignored("only looks; the phone lays questions out for a small screen")
NO_APPS = _no(
    "网页不能打开其他应用",
    "a web page can't open other apps",
    ("请直接提问", "Ask the question itself"),
)
OWN_PLACE = _no(
    "只有工作人员自己点一下，才会取得位置",
    "the place of a worker is taken only where she taps for it",
    (
        "请添加一个 geopoint 问题，说明位置的用途",
        "Add a geopoint question that says what the place is for",
    ),
)
NO_RECORDING = _no(
    "没有人点开始，就不会录音",
    "nobody is recorded without a tap that starts it",
    (
        "请添加一个 audio 问题，说明录音的用途",
        "Add an audio question that says what the recording is for",
    ),
)
NOT_COLLECTED = _no(
    "它会暴露工作人员自己的手机或邮箱，绝不收集",
    "it identifies a worker's own phone or mailbox, and is never collected",
)
NOT_KEPT = _no(
    "上一次走访是另一个人的：一个人的回答不会带进另一个人的表单",
    "the last visit is about somebody else, and one person's answers don't go into another's form",
    (
        "请改为从登记册中查找：select_one_from_file，或 instance('列表')/root/item[…]",
        "Look it up in the registry: select_one_from_file, or instance('list')/root/item[…]",
    ),
)
NO_WAYS = _no(
    "不记录工作人员走过哪里",
    "a log of where a worker goes is never kept",
    (
        "请从 parameters 列中删除 location-priority、location-min-interval 和 location-max-age",
        "Remove location-priority, location-min-interval and location-max-age from parameters",
    ),
)
NO_REASONS = _no(
    "更正的原因写在更正里，不在表单里问",
    "why something is corrected is told with the correction, not asked in the form",
    (
        "请从 parameters 列中删除 track-changes-reasons",
        "Remove track-changes-reasons from parameters",
    ),
)

# ---- the model ----

DATA_TYPES: dict[str, str] = {
    "string": "string",
    "text": "string",
    "note": "string",
    "int": "int",
    "integer": "int",
    "decimal": "decimal",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "dateTime": "dateTime",
    "datetime": "dateTime",
    "select": "select",
    "select1": "select",
    "rank": "select",
    "geopoint": "geopoint",
    "geotrace": "geotrace",
    "geoshape": "geoshape",
    "binary": "binary",
    "barcode": "barcode",
}
"""Types of a bind and what the definition calls them."""

PRELOADS: dict[tuple[str, str], str] = {
    ("uid", ""): "uid",
    ("timestamp", "start"): "start",
    ("timestamp", "end"): "end",
    ("date", "today"): "today",
    ("property", "deviceid"): "deviceid",
    ("property", "username"): "username",
}
"""`jr:preload` and `jr:preloadParams`, and what the phone fills in."""

REFUSED_PRELOADS: Table = {
    **_all(NOT_COLLECTED, "phonenumber simserial subscriberid email imei userid uri:deviceid"),
    **_all(NOT_COLLECTED, "uri:phonenumber uri:simserial uri:subscriberid uri:email uri:username"),
}

EXPRESSIONS: dict[str, str] = {
    "relevant": "rel",
    "required": "req",
    "constraint": "con",
    "readonly": "ro",
    "calculate": "calc",
}
"""Attributes of a bind that are expressions, and their keys in the definition."""

_LOCATED = "location-priority location-min-interval location-max-age"

BIND: Table = {
    **_yes("nodeset type preload preloadParams saveto constraintMsg requiredMsg"),
    **dict.fromkeys(PARAMETERS, YES),
    **dict.fromkeys(EXPRESSIONS, YES),
    "id": _ignored("a bind is known by its node"),
    "saveIncomplete": _ignored("every answer is saved as it is given"),
    **_all(OTHER_PROGRAM, "itemgroup external noAppErrorString relevantMsg"),
    "track-changes": _differs("who changed what is in the history of each record, not in the log"),
    "identify-user": _ignored("whoever fills a form in is logged in"),
    "track-changes-reasons": NO_REASONS,
    **_all(NO_WAYS, _LOCATED),
}
"""Attributes of a bind; one in a namespace that isn't ODK's is another program's."""

UNDER_PARAMETERS = {"track-changes", "identify-user", "track-changes-reasons", *_LOCATED.split()}
"""Those of them that an XLSForm says in its parameters column."""

MODEL: Table = {
    **_yes("itext instance bind submission setvalue"),
    "setgeopoint": OWN_PLACE,
    "recordaudio": NO_RECORDING,
}
"""Elements of a model."""

EVENTS: dict[str, str] = {
    "odk-instance-first-load": "load",
    "xforms-ready": "load",
    "odk-instance-load": "open",
    "odk-new-repeat": "repeat",
    "xforms-value-changed": "change",
}
"""Events of a setvalue and the actions' word for them."""

REFUSED_FUNCTIONS: Table = {
    "extract-signed": _no(
        "这里的表单不带密钥",
        "it needs a key, which no form of ours carries",
        ("请保留原来的代码", "Leave the code as it is"),
    ),
    "search": _no(
        "它是一种 appearance",
        "it is an appearance",
        ("请写在 appearance 列", "Write it in the appearance column"),
    ),
    **_all(
        _no(
            "它属于一般的 XPath，表单里不用",
            "it is XPath of documents, not of forms",
            ("请直接写出名称", "Write the name itself"),
        ),
        "id lang name local-name namespace-uri",
    ),
    "version": _no("走访自带表单版本", "a visit carries its form's version by itself"),
}
"""Functions people may know from elsewhere."""

SETTINGS: Table = {
    **_yes("form_title form_id version default_language instance_name title id_string name"),
    **_yes("namespaces allow_choice_duplicates clean_text_values omit_instanceid"),
    "public_key": _no(
        "每次走访在手机上已经加密",
        "every visit is sealed on the phone anyway",
        ("请删除 public_key", "Remove public_key"),
    ),
    "style": _ignored("screens are cut where a group is a field-list"),
    "submission_url": _ignored("visits are sent to the server the phone is enrolled with"),
    "auto_send": _ignored("visits go out by themselves when there is signal"),
    "auto_delete": _ignored("the phone forgets a visit once it is in a verified backup"),
    **_all(_ignored("visits are not sent by text message"), "sms_keyword prefix delimiter"),
    "instance_xmlns": OTHER_PROGRAM,
}
"""Columns of the settings sheet."""

# ---- the body ----

CONTROLS: Table = {
    **_yes("input select1 select upload trigger range rank group repeat setvalue label hint"),
    "setgeopoint": OWN_PLACE,
    "recordaudio": NO_RECORDING,
}
"""Elements of a body."""

MEDIA_TYPES: Table = {"osm/*": NO_APPS}
"""Kinds of files that can't be asked for; others are the browser's business."""

INSIDE: Table = {
    **_yes("label hint itemset item setvalue"),
    "setgeopoint": OWN_PLACE,
    "tag": _no(
        "编辑 OpenStreetMap 需要另一个应用",
        "OpenStreetMap editing needs another app",
        ("请用 geopoint 和普通问题", "Use a geopoint and ordinary questions"),
    ),
}
"""What may stand inside a control."""

ATTRIBUTES: Table = {
    **_yes("ref nodeset appearance mediatype accept start end step count noAddRemove query"),
    **dict.fromkeys(PARAMETERS, YES),
    "class": _ignored("screens are cut where a group is a field-list"),
    "autoplay": _ignored("sounds start when tapped: a doorstep isn't the place for a surprise"),
    "incremental": _ignored("what is wrong with an answer always shows at once"),
    "id": _ignored("a control is known by its node"),
    "lang": _ignored("languages are those of the translations"),
    "template": _ignored("the first instance is the template"),
    **_all(LOOKS, "playColor tick-interval tick-labelset placeholder"),
    "intent": NO_APPS,
    "bind": _no("不支持用 id 绑定", "binding by id", ("请写 ref", "Give the control a ref")),
}
"""Attributes of elements in the body."""

APPEARANCES: Table = {
    **_yes("field-list minimal autocomplete autocomplete_chars search multiline numbers alert"),
    **_yes("year month-year picker masked counter thousands-sep thousand-sep url bearing"),
    **_yes("signature draw annotate new new-front selfie front hidden-answer"),
    **_yes("columns columns-pack compact quickcompact horizontal horizontal-compact"),
    **_yes("no-buttons likert list table-list label list-nolabel no-ticks"),
    **_all(LOOKS, "dd no-collapse distress analog-scale comment grid pages theme-grid"),
    "rating": _differs("stars; more than six numbers are a list"),
    "vertical": _differs("the slider lies flat, where a thumb scrolls past it"),
    "no-calendar": _differs("the phone's own way to choose a date"),
    **_all(
        _differs("the phone's own place; a map would need signal"),
        "placement-map maps streets satellite",
    ),
    "quick": _ignored("the form scrolls; nothing has to be turned to the next page"),
    **_all(_differs("the choices are a list"), "map image-map"),
    **_all(
        _differs("asked in the common calendar; what is stored is the same"),
        "ethiopian coptic islamic bikram-sambat myanmar persian buddhist",
    ),
    "printer": _no("网页不能自己打印", "a web page can't print on its own"),
}
"""Words of an appearance."""

APPEARANCE_PATTERNS: tuple[tuple[str, str, Entry], ...] = (
    (r"w\d+", "w1, w2 …", LOOKS),
    (
        r"(columns|compact|quickcompact)-\d+",
        "columns-2, compact-3 …",
        _differs("at most four columns, and five on a scale, on a phone"),
    ),
    (r"ex:.*", "ex:…", _differs("answered by hand: a web page can't open other apps")),
    (r"(printer|intent):.*", "printer:…, intent:…", NO_APPS),
)
"""Pattern, what people call it, and what becomes of it."""


def appearance(word: str) -> Entry | None:
    """What becomes of a word of an appearance; None if nobody knows it."""
    lowered = word.lower()
    if lowered in APPEARANCES:
        return APPEARANCES[lowered]
    return next((e for p, _, e in APPEARANCE_PATTERNS if re.fullmatch(p, lowered)), None)
