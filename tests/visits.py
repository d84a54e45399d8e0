"""Filled-in forms for stories: answers as a person gives them, finished as a phone would.

zhang = new_client(app, cast.wang, "张小梅", phone="13800000001")
phone.push([zhang])
phone.push([change_phone(app, cast.li, zhang, "13900000002", replaces=[dot_of(zhang, "phone")])])
"""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask

from fieldapp.forms import service as forms
from fieldapp.forms.check import complete
from fieldapp.forms.derive import derive
from fieldapp.forms.evaluate import Host
from fieldapp.programs.service import load_programs
from tests.cast import LIULIN, Person

ON = "2026-11-02"
Submission = dict[str, Any]
Items = Mapping[str, Sequence[Mapping[str, str]]]


def fill(
    app: Flask,
    who: Person,
    form: str,
    answers: dict[str, Any],
    items: Items | None = None,
    replaces: Mapping[str, Sequence[str]] | None = None,
    on: str = ON,
    area: str = LIULIN,
    corrects: str | None = None,
) -> Submission:
    """A submission. items: records the phone holds, by list; replaces: dots shown, by register."""
    with app.app_context():
        version = next(row.version for row in forms.current_forms() if row.form_id == form)
        definition = forms.definition(form, version)
    assert definition
    me = {"name": "me", "label": "me", "role": who.role, "worker": who.name, "area": area}
    host = Host(
        today=on,
        now=f"{on}T09:00:00.000+08:00",
        uuid=lambda: str(uuid.uuid4()),
        instances={"session": [me], **(items or {})},
        username=who.username,
    )
    finished = complete(definition, answers, host)
    sid = str(uuid.uuid4())
    derived = derive(definition, load_programs(), finished, sid).as_json()
    shown = replaces or {}
    return {
        "id": sid,
        "form": form,
        "fv": definition["version"],
        "at": f"{on}T09:12:44+08:00",
        "on": derived["on"] or on,
        "area": area,
        "corrects": corrects,
        "entities": derived["entities"],
        "ops": [{**write, "sup": list(shown.get(write["r"], ()))} for write in derived["writes"]],
        "answers": finished,
    }


def dot_of(submission: Submission, register: str) -> str:
    """The dot of the first write of a register."""
    registers = [op["r"] for op in submission["ops"]]
    return f"{submission['id']}:{registers.index(register)}"


def entity_of(submission: Submission, kind: str) -> str:
    """The id of the first entity of a type."""
    found: str = next(entity["e"] for entity in submission["entities"] if entity["t"] == kind)
    return found


def new_client(app: Flask, who: Person, name: str, phone: str = "13800000001") -> Submission:
    """Consent to pregnancy care and registration of a client."""
    return fill(
        app,
        who,
        "consent_record",
        {
            "g_start": {"visit_date": ON, "known": "0", "lang_ok": "1"},
            "g_consent": {
                "age14": "1",
                "c_preg": "1",
                "c_contra": "0",
                "c_share": "0",
                "c_msg": "1",
                "c_method": "oral",
                "c_copy": "1",
            },
            "g_person": {
                "n_name": name,
                "n_sex": "2",
                "n_dob": "1996-05-01",
                "n_phone": phone,
                "n_area": LIULIN,
            },
        },
    )


def change_phone(
    app: Flask, who: Person, client: Submission, phone: str, replaces: Sequence[str], on: str = ON
) -> Submission:
    """Only the client's phone number changes; the worker was shown the dots of `replaces`."""
    person = entity_of(client, "client")
    given = client["answers"]["g_person"]
    known = {
        "name": person,
        "label": given["n_name"],
        "full_name": given["n_name"],
        "sex": given["n_sex"],
        "dob": given["n_dob"],
        "phone": given["n_phone"],
        "area_code": given["n_area"],
    }
    filled = fill(
        app,
        who,
        "consent_record",
        {
            "g_start": {
                "visit_date": on,
                "known": "1",
                "person_id": person,
                "what_for": "data",
            },
            "g_person": {
                "n_name": given["n_name"],
                "n_sex": given["n_sex"],
                "n_dob": given["n_dob"],
                "n_phone": phone,
                "n_area": given["n_area"],
            },
        },
        items={"client": [known]},
        replaces={"phone": replaces},
        on=on,
    )
    filled["ops"] = [op for op in filled["ops"] if op["r"] == "phone"]
    return filled


def pregnancy_visit(app: Flask, who: Person, client: Submission, **parts: Any) -> Submission:
    """A follow-up of the client, met and willing; `parts` add or replace groups of answers."""
    person = entity_of(client, "client")
    consent = {
        "name": str(uuid.uuid4()),
        "label": "",
        "person": person,
        "scope": "preg",
        "status": "given",
        "ends_on": "2028-11-02",
    }
    known = {"name": person, "label": "张小梅", "full_name": "张小梅", "dob": "1996-05-01"}
    answers = {
        "g_visit": {
            "visit_date": ON,
            "visit_mode": "home",
            "person_id": person,
            "contact_result": "met",
            "still_ok": "1",
            "private_ok": "1",
        }
    } | parts
    return fill(app, who, "preg_followup", answers, items={"client": [known], "consent": [consent]})


def rental_visit(app: Flask, who: Person, **parts: Any) -> Submission:
    """A dwelling in 柳林村 registered at the door, nobody in it unless `parts` say so."""
    answers = {
        "g_visit": {"visit_date": ON, "vsrc": "self", "met": "met", "enter_ok": "0"},
        "g_dw": {
            "g_place": {
                "dw_known": "0",
                "area_code": LIULIN,
                "grid": "二网格3号楼",
                "unit_no": "1-2-201",
                "address": "柳林路12号",
            },
            "g_let": {"rooms_total": "3", "rooms_let": "2", "mode_let": "whole", "occ_n": "1"},
        },
    } | parts
    return fill(app, who, "rental_register", answers)


TENANT: dict[str, str] = {
    "r_consent": "1",
    "r_known": "0",
    "r_name": "刘春燕",
    "r_sex": "2",
    "r_dob": "1990-03-08",
    "r_idtype": "01",
    "r_idno": "11010519491231002X",
    "r_phone": "13700000003",
    "r_home": "微山县",
    "r_presence": "2",
    "r_arrive": "2026-10-01",
    "r_reason": "1",
    "r_lead": "1",
    "r_needs": "none",
}
