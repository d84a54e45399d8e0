"""Thousands of clients out of one: what their phones would send, and what the server would store.

Texts are the story's with other ids, names and villages in them. What depends on ids otherwise is
worked out by the product's own functions: ids made of others, versions, seals. That the rows are
those which real pushes leave is proven in tests/sync/test_bench_fill.py.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from fieldapp.programs.service import load_programs
from fieldapp.subjects import sealing
from fieldapp.sync.entities import NAMESPACE, Entity, read_state, versions
from fieldapp.sync.merge import checksum
from fieldapp.sync.rules import CurrentRules
from fieldapp.sync.store import NO_SUM
from fieldapp.sync.written import written_about

from .story import INSTALL, NAME, PHONE, SECRET, STORED, VILLAGE, Row, Story

IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
GIVEN = "梅兰芳英秀丽娜静敏燕玲霞红艳玉凤洁琳雪莉"
MADE = "2026-11-09T01:12:00.000000Z"
CONSENTS = ("preg", "contra", "msg")


@dataclass(frozen=True)
class Village:
    """Where clients live, and whose they are. number: unique; clients: how many live there."""

    number: int
    clients: int

    @property
    def area(self) -> str:
        """Its code."""
        return f"{379901001001 + self.number:012d}"

    @property
    def nurse(self) -> str:
        """The id of its nurse."""
        return _random_id("nurse", self.number)

    @property
    def install(self) -> str:
        """The id of her phone's install."""
        return _random_id("install", self.number)

    @property
    def device(self) -> str:
        """The id of her phone."""
        return _random_id("device", self.number)


class Text:
    """A text with places for ids and what else differs from client to client."""

    def __init__(self, text: str, places: Sequence[str]) -> None:
        numbers = {place: number for number, place in enumerate(places)}
        parts = re.split("(" + "|".join(map(re.escape, places)) + ")", text)
        self._parts = parts
        self._places = [numbers[part] for part in parts[1::2]]

    def filled(self, values: Sequence[str]) -> str:
        """The text of one client."""
        parts = self._parts.copy()
        parts[1::2] = [values[place] for place in self._places]
        return "".join(parts)


class Clones:
    """Makes clients of a story."""

    def __init__(self, story: Story) -> None:
        self._wrapper = sealing.wrapper_for(SECRET)
        self._rules = CurrentRules(load_programs())
        sent = [json.dumps(s, ensure_ascii=False) for s in story.submissions]
        sent = [text.replace('"n": 0,', '"n": @N@,', 1) for text in sent]
        rows = {name: [list(row.values()) for row in rows] for name, rows in story.rows.items()}
        self.columns = {name: list(rows[0]) for name, rows in story.rows.items()}
        whole = json.dumps(rows, ensure_ascii=False)
        own = {story.nurse, INSTALL}
        ids = [i for i in dict.fromkeys(IDS.findall("".join([*sent, whole]))) if i not in own]
        self._places = [*ids, story.nurse, INSTALL, VILLAGE, NAME, PHONE, "@N@"]
        self._made = self._made_ids(story, ids)
        self._sent = [Text(text, self._places) for text in sent]
        self._rows = Text(whole, self._places)
        self._sids = [ids.index(s["id"]) for s in story.submissions]
        self._touched = [[ids.index(t["e"]) for t in s["entities"]] for s in story.submissions]
        self._ids = len(ids)
        self._fresh = [{ids.index(i) for i in IDS.findall(text) if i in ids} for text in sent]
        for number, before in enumerate(self._fresh):
            self._fresh[number] = before.difference(*self._fresh[:number])

    def _made_ids(self, story: Story, ids: list[str]) -> dict[int, tuple[int, str]]:
        """Ids of consents are made of the client's and what was agreed to."""
        client = story.submissions[0]["entities"][0]["e"]
        made = {str(uuid5(NAMESPACE, f"consent|{client}|{scope}")): scope for scope in CONSENTS}
        assert made.keys() == {i for i in ids if UUID(i).version == 5}
        return {ids.index(i): (ids.index(client), scope) for i, scope in made.items()}

    def _values(self, village: Village, client: int) -> list[str]:
        """What stands in the places of a client's texts. client: 0, 1, 2… in the village."""
        number = village.number * 1_000_000 + client
        ids = [_random_id(number, place) for place in range(self._ids)]
        for place, (person, scope) in self._made.items():
            ids[place] = str(uuid5(NAMESPACE, f"consent|{ids[person]}|{scope}"))
        name = SURNAMES[number % 20] + GIVEN[number // 20 % 20] + GIVEN[number // 400 % 20]
        phone = f"138{number * 7919 % 10**8:08d}"
        return [*ids, village.nurse, village.install, village.area, name, phone, ""]

    # ---- what phones send

    def stored_bodies(self, village: Village, client: int) -> list[str]:
        """The submissions that lead to what `rows` gives, in their order."""
        values = self._values(village, client)
        return [
            text.filled([*values[:-1], str(_n(client, j))])
            for j, text in enumerate(self._sent[:STORED])
        ]

    def further(self, village: Village, client: int) -> Iterator[str]:
        """Visits without end that can follow those stored, each replacing what the last wrote."""
        values = self._values(village, client)
        last = values[self._sids[STORED - 1]]
        for number in count():
            form = STORED if number == 0 else STORED + 1 + (number - 1) % 2
            for place in self._fresh[form]:
                values[place] = _random_id(village.number, client, number, place)
            values[self._sids[form - 1]] = last
            last = values[self._sids[form]]
            n = village.clients * STORED + number * village.clients + client + 1
            yield self._sent[form].filled([*values[:-1], str(n)])

    # ---- what is stored

    def rows(self, village: Village, client: int, seq: int) -> dict[str, list[list[Any]]]:
        """The rows of a client's story, by table; seq: how far the village's feeds had counted."""
        values = self._values(village, client)
        found: dict[str, list[list[Any]]] = json.loads(self._rows.filled(values))
        at = {column: place for place, column in enumerate(self.columns["submission"])}
        for j, row in enumerate(sorted(found["submission"], key=lambda r: r[at["at"]])):
            body = self._sent[j].filled([*values[:-1], str(_n(client, j))]).encode()
            row[at["sha"]], row[at["n"]] = sha256(body).hexdigest(), _n(client, j)
            row[at["body"]] = body
            row[at["device_id"]], row[at["skew"]] = village.device, 0
        vers = self._versions(found["entity"])
        places = self._counted(values, seq)
        found["feed_change"] = [
            [feed, entity, places[entity], vers[entity][feed]]
            for feed, entity, *_ in found["feed_change"]
        ]
        found["subject_key"] = [self._seal(found)]
        return found

    def _seal(self, found: dict[str, list[list[Any]]]) -> list[Any]:
        """Seal all that is to be; the row of the client's key."""
        ((_, subject), *_) = found["entity_subject"]
        key, kid = sealing.new_key(), sealing.new_kid()
        cipher = sealing.cipher(key)

        def seal(table: str, column: str, about: Callable[[Row], str], pack: bool = True) -> None:
            columns = self.columns[table]
            place = columns.index(column)
            for row in found[table]:
                text = row[place]
                plain = text.encode() if isinstance(text, str) else text
                head = sealing.head_about([kid], pack and sealing.is_long(plain))
                told = about(dict(zip(columns, row, strict=True)))
                row[place] = sealing.seal(cipher, head, plain, told)

        seal("submission", "body", lambda row: str(row["id"]))
        seal("mention", "sealed", lambda row: written_about(row["sid"], row["entity"]))
        seal("entity", "state", lambda row: f"entity/{row['id']}", pack=False)
        wrapped = self._wrapper.wrap(key, f"subject/{subject}")
        return [subject, kid.hex(), wrapped, MADE, None]

    @property
    def stored(self) -> int:
        """How many submissions of a client are stored."""
        return STORED

    @property
    def steps(self) -> int:
        """How far a feed counts for one client."""
        return sum(len(touched) for touched in self._touched[:STORED])

    def _counted(self, values: Sequence[str], seq: int) -> dict[str, int]:
        """The number of each entity's last change, if each visit came in a push of its own."""
        places: dict[str, int] = {}
        for touched in self._touched[:STORED]:
            for entity in sorted(values[place] for place in touched):
                seq += 1
                places[entity] = seq
        return places

    def _versions(self, rows: list[list[Any]]) -> dict[str, dict[str, str]]:
        columns, found = self.columns["entity"], {}
        for row in rows:
            told = dict(zip(columns, row, strict=True))
            state, areas = read_state(told["state"]), tuple(json.loads(told["areas"]))
            entity = Entity(told["id"], told["type"], told["scope"], state, areas)
            view = self._rules.type(entity.scope, entity.type)
            assert view
            found[entity.id] = versions(entity, view)
        return found


def heads(rows: Sequence[Sequence[Any]], seq: int) -> list[Row]:
    """Feed heads over feed_change rows [feed, entity, seq, ver]."""
    by_feed: dict[str, list[str]] = {}
    for feed, _, _, ver in rows:
        by_feed.setdefault(feed, []).append(ver)
    return [
        {"feed": feed, "epoch": "benched0", "seq": seq, "sum": checksum(vers, NO_SUM),
         "count": len(vers)}
        for feed, vers in by_feed.items()
    ]  # fmt: skip


def _n(client: int, j: int) -> int:
    return client * STORED + j + 1


def _random_id(*of: object) -> str:
    """A UUIDv4 that depends on nothing else."""
    raw = bytearray(blake2b(repr(of).encode(), digest_size=16).digest())
    raw[6], raw[8] = raw[6] & 0x0F | 0x40, raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
