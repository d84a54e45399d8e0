"""An administrator tries, publishes and keeps forms; nobody else does."""

import base64
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from openpyxl import Workbook

from fieldapp.forms import odk, service
from tests.cast import PEOPLE, Browser, Cast
from tests.hostile.files import FILES
from tests.unit.forms.forms import XFORM
from tests.visits import fill, new_client

SURVEY = """| survey |
| | type | name | label::中文(zh) | label::English(en) | save_to |
| | date | visit_date | {zh} | Date | visit#visit_date |
{more}| settings |
| | form_id | version | form_title |
| | night_visit | {version} | 夜访 / Night visit |
| entities |
| | list_name | label |
| | visit | ${{visit_date}} |
"""
MORE = "| | text | mood | 心情 | Mood | |\n"


def markdown(zh: str = "日期", version: str = "1", more: str = "") -> bytes:
    """A small form of the consent program."""
    return SURVEY.format(zh=zh, version=version, more=more).encode()


def upload(*files: tuple[str, bytes], program: str = "consent") -> dict[str, Any]:
    """The body of an upload."""
    told = [{"name": n, "content": base64.b64encode(c).decode()} for n, c in files]
    return {"program": program, "files": told}


def check(desk: Browser, *files: tuple[str, bytes], program: str = "consent") -> dict[str, Any]:
    """What trying an upload says."""
    answer = desk.post("/api/forms/check", upload(*files, program=program))
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def published(desk: Browser, name: str, content: bytes, program: str = "consent") -> dict[str, Any]:
    """Try and publish."""
    (trial,) = check(desk, (name, content), program=program)["trials"]
    body = {**upload((name, content), program=program), "file": name, "hash": trial["hash"]}
    answer = desk.post("/api/forms/publish", body)
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def zipped(**files: bytes) -> bytes:
    """A zip archive; `__` in a name is a dot."""
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return out.getvalue()


def test_only_an_administrator_keeps_forms(cast: Cast) -> None:
    for name in PEOPLE:
        browser = cast.people[name].log_in()
        allowed = name == "admin"
        body = upload(("f.md", b"no table"))
        whole = {**body, "file": "f.md", "hash": ""}
        answers = [
            browser.get("/api/forms"),
            browser.post("/api/forms/check", body),
            browser.get("/api/forms/preg_followup/2026-1/source"),
        ]
        assert [a.status_code for a in answers] == ([200] * 3 if allowed else [403] * 3), name
        refused = browser.post("/api/forms/publish", whole)
        assert refused.status_code == (422 if allowed else 403)


def test_what_is_wrong_with_a_form_is_told_with_its_cells(cast: Cast) -> None:
    broken = markdown(more="| | wibble | x | 某 | X | |\n| | text | visit_date | 又 | Y | |\n")
    (trial,) = check(cast.admin.log_in(), ("night.md", broken))["trials"]
    assert trial["state"] == "refused"
    assert [(p["sheet"], p["row"], p["column"]) for p in trial["problems"]] == [
        ("survey", 3, "type"),
        ("survey", 4, "name"),
    ]
    assert trial["problems"][0]["message"] == "没有“wibble”这种题型"
    assert trial["problems"][0]["remedy"]
    assert trial["definition"] is None


def test_trying_stores_nothing_and_publishing_what_was_tried_does(app: Flask, cast: Cast) -> None:
    desk = cast.admin.log_in()
    (trial,) = check(desk, ("night.md", markdown()))["trials"]
    assert (trial["state"], trial["against"], trial["problems"]) == ("new", "", [])
    assert trial["definition"]["id"] == "night_visit"
    with app.app_context():
        assert service.form_version("night_visit", "1") is None
    assert published(desk, "night.md", markdown()) == {
        "id": "night_visit",
        "version": "1",
        "program": "consent",
    }
    (form,) = (f for f in desk.get("/api/forms").json["forms"] if f["id"] == "night_visit")
    (version,) = form["versions"]
    assert (version["current"], version["published_by"], version["visits"]) == (True, "管理员", 0)
    again = check(desk, ("night.md", markdown()))["trials"][0]
    assert (again["state"], again["changes"]) == ("same", [])


def test_something_else_than_what_was_tried_isn_t_published(cast: Cast) -> None:
    desk = cast.admin.log_in()
    (trial,) = check(desk, ("night.md", markdown()))["trials"]
    body = {**upload(("night.md", markdown("时间"))), "file": "night.md", "hash": trial["hash"]}
    assert desk.post("/api/forms/publish", body).json["code"] == "conflict_moved"
    other = {**body, "file": "day.md"}
    assert desk.post("/api/forms/publish", other).json["code"] == "conflict_moved"


def test_a_new_version_is_compared_with_the_one_in_use(cast: Cast) -> None:
    desk = cast.admin.log_in()
    published(desk, "night.md", markdown())
    (taken,) = check(desk, ("night.md", markdown("时间")))["trials"]
    assert [p["code"] for p in taken["problems"]] == ["version_taken"]
    (trial,) = check(desk, ("night.md", markdown(version="2", more=MORE)))["trials"]
    assert (trial["state"], trial["against"]) == ("next", "1")
    assert [(c["kind"], c["path"], c["label"]) for c in trial["changes"]] == [
        ("added", "mood", ["心情", "Mood"])
    ]
    published(desk, "night.md", markdown(version="2", more=MORE))
    forms = desk.get("/api/forms").json["forms"]
    versions = next(f for f in forms if f["id"] == "night_visit")["versions"]
    assert sorted((v["version"], v["current"]) for v in versions) == [("1", False), ("2", True)]


def test_values_that_nothing_would_write_any_more_are_counted(app: Flask, cast: Cast) -> None:
    cast.wang.enrol().push(
        [new_client(app, cast.wang, "张小梅"), new_client(app, cast.wang, "刘春燕")]
    )
    desk = cast.admin.log_in()
    source = desk.get("/api/forms/consent_record/2026-2/source").data.decode()
    assert "client#phone" in source
    shorter = source.replace("client#phone", "").replace("| 2026-2 |", "| 2026-3 |")
    (trial,) = check(desk, ("consent_record.md", shorter.encode()))["trials"]
    assert [c["kind"] for c in trial["changes"]] == ["unsaved"]
    assert trial["orphans"] == [
        {"list": "client", "property": "phone", "label": "手机", "values": 2}
    ]


def test_a_form_comes_with_its_files_in_a_zip(cast: Cast) -> None:
    desk = cast.admin.log_in()
    told = check(desk, ("all.zip", zipped(night__md=markdown(), villages__csv=b"name,label\n")))
    assert [t["file"] for t in told["trials"]] == ["night.md"]
    both = check(desk, ("a.md", markdown()), ("b.md", markdown("时间", "2")))
    assert [(t["file"], t["state"]) for t in both["trials"]] == [("a.md", "new"), ("b.md", "new")]
    nothing = check(desk, ("list.csv", b"name,label\n1,x\n"))
    assert [p["code"] for p in nothing["problems"]] == ["no_form"]
    inside = check(desk, ("all.zip", zipped(inner__zip=zipped(night__md=markdown()))))
    assert [p["code"] for p in inside["problems"]] == ["archive_odd"]
    rubbish = check(desk, ("all.zip", b"PK"))
    assert [p["code"] for p in rubbish["problems"]] == ["unreadable"]


def test_the_author_s_file_comes_back_as_it_was(cast: Cast) -> None:
    desk = cast.admin.log_in()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "survey"
    for row in (["type", "name", "label"], ["text", "who", "姓名"]):
        sheet.append(row)
    settings = book.create_sheet("settings")
    settings.append(["form_id", "version", "form_title"])
    settings.append(["excel_visit", "1", "表"])
    out = BytesIO()
    book.save(out)
    published(desk, "visit.xlsx", out.getvalue())
    answer = desk.get("/api/forms/excel_visit/1/source")
    assert answer.data == out.getvalue()
    assert answer.headers["Content-Disposition"] == "attachment; filename=excel_visit-1.xlsx"
    forms = desk.get("/api/forms").json["forms"]
    (version,) = next(f for f in forms if f["id"] == "excel_visit")["versions"]
    assert version["file"] == "excel_visit-1.xlsx"
    assert desk.get("/api/forms/excel_visit/9/source").status_code == 404


@pytest.mark.parametrize(
    "name",
    ["zip_bomb_that_lies", "path_traversal", "symlink", "billion_laughs", "eleven_megabytes"],
)
def test_a_hostile_upload_gets_a_reason_and_no_error(cast: Cast, name: str) -> None:
    make, code = FILES[name]
    source = make()
    (trial,) = check(cast.admin.log_in(), (f"form{source.kind}", source.content))["trials"]
    assert code in [p["code"] for p in trial["problems"]]
    if source.kind == ".xlsx":  # as an archive of files beside a form, it is no safer
        found = check(cast.admin.log_in(), ("all.zip", source.content))["problems"]
        assert {p["code"] for p in found} <= {
            "archive_odd",
            "file_too_big",
            "unreadable",
            "no_form",
        }
        assert found


def test_health_matters_of_nobody_in_particular_are_refused(cast: Cast) -> None:
    desk, into = cast.admin.log_in(), {"program": "antenatal"}
    (nobody,) = check(desk, ("n.md", markdown(more=MORE)), **into)["trials"]
    assert nobody["state"] == "refused"
    assert [problem["code"] for problem in nobody["problems"]] == ["consent_of_nobody"]
    whose = "| | select_one_from_file client.csv | who | 服务对象 | Client | |\n"
    (asked,) = check(desk, ("n.md", markdown(more=whose + MORE)), **into)["trials"]
    assert asked["state"] == "new"
    both = whose + whose.replace("who", "other")
    (several,) = check(desk, ("n.md", markdown(more=both + MORE)), **into)["trials"]
    assert [problem["code"] for problem in several["problems"]] == ["consent_of_several"]


def test_the_form_that_takes_consent_asks_nothing_more(cast: Cast) -> None:
    desk = cast.admin.log_in()
    source = desk.get("/api/forms/consent_record/2026-2/source").data.decode()
    source = source.replace("| 2026-2 |", "| 2026-county |")
    (reworded,) = check(desk, ("c.md", source.replace("怎样同意", "如何同意").encode()))["trials"]
    assert reworded["state"] == "next"
    line = next(line for line in source.splitlines() if "| guardian |" in line)
    weeks = line.replace("guardian", "weeks").replace("监护人姓名及关系", "几周")
    (more,) = check(desk, ("c.md", source.replace(line, f"{line}\n{weeks}").encode()))["trials"]
    (problem,) = more["problems"]
    assert problem["code"] == "consent_asks_more"
    assert "weeks" in str(problem)


@pytest.mark.parametrize(
    "more",
    [
        "| | text | q | 是否怀孕 | Is anybody with child? | |\n",
        "| | text | q | 避 孕 方法 | How | |\n",
        "| | text | is_pregnant | 近况 | How | |\n",
        "| | text | q | 近况 | Any HIV? | |\n",
    ],
)
def test_a_housing_form_asks_nothing_of_health(cast: Cast, more: str) -> None:
    desk, plain = cast.admin.log_in(), markdown().replace(b"visit#visit_date", b"")
    head, _, _ = plain.partition(b"| entities |")
    asking = head.replace(b"| settings |", more.encode() + b"| settings |")
    codes = []
    for form in (head, asking):
        (trial,) = check(desk, ("n.md", form), program="rental")["trials"]
        codes.append([problem["code"] for problem in trial["problems"]])
    assert codes == [[], ["health_elsewhere"]]


def test_a_form_belongs_to_one_program(cast: Cast) -> None:
    desk = cast.admin.log_in()
    published(desk, "night.md", markdown())
    other = markdown(version="2").replace(b"visit#visit_date", b"").replace(b"| visit |", b"| |")
    (trial,) = check(desk, ("night.md", other), program="rental")["trials"]
    assert "form_elsewhere" in [p["code"] for p in trial["problems"]] or trial["problems"]
    (unknown,) = check(desk, ("night.md", markdown()), program="nobody")["trials"]
    assert [p["code"] for p in unknown["problems"]] == ["program_unknown"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"program": "consent", "files": []},
        {"program": "consent", "files": [{"name": "x.md", "content": "§"}]},
        {"program": "consent", "files": [{"name": "", "content": ""}]},
        {"program": "consent", "files": [{"name": "x.md", "content": 3}]},
        {"program": "consent", "files": [{"name": "x.md", "content": "AA=="}] * 101},
    ],
)
def test_an_upload_that_is_none_is_refused(cast: Cast, body: Any) -> None:
    assert cast.admin.log_in().post("/api/forms/check", body).status_code == 422


def test_too_large_an_upload_is_refused_before_it_is_read(cast: Cast) -> None:
    desk = cast.admin.log_in()
    large = upload(("x.md", b"|" * (16 * 1024 * 1024)))
    assert desk.post("/api/forms/check", large).status_code == 413


def test_a_draft_begun_in_an_old_version_is_sent_in_its_own(app: Flask, cast: Cast) -> None:
    desk, phone = cast.admin.log_in(), cast.wang.enrol()
    published(desk, "night.md", markdown())
    begun = fill(app, cast.wang, "night_visit", {"visit_date": "2026-11-02"})
    published(desk, "night.md", markdown(version="2", more=MORE))
    (result,) = phone.push([begun])
    assert (begun["fv"], result["st"]) == ("1", "stored")
    (form,) = (f for f in desk.get("/api/forms").json["forms"] if f["id"] == "night_visit")
    assert {v["version"]: v["visits"] for v in form["versions"]} == {"1": 1, "2": 0}
    assert (form["phones"], form["phones_behind"]) == (1, 1)
    assert phone.browser.get("/api/forms/night_visit/1").status_code == 200


# ---- ODK Validate

FOREIGN = XFORM.format(
    data="<q/><meta><instanceID/></meta>",
    model="""<itext><translation lang="zh"><text id="a"><value>a</value></text></translation>
      </itext>""",
    body="""<input ref="/data/q"><label ref="jr:itext('nowhere')"/></input>""",
)


def test_what_odk_validate_refuses_is_refused_in_its_words(cast: Cast) -> None:
    desk = cast.admin.log_in()
    (good,) = check(desk, ("good.md", markdown()))["trials"]
    (bad,) = check(desk, ("bad.xml", FOREIGN.encode()))["trials"]
    if not odk.has_java():
        assert (good["odk"], bad["odk"]) == ("absent", "absent")
        return
    assert (good["state"], good["odk"]) == ("new", "valid")
    assert bad["state"] == "refused"
    (problem,) = bad["problems"]
    assert problem["code"] == "odk_refuses"
    assert "nowhere" in problem["message"]


def test_a_server_without_java_says_that_it_did_not_ask(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    (trial,) = check(cast.admin.log_in(), ("f.md", markdown("没有问过的")))["trials"]
    assert (trial["state"], trial["odk"]) == ("new", "absent")
