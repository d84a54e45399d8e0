"""F0, told as stories: who becomes a client, and what is kept of a yes, a no and a withdrawal."""

from typing import Any

import pytest

from tests.unit.programs.filling import LIU, LIULIN, ZHANG, Filling

SHIQIAO = "379901001002"

START = {"visit_date": "2026-11-01", "known": "0", "lang_ok": "1"}
PERSON = {"n_name": "张小梅", "n_sex": "2", "n_dob": "1998-03-05", "n_phone": "13800001234"}
CLIENT = {
    "name": ZHANG,
    "label": "张小梅",
    "full_name": "张小梅",
    "sex": "2",
    "dob": "1998-03-05",
    "phone": "13800001234",
    "area_code": LIULIN,
}


def choices(preg: str, contra: str, **more: str) -> dict[str, str]:
    answers = {"age14": "1", "c_preg": preg, "c_contra": contra, "c_msg": "1", "c_method": "sign"}
    return {**answers, "c_share": "1", "c_copy": "1", **more}


def consents(filling: Filling) -> dict[str, str]:
    """Status by scope, of the consent entities written."""
    found: dict[str, dict[str, Any]] = {}
    for kind, entity, register, value in filling.writes:
        if kind == "consent":
            found.setdefault(entity, {})[register] = value
    return {entity["scope"]: entity["given"]["status"] for entity in found.values()}


def test_zhang_says_yes_to_pregnancy_care_and_becomes_a_client() -> None:
    answers = {"g_start": START, "g_consent": choices("1", "0"), "g_person": PERSON}

    visit = Filling("consent_record", answers)

    assert visit.violations() == []
    assert visit.wrote["client", "full_name"] == "张小梅"
    assert visit.wrote["client", "area_code"] == LIULIN, "the worker's own village is filled in"
    assert ("client", True) in visit.entities
    assert consents(visit) == {
        "preg": "given",
        "contra": "declined",
        "share": "given",
        "msg": "given",
    }


def shared(filling: Filling) -> list[dict[str, str]]:
    """What was kept of sharing."""
    of = {e for k, e, r, v in filling.writes if k == "consent" and (r, v) == ("scope", "share")}
    return [v for k, e, r, v in filling.writes if e in of and r == "given"]


def test_a_yes_to_sharing_is_kept_with_the_clinic_it_names() -> None:
    answers = {"g_start": START, "g_consent": choices("1", "0"), "g_person": PERSON}

    (yes,) = shared(Filling("consent_record", answers))
    no = choices("1", "0", c_share="0")
    (declined,) = shared(Filling("consent_record", {**answers, "g_consent": no}))

    assert (yes["status"], yes["recipient"]) == ("given", "柳河镇卫生院")
    assert declined["status"] == "declined"
    assert "recipient" not in declined


def test_where_no_clinic_is_named_nobody_is_asked_and_nothing_is_kept_of_it() -> None:
    nowhere = [{"name": LIULIN, "label": "柳林村", "clinic": "", "clinic_phone": ""}]
    answers = {"g_start": START, "g_consent": choices("1", "0"), "g_person": PERSON}

    visit = Filling("consent_record", answers, area=nowhere)

    assert visit.violations() == []
    assert "c_share" not in visit.asked()
    assert shared(visit) == []


def test_a_known_client_is_asked_of_the_clinic_of_her_own_village() -> None:
    villages = [
        {"name": LIULIN, "label": "柳林村", "clinic": "柳河镇卫生院", "clinic_phone": "0632-1"},
        {"name": SHIQIAO, "label": "石桥村", "clinic": "石桥卫生院", "clinic_phone": "0632-2"},
    ]
    start = {"visit_date": "2026-11-01", "known": "1", "person_id": ZHANG, "what_for": "consent"}
    answers = {"g_start": {**start, "lang_ok": "1"}, "g_consent": choices("1", "0")}
    there = {**CLIENT, "area_code": SHIQIAO}

    visit = Filling("consent_record", answers, area=villages, client=[there])

    assert visit.violations() == []
    assert "place" not in visit.asked(), "her village is known"
    assert [yes["recipient"] for yes in shared(visit)] == ["石桥卫生院"]


def test_a_consent_ends_and_a_refusal_is_not_asked_again_for_half_a_year() -> None:
    answers = {"g_start": START, "g_consent": choices("1", "0"), "g_person": PERSON}

    given = [v for k, _, r, v in Filling("consent_record", answers).writes if r == "given"]

    assert [(g["status"], g["ends_on"]) for g in given[:2]] == [
        ("given", "2028-10-31"),
        ("declined", "2027-04-30"),
    ]
    assert {g["notice_version"] for g in given} == {"2025-1"}


def test_of_a_stranger_who_refuses_everything_nothing_is_kept_not_even_the_name() -> None:
    answers = {"g_start": START, "g_consent": choices("0", "0"), "g_person": PERSON}

    visit = Filling("consent_record", answers)

    assert visit.violations() == []
    assert visit.entities == []
    assert not {"n_name", "n_dob", "n_phone", "c_share"} & visit.asked()


def test_the_ids_of_consents_follow_from_person_and_scope() -> None:
    answers = {"known": "1", "person_id": ZHANG, "what_for": "consent", "lang_ok": "1"}
    start = {**answers, "visit_date": "2026-11-01"}

    yes = Filling(
        "consent_record", {"g_start": start, "g_consent": choices("1", "1")}, client=[CLIENT]
    )
    no = Filling(
        "consent_record", {"g_start": start, "g_consent": choices("0", "0")}, client=[CLIENT]
    )

    declined = dict.fromkeys(("preg", "contra", "share"), "declined")
    assert consents(no) == {**declined, "msg": "given"}, "sharing ends with what was shared"
    ids_yes = {e for k, e, _, _ in yes.writes if k == "consent"}
    ids_no = {e for k, e, _, _ in no.writes if k == "consent"}
    assert ids_no == ids_yes, "a withdrawal reaches the very consents it ends"
    assert not [w for w in no.writes if w[0] == "client"]


def test_liu_withdraws_everything_on_the_phone_and_is_asked_nothing_more() -> None:
    start = {"visit_date": "2026-11-01", "known": "1", "person_id": ZHANG, "what_for": "withdraw"}

    visit = Filling("consent_record", {"g_start": start}, client=[CLIENT])

    assert visit.violations() == []
    assert consents(visit) == dict.fromkeys(("preg", "contra", "share", "msg"), "declined")
    assert not {"lang_ok", "c_preg", "c_copy", "n_name"} & visit.asked()
    assert "withdraw_note" in visit.notes()


@pytest.mark.parametrize(
    ("start", "choice", "ended"),
    [
        ({"what_for": "withdraw"}, {}, {"pregnancy", "contraception"}),
        ({"what_for": "consent", "lang_ok": "1"}, choices("1", "0"), {"contraception"}),
        ({"what_for": "consent", "lang_ok": "1"}, choices("0", "1"), {"pregnancy"}),
        ({"what_for": "consent", "lang_ok": "1"}, choices("1", "1"), set()),
        ({"what_for": "data"}, {}, set()),
    ],
)
def test_a_no_ends_what_is_under_way_and_with_it_every_task(
    start: dict[str, str], choice: dict[str, str], ended: set[str]
) -> None:
    begin = {"visit_date": "2026-11-01", "known": "1", "person_id": ZHANG, **start}
    others = {"person": LIU, "closed_on": ""}
    under_way = {
        "pregnancy": [{"name": "p2", **others}, {"name": "p1", "person": ZHANG, "closed_on": ""}],
        "contraception": [{"name": "k2", **others}, {"name": "k1", "person": ZHANG}],
    }

    visit = Filling(
        "consent_record", {"g_start": begin, "g_consent": choice}, client=[CLIENT], **under_way
    )

    assert visit.violations() == []
    written = [w for w in visit.writes if w[0] in under_way]
    assert {kind for kind, *_ in written} == ended
    assert {entity for _, entity, _, _ in written} <= {"p1", "k1"}
    assert visit.wrote.get(("pregnancy", "status"), "stop") == "stop"
    assert visit.wrote.get(("contraception", "ended_on"), "2026-11-01") == "2026-11-01"
    assert visit.wrote.get(("contraception", "follow_ok"), "0") == "0"


def test_li_corrects_a_phone_number_and_is_shown_the_rest() -> None:
    start = {"visit_date": "2026-11-01", "known": "1", "person_id": ZHANG, "what_for": "data"}

    visit = Filling(
        "consent_record",
        {"g_start": start, "g_person": {"n_phone": "13900004321"}},
        client=[CLIENT],
    )

    assert visit.violations() == []
    assert visit.ids["client"] == ZHANG
    assert visit.entities == [("client", False)]
    assert visit.wrote["client", "phone"] == "13900004321"
    assert visit.wrote["client", "full_name"] == "张小梅"


def test_a_guardian_is_named_for_a_child() -> None:
    answers = {"g_start": START, "g_consent": choices("0", "1", age14="0"), "g_person": PERSON}

    assert ("guardian", "required") in Filling("consent_record", answers).problems()


def test_without_the_notice_read_out_there_is_no_consent() -> None:
    start = {**START, "lang_ok": "0"}

    visit = Filling("consent_record", {"g_start": start, "g_consent": choices("1", "1")})

    assert ("lang_ok", "constraint") in visit.problems()
    assert visit.entities == []


def test_who_refused_lately_is_left_in_peace() -> None:
    refusal = {"name": "c1", "person": ZHANG, "scope": "preg", "status": "declined"}
    start = {"visit_date": "2026-11-01", "known": "1", "person_id": ZHANG}

    soon = Filling(
        "consent_record",
        {"g_start": start},
        client=[CLIENT],
        consent=[{**refusal, "ends_on": "2026-12-01"}],
    )
    later = Filling(
        "consent_record",
        {"g_start": start},
        client=[CLIENT],
        consent=[{**refusal, "ends_on": "2026-10-01"}],
    )

    assert (soon.answers["g_start"]["quiet"], later.answers["g_start"]["quiet"]) == ("1", "0")


class TestWhatSheRefusedLately:
    """She agreed to pregnancy care only, ten days ago; what she refused isn't asked again yet."""

    REFUSED = ("contra", "share", "msg")
    ON = "2026-11-01"

    def asked(self, ends_on: str = "2027-04-20", **answers: str) -> Filling:
        known = {"person": ZHANG, "status": "declined", "ends_on": ends_on}
        return Filling(
            "consent_record",
            {
                "g_start": {"visit_date": self.ON, "known": "1", "person_id": ZHANG,
                            "what_for": "consent", "lang_ok": "1"},
                "g_consent": {"age14": "1", "c_preg": "1", "c_method": "sign", "c_copy": "1",
                              **answers},
            },
            client=[CLIENT],
            consent=[
                {"name": "c0", "person": ZHANG, "scope": "preg", "status": "given",
                 "ends_on": "2028-10-20"},
                *({**known, "name": scope, "scope": scope} for scope in self.REFUSED),
            ],
        )  # fmt: skip

    def test_the_form_says_so_and_answers_no_by_itself(self) -> None:
        filling = self.asked()

        told = filling.answers
        assert [told["g_start"].get(f"no_{scope}", "") for scope in ("preg", *self.REFUSED)] == [
            "", "2027-04-20", "2027-04-20", "2027-04-20",
        ]  # fmt: skip
        assert [told["g_consent"][f"c_{scope}"] for scope in self.REFUSED] == ["0", "0", "0"]

    def test_what_nobody_asked_isn_t_refused_anew(self) -> None:
        """Else the day until which she is left in peace would move on with every renewal."""
        assert consents(self.asked()) == {"preg": "given"}

    def test_what_she_brings_up_herself_is_written(self) -> None:
        assert consents(self.asked(c_contra="1")) == {"preg": "given", "contra": "given"}

    def test_afterwards_it_is_asked_again(self) -> None:
        answers = {"c_contra": "0", "c_share": "0", "c_msg": "0"}
        filling = self.asked(ends_on="2026-10-31", **answers)

        assert "no_contra" not in filling.answers["g_start"]
        assert consents(filling) == {"preg": "given", **dict.fromkeys(self.REFUSED, "declined")}

    def test_a_no_to_what_she_had_agreed_to_is_written(self) -> None:
        assert consents(self.asked(c_preg="0"))["preg"] == "declined"
