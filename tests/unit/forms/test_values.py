"""Conversions that must hold for every value, found by trying many."""

import math
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from fieldapp.forms.functions import LIBRARY
from fieldapp.forms.values import (
    Date,
    Moment,
    compare,
    day_of,
    moment_of,
    number_text,
    parse_date,
    parse_moment,
    to_boolean,
    to_number,
    to_text,
)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))


@given(NUMBERS)
def test_a_number_s_text_reads_back_as_the_number(number: float) -> None:
    assert to_number(number_text(number)) == number


@given(NUMBERS)
def test_a_number_s_text_has_no_exponent_and_no_idle_zeros(number: float) -> None:
    text = number_text(number)
    assert "e" not in text
    assert not ("." in text and text.endswith(("0", ".")))


@given(st.integers(-(10**15), 10**15))
def test_a_whole_number_is_written_without_a_point(number: int) -> None:
    assert number_text(float(number)) == str(number)


@given(DAYS)
def test_a_day_survives_being_a_number_and_text(day: date) -> None:
    parsed = parse_date(day.isoformat())
    assert parsed is not None
    assert str(parsed) == day.isoformat()
    assert day_of(to_number(parsed)) == parsed
    assert day_of(to_number(day.isoformat())) == parsed
    assert compare("=", parsed, day.isoformat())


@given(DAYS, DAYS)
def test_days_compare_as_the_calendar_does(a: date, b: date) -> None:
    assert compare("<", a.isoformat(), b.isoformat()) == (a < b)
    assert to_number(b.isoformat()) - to_number(a.isoformat()) == (b - a).days


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)), st.integers(0, 86_399_999))
def test_a_moment_survives_to_the_millisecond(day: date, milliseconds: int) -> None:
    seconds, rest = divmod(milliseconds, 1000)
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    text = f"{day}T{hour:02}:{minute:02}:{second:02}.{rest:03}+08:00"
    parsed = parse_moment(text)
    assert isinstance(parsed, Moment)
    assert str(moment_of(parsed.days, "+08:00")) == text


@given(st.text())
def test_any_text_can_be_converted(text: str) -> None:
    assert to_text(text) == text
    assert to_boolean(text) == (text != "")
    assert isinstance(to_number(text), float)


@given(st.text(), st.integers(-20, 20), st.integers(-20, 20))
def test_substr_is_part_of_the_text(text: str, start: int, end: int) -> None:
    found = LIBRARY["substr"](text, float(start), float(end))
    assert isinstance(found, str)
    assert found in text


@given(NUMBERS.filter(lambda n: abs(n) < 1e12))
def test_rounding_goes_at_most_half_way(number: float) -> None:
    rounded = LIBRARY["round"](number)
    assert isinstance(rounded, float)
    assert abs(rounded - number) <= 0.5
    assert LIBRARY["round"](-number) == -rounded


def test_the_ends_of_the_calendar() -> None:
    assert parse_date("0000-01-01") is None
    assert day_of(math.nan) is None
    assert day_of(3e6) is None
    assert moment_of(3e6, "") is None
    assert str(moment_of(0.999999999, "Z")) == "1970-01-02T00:00:00.000Z"
    assert parse_moment("2026-11-02T25:00") is None
    assert str(Date(0)) == "1970-01-01"


def test_functions_give_nothing_rather_than_fail() -> None:
    assert LIBRARY["regex"]("a", "(") is False
    assert LIBRARY["digest"]("a", "SHA-9") == ""
    assert LIBRARY["base64-decode"]("%") == ""
    assert LIBRARY["base64-decode"]("/w==") == ""
    assert LIBRARY["count"]("text") == 0
    assert math.isnan(to_number(LIBRARY["round"](1.0, "x")))
    assert LIBRARY["round"](math.inf) == math.inf
    assert LIBRARY["int"](-math.inf) == -math.inf
    assert LIBRARY["floor"](math.inf) == math.inf
    assert LIBRARY["exp"](1e9) == math.inf
    assert math.isnan(to_number(LIBRARY["pow"](-8.0, 1 / 3)))
    assert LIBRARY["log"](0.0) == LIBRARY["log10"](0.0) == -math.inf
    assert math.isnan(to_number(LIBRARY["area"]("0 0;0 200")))
    assert LIBRARY["area"]("0 0;0 1") == 0
    assert LIBRARY["decimal-time"](Moment(1.25, "")) == 0.25
    assert LIBRARY["format-date-time"](20759.5, "%H") == "12"
    assert LIBRARY["substr"]("abc", math.nan) == "abc"
    assert LIBRARY["checklist"](1.0, 5.0, [], "x") is True
