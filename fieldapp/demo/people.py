"""Made-up people: names, birthdays, phones and document numbers. Pure; chance is given.

Every number has the real format and can't be anybody's: identity numbers carry a county code that
was never assigned and a correct check digit, mobile numbers an exchange of zeros.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

UNASSIGNED_COUNTY = "379901"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
WOMEN = "芳娜静敏丽娟艳玲桂英秀兰霞红梅燕雪琳婷洁莉慧佳欣颖倩雯瑶薇蓉萍春月莹岚"
MEN = "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆旭宁龙林峰志海建国文博"
PREFIXES = (
    "130",
    "132",
    "135",
    "137",
    "138",
    "139",
    "150",
    "151",
    "158",
    "159",
    "181",
    "186",
    "187",
    "189",
)
HOMES = (
    "河南省云岭县",
    "安徽省竹溪口县",
    "四川省白鹭坝县",
    "贵州省松河县",
    "湖北省三渡县",
    "江苏省芦荡县",
    "山东省泉城示范区",
    "河北省柳湾县",
    "黑龙江省雪原县",
    "甘肃省沙枣县",
)


@dataclass(frozen=True)
class Person:
    """Somebody who doesn't exist. sex: GB/T 2261.1 code, `1` man, `2` woman."""

    name: str
    sex: str
    dob: date
    phone: str


def make_person(random: Random, today: date, sex: str, youngest: int, oldest: int) -> Person:
    """A person of an age within these years on `today`."""
    days = random.randint(youngest * 365 + youngest // 4 + 1, oldest * 365 + oldest // 4)
    return Person(make_name(random, sex), sex, today - timedelta(days), make_phone(random))


def make_name(random: Random, sex: str) -> str:
    """Surname and one or two characters."""
    given = random.sample(WOMEN if sex == "2" else MEN, random.choice((1, 2, 2)))
    return random.choice(SURNAMES) + "".join(given)


def make_phone(random: Random) -> str:
    """A mobile number of an exchange that isn't in use."""
    return f"{random.choice(PREFIXES)}0000{random.randint(0, 9999):04}"


def id_number(random: Random, person: Person) -> str:
    """A resident identity number with the person's birthday and sex, and its check digit."""
    last = random.choice((1, 3, 5, 7, 9) if person.sex == "1" else (0, 2, 4, 6, 8))
    order = random.randrange(1, 100) * 10 + last
    body = f"{UNASSIGNED_COUNTY}{person.dob:%Y%m%d}{order:03}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """The eighteenth character for the first seventeen (GB 11643)."""
    return CHECK[sum(int(d) * w for d, w in zip(body, WEIGHTS, strict=True)) % 11]
