"""Files of a form: published with a version, kept with it, and given only to who may read it."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo

from fieldapp import cli
from fieldapp.forms import service
from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource
from tests.cast import Cast
from tests.unit.forms.test_files import FILES, FORM


def form(version: str = "1", **changes: bytes) -> FormSource:
    """The form of the unit tests with its files, some of them changed."""
    changed = {name.replace("_", "."): content for name, content in changes.items()}
    text = FORM.replace("| | f | 1 |", f"| | methods | {version} |")
    return FormSource(".md", text.encode(), files=FILES | changed)


def publish(app: Flask, source: FormSource) -> dict:
    """The definition as published."""
    with app.app_context():
        row = service.publish_source(source, "contraception")
        published = service.definition(row.form_id, row.version)
        assert published is not None
        return dict(published)


def url(definition: dict, name: str) -> str:
    """Where a file is."""
    sha = definition["files"][name]["sha"]
    return f"/api/forms/{definition['id']}/{definition['version']}/files/{sha}"


def test_a_worker_gets_pictures_as_given_and_lists_as_tables(app: Flask, cast: Cast) -> None:
    published = publish(app, form())
    wang = cast.wang.log_in()
    assert wang.get("/api/forms/methods/1").json["files"] == published["files"]
    picture = wang.get(url(published, "iud.png"))
    assert (picture.data, picture.content_type) == (FILES["iud.png"], "image/png")
    assert picture.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    places = wang.get(url(published, "places.csv"))
    assert places.content_type == "application/json"
    accepting = {"Accept-Encoding": "gzip"}
    small = wang.client.get(url(published, "places.csv"), headers=accepting)
    assert json.loads(gzip.decompress(small.data)) == places.json
    assert places.json == {
        "columns": ["code", "title", "kind"],
        "rows": [["a", "甲站", "iud"], ["b", "乙站", "pill"]],
    }


def test_nobody_of_another_scope_and_nobody_unknown_gets_a_file(app: Flask, cast: Cast) -> None:
    published = publish(app, form())
    where = url(published, "iud.png")
    assert cast.zhao.log_in().get(where).status_code == 404
    assert app.test_client().get(where).status_code == 401
    wang = cast.wang.log_in()
    for wrong in (
        where[:-1],
        where[:-4] + "zzzz",
        where.replace("methods", "preg_followup"),
        where + "%00",
        "/api/forms/methods/1/files/..%2f..%2fetc",
    ):
        assert wang.get(wrong).status_code == 404


def test_a_version_keeps_its_files_and_another_may_have_others(app: Flask, cast: Cast) -> None:
    first = publish(app, form())
    other = FILES["places.csv"].replace("甲".encode(), "丙".encode())
    with app.app_context(), pytest.raises(FormError, match="published already with other content"):
        service.publish_source(form(places_csv=other), "contraception")
    assert publish(app, form()) == first, "the same again changes nothing"
    second = publish(app, form("2", places_csv=other))
    wang = cast.wang.log_in()
    assert wang.get(url(first, "places.csv")).json["rows"][0][1] == "甲站"
    assert wang.get(url(second, "places.csv")).json["rows"][0][1] == "丙站"
    assert first["files"]["iud.png"]["sha"] == second["files"]["iud.png"]["sha"]


def test_a_file_that_is_missing_keeps_the_form_from_being_published(app: Flask) -> None:
    source = FormSource(".md", form().content, files={"iud.png": FILES["iud.png"]})
    with app.app_context():
        with pytest.raises(FormError) as error:
            service.publish_source(source, "contraception")
        assert service.definition("methods", "1") is None
    said = error.value.text("zh")
    assert "survey 表 第 2 行 image::中文(zh) 列 method：没有提供文件“method.png”" in said
    assert "没有名单“places”" in said


def test_a_folder_of_files_is_given_on_the_command_line(app: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in {**FILES, ".DS_Store": b"x", "old.csv": b"a\n1\n"}.items():
        (folder / name).write_bytes(content)
    file = tmp_path / "methods.md"
    file.write_bytes(form().content)
    args = [str(file), "--program", "consent", "--lang", "en"]

    def run(command: str, *more: str) -> str:
        made = ScriptInfo(create_app=lambda: app)
        return CliRunner().invoke(cli.main, ["forms", command, *args, *more], obj=made).output

    assert "the file “method.png” was not given along" in run("check")
    checked = run("check", "--files", str(folder))
    assert "old.csv: nothing in the form uses “old.csv”" in checked
    assert "ready to publish" in checked
    assert ".DS_Store" not in checked
    assert "methods 1 is published." in run("publish", "--files", str(folder))
