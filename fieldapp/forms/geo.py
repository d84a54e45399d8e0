"""Length, area and crossings of what geopoint, geotrace and geoshape answers hold, on a sphere."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

from .values import Value, texts, to_number

EARTH_RADIUS_M = 6_378_100
_Point: TypeAlias = tuple[float, float]


def geofence(point: Value, shape: Value) -> bool:
    """Whether the point lies inside: how often a ray from it crosses the outline."""
    spot, ring = _points([point]), _points([shape])
    if spot is None or ring is None or len(spot) != 1 or ring[0] != ring[-1]:
        return False
    y, x = spot[0]
    crossings = [
        x < (ax - bx) * (y - by) / (ay - by) + bx
        for (ay, ax), (by, bx) in pairwise(ring)
        if (ay > y) != (by > y)
    ]
    return sum(crossings) % 2 == 1


def intersects(value: Value) -> bool:
    """Whether any two segments of the outline meet that don't follow each other."""
    points = _points([value])
    if points is None:
        return False
    segments = list(pairwise(points))
    closed = points[0] == points[-1]
    return any(
        _meet(a, b)
        for i, a in enumerate(segments)
        for j, b in enumerate(segments[i + 2 :], i + 2)
        if not (closed and i == 0 and j == len(segments) - 1)
    )


def _meet(one: tuple[_Point, _Point], other: tuple[_Point, _Point]) -> bool:
    (a, b), (c, d) = one, other
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] != turns[1] and turns[2] != turns[3]:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(t == 0 and _between(*e) for t, e in zip(turns, ends, strict=True))


def _turn(a: _Point, b: _Point, c: _Point) -> int:
    """1: left, -1: right, 0: straight on."""
    cross = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (cross > 0) - (cross < 0)


def _between(a: _Point, b: _Point, c: _Point) -> bool:
    """Whether c, on the line through a and b, lies between them."""
    return all(min(p, q) <= r <= max(p, q) for p, q, r in zip(a, b, c, strict=True))


def _points(values: Sequence[Value]) -> list[tuple[float, float]] | None:
    """Latitude and longitude in radians of every point; None if one can't be read."""
    points = []
    for part in (
        part.strip() for text in texts(values) for part in text.strip().strip(";").split(";")
    ):
        match part.split():
            case [latitude, longitude, *rest] if len(rest) <= 2:
                lat, lon = to_number(latitude), to_number(longitude)
                if not (abs(lat) <= 90 and abs(lon) <= 180):
                    return None
                points.append((math.radians(lat), math.radians(lon)))
            case _:
                return None
    return points


def distance(*values: Value) -> float:
    """Length in metres of the line through the points, along great circles."""
    points = _points(values)
    if points is None or len(points) < 2:
        return math.nan
    total = 0.0
    for (lat1, lon1), (lat2, lon2) in pairwise(points):
        cosine = math.sin(lat1) * math.sin(lat2) + math.cos(lat1) * math.cos(lat2) * math.cos(
            lon1 - lon2
        )
        total += math.acos(max(-1.0, min(1.0, cosine))) * EARTH_RADIUS_M
    return math.floor(total * 100 + 0.5) / 100


def area(value: Value) -> float:
    """Area in square metres within the points."""
    points = _points([value])
    if points is None or len(points) < 2:
        return math.nan
    if len(points) < 3:
        return 0.0
    ring = points if points[0] == points[-1] else [*points, points[0]]
    total = sum(
        (lon2 - lon1) * (2 + math.sin(lat1) + math.sin(lat2))
        for (lat1, lon1), (lat2, lon2) in pairwise(ring)
    )
    return math.floor(abs(total * EARTH_RADIUS_M * EARTH_RADIUS_M / 2) * 100 + 0.5) / 100
