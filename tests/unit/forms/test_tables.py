"""Lists as their authors save them: from Excel in China, from a map, from another system."""

import json

import pytest

from fieldapp.forms.tables import MOST_ROWS, Table, TableError, read_table

VILLAGES = "name,label,town\nwu,吴村,北镇\nli,李庄,南镇\n"


def refused(name: str, content: bytes | str) -> str:
    """What a list is refused for."""
    with pytest.raises(TableError) as error:
        read_table(name, content if isinstance(content, bytes) else content.encode())
    return error.value.problem.text("en")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_whatever_excel_saves_is_the_same_table(
    encoding: str, delimiter: str, newline: str
) -> None:
    text = VILLAGES.replace(",", delimiter).replace("\n", newline)
    table = read_table("villages.CSV", text.encode(encoding))
    assert table == Table(
        ("name", "label", "town"), (("wu", "吴村", "北镇"), ("li", "李庄", "南镇")), (2, 3)
    )


def test_quoted_cells_blank_lines_and_short_rows() -> None:
    text = 'name, label ,\n\n"a,b","说""好""\n第二行",\n,,\nc\n'
    table = read_table("a.csv", text.encode())
    assert table.columns == ("name", "label")
    assert table.rows == (("a,b", '说"好"\n第二行'), ("c", ""))
    assert table.lines == (3, 6), "a row is named by the line it begins on"


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "a.csv", "is empty"),
        ("name,label\n1,x,y\n", "a.csv, row 2, column 3", "more cells"),
        ('name,label\n1,x\n2,"y\n', "a.csv, row 3", "quotes"),
        ("name,,town\n", "a.csv, row 1, column 2", "no heading"),
        ("name,label,name\n", "a.csv, row 1, column name", "called “name”"),
        ("name\n" + "x" * 10_001, "a.csv, row 2, column name", "over 10000"),
        ("name\na\nb\0\n", "a.csv, row 3", "no text"),
        (b"name\n\xff\xff\xff\n", "a.csv", "encoding"),
        ("name\n" + "x\n" * (MOST_ROWS + 1), "a.csv", "no more than 50000 rows"),
        (",".join(map(str, range(200))) + "\n" + "x\n" * 5001, "a.csv", "no more than 5000 rows"),
        (",".join(map(str, range(201))), "a.csv", "more than 200 columns"),
    ],
)
def test_a_broken_csv_is_refused_at_its_cell(text: bytes | str, place: str, said: str) -> None:
    told = refused("a.csv", text)
    assert told.startswith(place)
    assert said in told


def collection(*features: object) -> bytes:
    """A GeoJSON document."""
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def feature(kind: str, coordinates: object, **properties: object) -> dict[str, object]:
    """A GeoJSON feature."""
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def test_a_map_becomes_items_as_odk_reads_them() -> None:
    well = feature("Point", [104.06, 30.67, 500], id="w1", title="水井", depth=12.50, dry=None)
    road = {**feature("LineString", [[104, 30], [105, 31]], title="路"), "id": 7}
    field = feature("Polygon", [[[1, 2], [3, 4], [1, 2]]], id="f")
    table = read_table("places.geojson", collection(well, road, field))
    assert table.columns == ("geometry", "id", "title", "depth", "dry")
    assert table.rows == (
        ("30.67 104.06 0 0", "w1", "水井", "12.5", ""),
        ("30 104 0 0; 31 105 0 0", "7", "路", None, None),
        ("2 1 0 0; 4 3 0 0; 2 1 0 0", "f", None, None, None),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "can't be read"),
        (b"[]", "no FeatureCollection"),
        (b'{"type": "FeatureCollection"}', "no FeatureCollection"),
        (b"[" * 100_000, "can't be read"),
        (collection(1), "row 1: this item"),
        (collection(feature("Point", [1, 2]), feature("Point", [30, 104])), "row 2, column geo"),
        (collection(feature("Point", ["a", 2])), "coordinates"),
        (collection(feature("Point", None)), "coordinates"),
        (collection(feature("Point", {"x": 1})), "coordinates"),
        (collection(feature("Polygon", [7])), "coordinates"),
        (collection(feature("MultiPoint", [[1, 2]])), "no Point"),
        (collection(feature("Point", [1, 2], more={"a": 1})), "row 1, column more"),
        (collection({"type": "Feature", "geometry": None}), "no Point"),
        (collection({**feature("Point", [1, 2]), "properties": [1]}), "row 1: this item"),
    ],
)
def test_a_broken_map_is_refused_at_its_feature(content: bytes, said: str) -> None:
    assert said in refused("places.geojson", content)


def test_a_flat_xml_list_is_read_and_entities_are_not() -> None:
    xml = "<root><item><name>a</name><label>甲</label></item><item><name>b</name></item></root>"
    assert read_table("a.xml", xml.encode()).rows == (("a", "甲"), ("b", None))
    assert "no flat item" in refused("a.xml", "<root><row/></root>")
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaa">]><root><item><name>&a;</name></item></root>'
    assert "can't be read" in refused("a.xml", bomb)
