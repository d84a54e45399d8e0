"""Whether a password would soon be guessed. Pure.

Held against it: the 30,000 most frequent of ten million breached passwords, with names, words,
keyboard walks, dates and what people make of them (zxcvbn, MIT); and the words of the place: of
this work (`place_words.txt`), the areas, the person. Nothing is sent anywhere.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

SHORTEST, LONGEST = 8, 200
LEAST = 10**7  # guesses; log-in allows 480 a day
LOOKED_AT = 72  # characters: what follows makes none easier to guess
LEFT = 4  # letters a password has besides words of the place
_WORDS = Path(__file__).with_name("place_words.txt")
_SIGNS = re.compile(r"[\W\d_]+")
_KINDS = re.compile(r"(省|市|区|县|镇|乡|街道|村|社区|居委会)$")
REMEDIES = {
    "short": ("至少要 8 个字符", "Use 8 characters or more"),
    "long": ("最多 200 个字符", "Use 200 characters at most"),
    "username": ("不要含有用户名", "Leave the log-in name out"),
    "known": (
        "这个密码太常见，泄露过，一猜就中。请用三四个互不相干的词连起来",
        "This password is common and was leaked before. Join three or four words that have nothing "
        "to do with each other",
    ),
    "place": (
        "不要用地名、人名、单位和工作用语加数字。请用三四个互不相干的词连起来",
        "A name, a place or a word of this work with digits is guessed first. Join three or four "
        "words that have nothing to do with each other",
    ),
    "simple": (
        "太容易猜到。请写长一些，例如三四个互不相干的词连起来",
        "It is easily guessed. Make it longer: join three or four words that have nothing to do "
        "with each other",
    ),
    "same": ("请用一个和现在不同的密码", "Choose another than the present one"),
}


def fault(password: str, username: str, near: Iterable[str] = ()) -> str | None:
    """Why it won't do, a key of REMEDIES; None if it will. near: names of the person and places."""
    plain = password.lower()
    if not SHORTEST <= len(password) <= LONGEST:
        return "short" if len(password) < SHORTEST else "long"
    if username.lower() in plain:
        return "username"
    if plain in _known():
        return "known"
    words = place_words() | {form for name in near for form in forms_of(name)}
    if _is_of_the_place(plain, words):
        return "place"
    return "simple" if _guesses(password, (username, *words)) < LEAST else None


def forms_of(name: str) -> set[str]:
    """A name as people type it: as it is, without `村`, in pinyin, by initials."""
    from pypinyin import lazy_pinyin  # 56 MB: only when somebody chooses a password

    plain = name.strip().lower()
    bare = _KINDS.sub("", plain)
    found = {plain, bare}
    for one in (plain, bare):
        spelt = lazy_pinyin(one)
        found |= {"".join(spelt), "".join(part[:1] for part in spelt if part)}
        found |= set(one.split()) if one.isascii() else set()
    return {form for form in found if len(form) >= (3 if form.isascii() else 2)}


@cache
def place_words() -> frozenset[str]:
    """The words of this work."""
    lines = _WORDS.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _is_of_the_place(plain: str, words: Iterable[str]) -> bool:
    """Whether little is left of a password without the words of the place, digits and signs."""
    left, found = plain, False
    for word in sorted(words, key=len, reverse=True):
        if word in left:
            left, found = left.replace(word, " "), True
    return found and len(_SIGNS.sub("", left)) < LEFT


@cache
def _known() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # large: only when somebody chooses one

    return frozenset(FREQUENCY_LISTS["passwords"])


def _guesses(password: str, near: Iterable[str]) -> int:
    from zxcvbn import zxcvbn

    plain = password.encode("utf-8", "replace").decode()
    return int(zxcvbn(plain[:LOOKED_AT], user_inputs=list(near))["guesses"])
