"""What of an XLSForm's sheets is taken, taken otherwise, passed over or refused: question types,
columns and parameters, as authors know them.

`support.py` has the words of the XForm that pyxform makes of them, by which the compiler decides;
a test compiles a question of every type and holds this page to what becomes of it. Pure.
"""

from difflib import get_close_matches

from .support import (
    LOOKS,
    NO_APPS,
    NO_RECORDING,
    NOT_COLLECTED,
    OWN_PLACE,
    SETTINGS,
    YES,
    Entry,
    How,
    Table,
)


def _all(entry: Entry, names: str) -> dict[str, Entry]:
    return dict.fromkeys(names.split(), entry)


def _differs(note: str) -> Entry:
    return Entry(How.OTHERWISE, ("", note))


def _ignored(note: str) -> Entry:
    return Entry(How.PASSED, ("", note))


OF_ANSWERS = "select_multiple ${question}"

QUESTION_TYPES: Table = {
    **_all(
        YES, "text integer decimal date time datetime note calculate hidden acknowledge trigger"
    ),
    "select_one list": YES,
    "select_one list or_other": YES,
    "select_multiple list": YES,
    "select_one_from_file list.csv": YES,
    "select_multiple_from_file list.csv": YES,
    "select_one ${question}": _differs("its answers are those written so far in a repeat"),
    OF_ANSWERS: Entry(
        How.REFUSED,
        (
            "回答里可能有空格，而选中的各项正是用空格分开的",
            "an answer may hold spaces, and spaces keep apart what was chosen",
        ),
        (
            "请改用 select_one；要选几个，就把它放进一个重复组",
            "Use select_one, in a repeat if several may be chosen",
        ),
    ),
    "select_one_external list": _differs("its choices become a list of the form"),
    "rank list": YES,
    "range": YES,
    **_all(YES, "geopoint geotrace geoshape barcode"),
    "image": _differs("140 kB at most (drawn ones 60 kB), freed of place and camera"),
    "audio": _differs("three minutes or 500 kB at most"),
    **_all(_differs("5 MB at most; pictures and films lose their place"), "video file"),
    "csv-external": YES,
    "xml-external": YES,
    "begin_group": YES,
    "begin_repeat": YES,
    **_all(YES, "start end today deviceid username"),
    "audit": _differs("kept as a file of the visit; where the worker was is never in it"),
    **_all(NOT_COLLECTED, "phonenumber email simserial subscriberid"),
    "start-geopoint": OWN_PLACE,
    "background-geopoint": OWN_PLACE,
    "background-audio": NO_RECORDING,
    "osm": NO_APPS,
}
"""By how they are written in the type column."""

SURVEY_COLUMNS: Table = {
    **_all(YES, "type name label hint guidance_hint relevant required required_message readonly"),
    **_all(
        YES, "read_only constraint constraint_message calculation default appearance parameters"
    ),
    **_all(YES, "choice_filter repeat_count trigger save_to image big-image audio video"),
    **_all(YES, "relevance calculate caption command value count requiredmsg constraining_message"),
    "rows": YES,
    "intent": NO_APPS,
    "autoplay": _ignored("sounds start when tapped"),
    "disabled": _ignored("pyxform leaves such a row out"),
    "bind::…": _differs("as the attribute of a bind, below"),
    "body::…": _differs("as the attribute of a control, below"),
    "instance::…": _ignored("a note to another program"),
    **_all(
        _ignored("visits are not sent by text message"),
        "compact_tag sms_field sms_option sms_separator sms_allow_media sms_date_format "
        "sms_datetime_format sms_response",
    ),
    **_all(LOOKS, "noapperrorstring no_app_error_string"),
}
"""Each may carry a language: `label::中文(zh)`. Other columns are the author's own notes."""

CHOICES_COLUMNS: Table = {
    **_all(YES, "list_name name label image big-image audio video value caption"),
    "any other": _differs("read by choice_filter and by instance('list')/root/item/column"),
}

ENTITIES_COLUMNS: Table = _all(YES, "list_name dataset entity_id create_if update_if label repeat")

PARAMETERS_OF: Table = {
    **_all(YES, "start end step randomize seed value label rows max-pixels quality"),
    **_all(YES, "capture-accuracy warning-accuracy"),
    "allow-mock-accuracy": _ignored("a browser can't tell a made-up place"),
    **_all(LOOKS, "tick-interval tick-labelset placeholder"),
    "incremental": _ignored("what is wrong with an answer always shows at once"),
    "app": NO_APPS,
}
"""Words of the parameters column; those of audit are among the attributes of a bind."""

_SHEETS: dict[str, Table] = {
    "survey": SURVEY_COLUMNS,
    "settings": SETTINGS,
    "entities": ENTITIES_COLUMNS,
}


PREFIXES = {"bind", "body", "control", "instance", "media", "jr", "attribute"}


def misspelt(sheet: str, heading: str) -> str:
    """The column an unknown heading seems to mean; blank if it is known, or somebody's own note."""
    plain = heading.partition("::")[0].partition(":")[0].strip().lower().replace(" ", "_")
    known = [name for name in _SHEETS.get(sheet, ()) if "…" not in name]
    if plain in known or plain in PREFIXES:
        return ""
    near = get_close_matches(plain, known, n=1, cutoff=0.85)
    return near[0] if near else ""
