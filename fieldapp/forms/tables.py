"""Reads an attached list as its author brings it (CSV, GeoJSON, flat XML) into one table of texts.

Pure. Whoever evaluates a form sees tables only, on the phone and here, so nobody else parses a
file. Refuses with the row and column of the author's file; rows count from 1, the headings among
them.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from .problems import FormProblem, Words

MOST_ROWS = 50_000
MOST_COLUMNS = 200
MOST_CELLS = 1_000_000
MOST_TEXT = 10_000  # characters of one cell
DELIMITERS = ",;\t"
GEOMETRIES = {"Point": 0, "LineString": 1, "Polygon": 2}  # how deep their points lie
HEADINGS = 1


@dataclass(frozen=True)
class Table:
    """Items by column; a cell is None where an item has no such child. lines: of each row, where it
    stands in the author's file.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    lines: tuple[int, ...]

    @cached_property
    def served(self) -> bytes:
        """As phones get it: `{"columns": […], "rows": [[…], …]}`."""
        content = {"columns": self.columns, "rows": self.rows}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


class TableError(ValueError):
    """A list that can't be read: what is wrong, in which cell."""

    def __init__(
        self, name: str, code: str, row: int | None = None, column: str = "", **params: Words
    ) -> None:
        self.problem = FormProblem(code, {"file": name, **params}, "", column, name, row)
        super().__init__(str(self.problem))


def read_table(name: str, content: bytes) -> Table:
    """The table of an attached list. Raises TableError."""
    read = {".csv": read_csv, ".geojson": read_geojson, ".xml": read_xml}
    return read[PurePath(name).suffix.lower()](name, content)


def _hold_to(name: str, count: int, most: int, code: str = "table_long") -> None:
    if count > most:
        raise TableError(name, code, most=most)


def _most_rows(columns: int) -> int:
    """Rows a list of so many columns may have: what a phone can hold and search."""
    return min(MOST_ROWS, MOST_CELLS // max(columns, 1))


# ---- CSV


def read_csv(name: str, content: bytes) -> Table:
    """UTF-8, GB18030 (Excel in China) or UTF-16; comma, semicolon or tab. Raises TableError."""
    lines = _lines(name, _decoded(name, content))
    _, heads = next(lines, (0, []))
    columns = _columns(name, heads)
    rows, places = [], []
    for line, cells in lines:
        if any(cell.strip() for cell in cells):
            rows.append(_row(name, line, cells, columns))
            places.append(line)
            _hold_to(name, len(rows), _most_rows(len(columns)))
    return Table(columns, tuple(rows), tuple(places))


def _decoded(name: str, content: bytes) -> str:
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(name, "table_encoding")


def _lines(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it begins on."""
    if "\0" in text:
        raise TableError(name, "table_binary", text.count("\n", 0, text.index("\0")) + 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    began = 1
    try:
        for cells in reader:
            if cells:
                yield began, cells
            began = reader.line_num + 1
    except csv.Error as error:
        raise TableError(name, "table_quotes", began, detail=str(error)) from None


def _delimiter(text: str) -> str:
    """The one of the headings' line that stands there most often, outside quotes."""
    heading = "".join(text.lstrip("\r\n").partition("\n")[0].split('"')[::2])
    return max(DELIMITERS, key=heading.count)


def _columns(name: str, heads: Sequence[str]) -> tuple[str, ...]:
    columns = [head.strip() for head in heads]
    while columns and not columns[-1]:
        columns.pop()
    if not columns:
        raise TableError(name, "table_empty")
    _hold_to(name, len(columns), MOST_COLUMNS, "table_wide")
    for number, column in enumerate(columns, 1):
        if not column:
            raise TableError(name, "table_heading_blank", HEADINGS, str(number))
        if column in columns[: number - 1]:
            raise TableError(name, "table_heading_twice", HEADINGS, column)
    return tuple(columns)


def _row(
    name: str, line: int, cells: Sequence[str], columns: Sequence[str]
) -> tuple[str | None, ...]:
    for at in range(len(columns), len(cells)):
        if cells[at].strip():
            raise TableError(name, "table_row_long", line, str(at + 1), count=len(columns))
    if max(map(len, cells)) > MOST_TEXT:
        column = next(c for c, cell in zip(columns, cells, strict=False) if len(cell) > MOST_TEXT)
        raise TableError(name, "table_cell_long", line, column, most=MOST_TEXT)
    return (*cells[: len(columns)], *[""] * (len(columns) - len(cells)))


# ---- GeoJSON, as ODK reads it: `geometry`, the properties, and `id`


def read_geojson(name: str, content: bytes) -> Table:
    """A FeatureCollection of points, lines and areas. A row is a feature, from 1. Raises
    TableError.
    """
    try:
        whole = json.loads(content.decode("utf-8-sig"), parse_float=_Decimals)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise TableError(name, "geojson_unreadable", line, detail=str(error)) from None
    features = whole.get("features") if isinstance(whole, dict) else None
    if not isinstance(features, list) or whole.get("type") != "FeatureCollection":
        raise TableError(name, "geojson_collection")
    _hold_to(name, len(features), MOST_ROWS)
    items = [_feature(name, number, feature) for number, feature in enumerate(features, 1)]
    return _table_of(name, items, list(range(1, len(items) + 1)))


class _Decimals(str):
    """A number with decimals, as it was written."""


def _feature(name: str, number: int, feature: Any) -> dict[str, str]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise TableError(name, "geojson_feature", number)
    item = {"geometry": _geometry(name, number, feature.get("geometry"))}
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise TableError(name, "geojson_feature", number)
    own = {key: value for key, value in properties.items() if key != "geometry"} | (
        {"id": feature["id"]} if feature.get("id") is not None else {}
    )
    return item | {key: _plain(name, number, key, value) for key, value in own.items()}


def _plain(name: str, number: int, key: str, value: Any) -> str:
    if isinstance(value, (dict, list)):
        raise TableError(name, "geojson_nested", number, key)
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value)
    if len(text) > MOST_TEXT:
        raise TableError(name, "table_cell_long", number, key, most=MOST_TEXT)
    return text


def _geometry(name: str, number: int, geometry: Any) -> str:
    """`lat lon 0 0`, several with `; ` between. An area is its outer ring."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in GEOMETRIES:
        raise TableError(name, "geojson_geometry", number, "geometry")
    points = geometry.get("coordinates")
    try:
        if GEOMETRIES[kind] == 0:
            points = [points]
        elif GEOMETRIES[kind] == 2:
            points = points[0] if points else []
        return "; ".join(_point(*point[:2]) for point in points)
    except (TypeError, ValueError, KeyError, IndexError):
        raise TableError(name, "geojson_place", number, "geometry") from None


def _point(lon: Any, lat: Any) -> str:
    """Raises TypeError or ValueError for what is no place on Earth."""
    lat, lon = (float(n) if isinstance(n, _Decimals) else n for n in (lat, lon))
    if isinstance(lon, bool) or isinstance(lat, bool) or not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError
    return f"{lat} {lon} 0 0"


# ---- XML


def read_xml(name: str, content: bytes) -> Table:
    """`<root><item><name>…</name>…</item>…</root>`. Raises TableError."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        line = error.position[0] if isinstance(error, ParseError) else None
        raise TableError(name, "table_xml", line, detail=str(error)) from None
    items = []
    for number, item in enumerate(root, 1):
        if item.tag != "item" or any(len(cell) for cell in item):
            raise TableError(name, "table_xml_flat", number)
        items.append({str(cell.tag): (cell.text or "").strip() for cell in item})
        _hold_to(name, number, MOST_ROWS)
    return _table_of(name, items, list(range(1, len(items) + 1)))


def _table_of(name: str, items: Sequence[dict[str, str]], lines: Sequence[int]) -> Table:
    columns = tuple(dict.fromkeys(key for item in items for key in item))
    _hold_to(name, len(columns), MOST_COLUMNS, "table_wide")
    _hold_to(name, len(items), _most_rows(len(columns)))
    rows = tuple(tuple(item.get(column) for column in columns) for item in items)
    return Table(columns, rows, tuple(lines))
