"""Patterns that would stop a phone are told from those that authors write."""

import re
import time

import pytest

from fieldapp.forms.regexes import UnsafePatternError, check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{11}$",
        r"^1[3-9]\d{9}$",
        r"^[1-9]\d{5}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[0-9Xx]$",
        r"^[^@\s]+@[^@\s]+\.[a-z]+$",
        r"^[\u4e00-\u9fa5·]{2,20}$",
        r"^(\d{1,3}\.){3}\d{1,3}$",
        r"^\s*\w+\s*$",
        r"^([a-z]+-)*[a-z]+$",
        r"^(yes|no)+$",
        r"^(?=.*\d)[a-z0-9]{6,}$",
        r"(13|15|18)\d{9}|0\d{2,3}-?\d{7,8}",
        r".*",
        r"",
        r"^.{0,500}$",
        r"^(ab|cd){0,100}$",
    ],
)
def test_what_authors_write_is_accepted(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"^(a+)+$", "ambiguous"),
        (r"(a*)*b", "ambiguous"),
        (r"(a|a)*b", "ambiguous"),
        (r"^(?:a|b|ab)*c$", "ambiguous"),
        (r"^([a-zA-Z0-9_.-]+)*@x$", "ambiguous"),
        (r"(x+x+)+y", "ambiguous"),
        (r"^(\w+\s?)*$", "ambiguous"),
        (r"((a{0,50}){0,50}){0,50}", "ambiguous"),
        (r"^(a?){50}a{50}$", "ambiguous"),
        (r"(?=(a+)+b)", "ambiguous"),
        (r"(.*,)*x", "ambiguous"),
        (r"(\d|[0-9])+$", "ambiguous"),
        (r"([^x]|y)*z", "ambiguous"),
        (r"(\D|[^\W])*;", "ambiguous"),
        (r"(a+)\1", "unsupported"),
        (r"(", "invalid"),
        ("(" * 400 + "a" + ")+" * 400, "too_big"),
        ("a" * 500, "too_big"),
        ("a" * 2000, "too_big"),
        (r"a{1,99999999999999}", "invalid"),
    ],
)
def test_what_would_never_end_is_refused(pattern: str, why: str) -> None:
    began = time.process_time()
    with pytest.raises(UnsafePatternError, match=why):
        check_pattern(pattern)
    assert time.process_time() - began < 1


def test_a_refused_pattern_really_is_slow_and_an_accepted_one_is_not() -> None:
    def seconds(pattern: str, text: str) -> float:
        began = time.process_time()
        re.search(pattern, text)
        return time.process_time() - began

    assert seconds(r"^(\w+\s?)*$", "a" * 24 + "!") > 0.1
    assert seconds(r"^([a-z]+-)*[a-z]+$", "a-" * 2000 + "!") < 0.1
