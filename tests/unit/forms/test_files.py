"""What comes with a form: named by it, of its kind, small enough, and nobody's identity in it."""

from typing import Any

import pytest

from fieldapp.demo.people import check_digit
from fieldapp.forms.files import KB, MB, missing, warnings
from fieldapp.forms.problems import FormError
from fieldapp.forms.source import FormSource, compile_source
from tests.unit.forms.forms import node

PNG = b"\x89PNG\r\n\x1a\n" + b"." * 20
MP3 = b"ID3\x04" + b"." * 20
MEDIA = "image::中文(zh) | audio::中文(zh)"
MORE, COLUMNS = "choice_filter | calculation | parameters", "value=code, label=title"
FORM = f"""| survey |
| | type | name | label::中文(zh) | label::English(en) | {MEDIA} | {MORE} |
| | select_one methods | method | 方法 | Method | method.png | method.mp3 | | | |
| | select_one_from_file places.csv | place | 地点 | Place | | | kind=${{method}} | | {COLUMNS} |
| | calculate | price | | | | | | pulldata('prices', 'price', 'code', ${{place}}) | |
| | csv-external | client | | | | | | | |
| | calculate | known | | | | | | count(instance('client')/root/item) | |
| choices |
| | list_name | name | label::中文(zh) | label::English(en) | media::image::中文(zh) |
| | methods | iud | 宫内节育器 | IUD | iud.png |
| | methods | pill | 避孕药 | Pill | |
| settings |
| | form_id | version |
| | f | 1 |
"""
FILES = {
    "method.png": PNG,
    "method.mp3": MP3,
    "iud.png": PNG + b"2",
    "places.csv": "code,title,kind\na,甲站,iud\nb,乙站,pill\n".encode(),
    "prices.csv": b"code,price\na,3\n",
}


def compiled(form: str = FORM, **changes: bytes | None) -> dict[str, Any]:
    """The form with its files, some of them changed (`places_csv`) or left out (None)."""
    files: dict[str, bytes | None] = {**FILES}
    files |= {name.replace("_", "."): content for name, content in changes.items()}
    given = {name: content for name, content in files.items() if content is not None}
    return compile_source(FormSource(".md", form.encode(), files=given), "p", "health")


def refusals(form: str = FORM, **changes: bytes | None) -> list[str]:
    """What it is refused for."""
    with pytest.raises(FormError) as error:
        compiled(form, **changes)
    return [problem.text("en") for problem in error.value.problems]


def test_a_form_names_its_files_and_what_they_are() -> None:
    form = compiled()
    assert {name: (f["type"], f["size"]) for name, f in form["files"].items()} == {
        "iud.png": ("image/png", 29),
        "method.mp3": ("audio/mpeg", 24),
        "method.png": ("image/png", 28),
        "places.csv": ("application/json", 87),
        "prices.csv": ("application/json", 47),
    }
    assert form["attached"] == {"places": "places.csv", "prices": "prices.csv"}
    assert form["external"] == ["client"], "the registry's lists stay the registry's"
    assert node(form, "method")["media"] == {
        "image": ["method.png", ""],
        "audio": ["method.mp3", ""],
    }
    assert form["lists"]["methods"][0]["m"] == {"image": ["iud.png", ""]}
    assert missing(form, {"client"}) == []


def test_another_content_of_a_file_is_another_version_where_the_author_gives_none() -> None:
    form = FORM.replace("| | form_id | version |\n| | f | 1 |", "| | form_id |\n| | f |")
    first, again = compiled(form)["version"], compiled(form, unused_csv=b"a\n1\n")["version"]
    assert first == again
    assert compiled(form, prices_csv=b"code,price\na,4\n")["version"] != first


def test_what_is_named_and_not_given_is_told_with_its_place() -> None:
    form = compiled(method_mp3=None, iud_png=None, prices_csv=None)
    said = [p.text("en") for p in missing(form, {"client"})]
    assert said[0].startswith("column media::audio method: the file “method.mp3” was not given")
    assert said[1].startswith("choices, column media::image methods: the file “iud.png”")
    assert said[2].startswith("column calculation price: there is no list “prices”")


def test_a_file_can_not_stand_in_for_the_registry() -> None:
    form = compiled(client_csv=b"name,label\n1,x\n")
    (problem,) = missing(form, {"client"})
    assert "“client” is a list of the registry" in problem.text("en")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"iud_png": b"GIF89a...."}, "iud.png: the content of “iud.png” is no .png"),
        ({"iud_png": b"<svg/>"}, "is no .png"),
        ({"iud_png": PNG + bytes(300 * KB)}, "has 301 kB, more than 300 kB"),
        ({"method_mp3": MP3 + bytes(2 * MB)}, "has 2.0 MB, more than 2.0 MB"),
        ({"places_csv": bytes(5 * MB + 1)}, "more than 5.0 MB"),
        ({"places_csv": b"code,title\na,b\n"}, "“places.csv” has no column “kind”"),
        (
            {"prices_csv": b"kode,price\na,1\n"},
            "no column “code”. Its columns are: kode, price",
        ),
        ({"places_csv": b"code,title,kind\n,b,c\n"}, "places.csv, row 2, column code: this row"),
        ({"places_csv": b"code,title,kind\na,b,c,d\n"}, "places.csv, row 2, column 4"),
    ],
)
def test_a_wrong_file_is_refused(changes: dict[str, bytes], said: str) -> None:
    assert said in "\n".join(refusals(**changes))


def test_files_of_other_kinds_are_refused() -> None:
    form = FORM.replace("iud.png", "iud.svg")
    (said,) = refusals(form, iud_svg=b"<svg/>", iud_png=None)
    assert "files like “iud.svg” are not supported" in said


def test_a_picture_named_by_an_answer_is_refused() -> None:
    form = FORM.replace("method.png", "${place}.png").replace("| iud.png", "| ${place}.png")
    said = refusals(form)
    assert said[0].startswith("survey, row 2, column image::中文(zh) method: the name of a picture")
    assert said[1].startswith("choices, column media::image: the name of a picture")


def test_a_form_s_files_are_bounded_together() -> None:
    names = [f"p{i}.png" for i in range(69)]
    choices = "".join(f"| | methods | m{name} | 法 | M | {name} |\n" for name in names)
    text = FORM.replace("| settings |", choices + "| settings |")
    files = FILES | dict.fromkeys(names, PNG + bytes(299 * KB))
    with pytest.raises(FormError, match=r"files have 20\.1 MB, more than 20\.0 MB"):
        compile_source(FormSource(".md", text.encode(), files=files), "p", "health")


def test_codes_with_spaces_are_refused_where_several_can_be_chosen() -> None:
    places = b"code,title,kind\na b,x,iud\n"
    assert compiled(places_csv=places)
    several = FORM.replace("select_one_from_file", "select_multiple_from_file")
    assert "row 2, column code: codes of which" in refusals(several, places_csv=places)[0]


def test_no_list_carries_an_identity_number() -> None:
    body = "11000119900307888"
    number = body + check_digit(body)
    places = f"code,title,kind\na,x,iud\nb,身份证{number},iud\n".encode()
    (said,) = refusals(places_csv=places)
    assert said.startswith("places.csv, row 3, column title")
    assert "identity number" in said
    assert number not in said, "the number itself is not repeated"
    order_number = body + ("1" if check_digit(body) != "1" else "2")
    assert compiled(places_csv=places.replace(number.encode(), order_number.encode()))


def test_a_list_offers_nothing_that_is_never_collected() -> None:
    places = "code,title,kind\na,甲站,iud\nb,准生证,iud\n".encode()
    (said,) = refusals(places_csv=places)
    assert said.startswith("places.csv, row 3, column title: “准生证” would collect")


def test_mobile_numbers_and_unused_files_are_pointed_out() -> None:
    places = b"code,title,kind,tel\na,x,iud,13812345678\nb,y,iud,028-85551234\n"
    files = {**FILES, "places.csv": places, "other.csv": b"a\n1\n"}
    form = compile_source(FormSource(".md", FORM.encode(), files=files), "p", "health")
    said = [problem.text("en") for problem in warnings(form, files)]
    unused, phones = said
    assert unused.startswith("other.csv: nothing in the form uses “other.csv”. It is left out.")
    assert phones.startswith("places.csv, column tel: this column of “places.csv” looks like")
    assert "other.csv" not in form["files"]
