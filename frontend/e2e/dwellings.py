"""What the server shows of its dwellings, as JSON `{id: {property: value}}`; at rest it is sealed.

FIELDAPP_HOME=… .venv/bin/python frontend/e2e/dwellings.py
"""

import json
import sys

import sqlalchemy as sa

from fieldapp import create_app
from fieldapp.db import db
from fieldapp.sync import models as m
from fieldapp.sync.rules import current_rules
from fieldapp.sync.store import Store

with create_app().app_context():
    store = Store(db.session.connection(), current_rules().type, ())
    ids = list(db.session.scalars(sa.select(m.Entity.id).where(m.Entity.type == "dwelling")))
    store.load(ids)
    found = [entity for one in ids if (entity := store.find(one))]
    json.dump({e.id: e.props(store.view_of(e)) for e in found}, sys.stdout, ensure_ascii=False)
