"""Which passwords are refused, and what a person is told to do."""

import pytest

from fieldapp.accounts import guessable

NEAR = ("王芳", "柳林村", "Liulin", "柳河镇", "Liuhe")


def fault(password: str, username: str = "wang") -> str | None:
    return guessable.fault(password, username, NEAR)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short 1", "short"),
        ("x" * 201, "long"),
        ("Wang-and-the-sea-8", "username"),
        ("password1", "known"),
        ("1qaz2wsx", "known"),
        ("QWER1234", "known"),
        ("Liulin2026!", "place"),
        ("柳林村2026年", "place"),
        ("liulincun@88", "place"),
        ("WF19900101", "simple"),
        ("wangfang1314", "username"),
        ("zoufang_2026", "place"),
        ("woaini5201314", "place"),
        ("卫生院随访12345", "place"),
        ("aaaaaaaaaaaa", "simple"),
        ("19900101ab", "simple"),
        ("20261102", "simple"),
    ],
)
def test_these_are_refused(password: str, why: str) -> None:
    assert fault(password) == why
    assert all(guessable.REMEDIES[why])


@pytest.mark.parametrize(
    "password",
    [
        "walk river green",
        "梧桐 铁锅 周三 蓝布",
        "liulin tractor marmalade",
        "gnaw-2026!",
        "correct horse battery",
        "密码本里没有的七弯八拐",
        "\ud800 half a character here",
    ],
)
def test_these_will_do(password: str) -> None:
    assert fault(password) is None


def test_every_one_of_the_3000_most_common_is_refused() -> None:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    common = list(FREQUENCY_LISTS["passwords"])[:3000]
    assert len(common) == 3000
    assert [one for one in common if guessable.fault(one, "wang") is None] == []


def test_a_long_one_takes_no_longer() -> None:
    assert fault("ab1-" * 50) in (None, "simple")


def test_the_words_of_the_place_are_there() -> None:
    words = guessable.place_words()
    assert {"走访", "zoufang", "mima"} <= words
    assert not [word for word in words if word != word.strip().lower() or len(word) < 2]
