"""The made-up district: two towns, twelve villages, and addresses in them. Pure; chance is given.

The county code 379901 was never assigned. Communities have codes up to 199, villages from 200.
"""

from dataclasses import dataclass
from random import Random

DISTRICT = "379901000000"
LIUHE, NANSHAN = "379901001000", "379901002000"
LIULIN, SHIQIAO = "379901001201", "379901001202"

# code, Chinese and English name, level, parent, dwellings per thousand of the district
AREAS: tuple[tuple[str, str, str, str, str | None, int], ...] = (
    (DISTRICT, "示范区（虚构）", "Demo District", "district", None, 0),
    (LIUHE, "柳河镇", "Liuhe Town", "town", DISTRICT, 0),
    (NANSHAN, "南山镇", "Nanshan Town", "town", DISTRICT, 0),
    ("379901001001", "柳河社区", "Liuhe Community", "village", LIUHE, 150),
    ("379901001002", "新桥社区", "Xinqiao Community", "village", LIUHE, 110),
    (LIULIN, "柳林村", "Liulin Village", "village", LIUHE, 130),
    (SHIQIAO, "石桥村", "Shiqiao Village", "village", LIUHE, 90),
    ("379901001203", "杏花村", "Xinghua Village", "village", LIUHE, 60),
    ("379901001204", "北渡村", "Beidu Village", "village", LIUHE, 60),
    ("379901002001", "南山社区", "Nanshan Community", "village", NANSHAN, 120),
    ("379901002201", "南坡村", "Nanpo Village", "village", NANSHAN, 80),
    ("379901002202", "枣园村", "Zaoyuan Village", "village", NANSHAN, 70),
    ("379901002203", "双泉村", "Shuangquan Village", "village", NANSHAN, 50),
    ("379901002204", "松峰村", "Songfeng Village", "village", NANSHAN, 40),
    ("379901002205", "河湾村", "Hewan Village", "village", NANSHAN, 40),
)
# Where the clients of a town may agree to be referred: name and number, as made up as the town.
CLINICS = {LIUHE: ("柳河镇卫生院", "0632-5550101"), NANSHAN: ("南山镇卫生院", "0632-5550201")}
TOWNS = {
    code: parent for code, _zh, _en, level, parent, _share in AREAS if level == "village" and parent
}
VILLAGES = tuple(code for code, _zh, _en, level, _parent, _share in AREAS if level == "village")
NAMES = {code: zh for code, zh, *_ in AREAS}
SHARES = {code: share for code, *_, share in AREAS}
STREETS = ("东大街", "西大街", "建设路", "文化路", "南巷", "北巷", "河沿街", "学校路")


@dataclass(frozen=True)
class Address:
    """Where a dwelling stands, as its door plate says."""

    area: str
    grid: str
    address: str
    unit_no: str
    community: bool


def addresses(random: Random, area: str, count: int) -> list[Address]:
    """`count` different addresses of a village: flats in a community, courtyards in a village."""
    community = int(area[-3:]) < 200
    found: dict[tuple[str, str], Address] = {}
    while len(found) < count:
        one = _flat(random, area) if community else _courtyard(random, area)
        found.setdefault((one.address, one.unit_no), one)
    return list(found.values())


def _flat(random: Random, area: str) -> Address:
    block, unit = random.randint(1, 9), random.randint(1, 4)
    floor, room = random.randint(1, 6), random.randint(1, 3)
    street = STREETS[block % len(STREETS)]
    address = f"{NAMES[area]}{street}{block * 2}号{block}号楼"
    grid = f"第{1 + block // 4}网格 {block}号楼"
    return Address(area, grid, address, f"{unit}-{floor}-{floor}0{room}", True)


def _courtyard(random: Random, area: str) -> Address:
    street, number = random.choice(STREETS), random.randint(1, 99)
    part = random.choice(("1", "1", "1", "东屋", "西屋", "2楼"))
    grid = f"第{1 + number % 3}网格"
    return Address(area, grid, f"{NAMES[area]}{street}{number}号", part, False)
