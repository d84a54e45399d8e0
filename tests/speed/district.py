"""A district on the bench: villages with clients, nurses with phones."""

import json
from collections.abc import Sequence
from pathlib import Path

import flask_migrate

from fieldapp import create_app
from fieldapp.accounts import users
from fieldapp.accounts.access import Grant
from fieldapp.areas.service import put_area
from fieldapp.db import db, write_transaction
from fieldapp.devices.models import Device
from fieldapp.forms.service import publish_packaged

from .phones import Phone
from .story import DISTRICT, TOWN, settings_for

MOMENT = "2026-11-09T01:12:00.000000Z"


def prepare(url: str, home: Path, phones: Sequence[Phone]) -> None:
    """Tables, forms, areas, and a nurse with a phone in each of these villages."""
    app = create_app(settings_for(home, url))
    with app.app_context():
        flask_migrate.upgrade()
        publish_packaged()
        with write_transaction():
            put_area(DISTRICT, "泉城区", "Quancheng", "district", None)
            put_area(TOWN, "柳河镇", "Liuhe", "town", DISTRICT)
            for phone in phones:
                _move_in(phone)
        db.session.remove()
        db.engine.dispose()


def _move_in(phone: Phone) -> None:
    village = phone.village
    put_area(village.area, f"第{village.number}村", f"Village {village.number}", "village", TOWN)
    users.add_user(
        phone.username, "陈静", "nurse", phone.password, [Grant(village.area, "health")],
        user_id=village.nurse,
    )  # fmt: skip
    db.session.add(
        Device(
            id=village.device, user_id=village.nurse, name="红米 9A", key=json.dumps(phone.jwk()),
            install=village.install, created=MOMENT, last_seen=MOMENT,
        )
    )  # fmt: skip
