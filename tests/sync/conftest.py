"""Fixtures of the stories of sync."""

from collections.abc import Iterator

import pytest
from flask import Flask

from fieldapp.db import db
from tests.cast import Cast

from .stories import Village


@pytest.fixture
def village(app: Flask, cast: Cast) -> Iterator[Village]:
    """The village, inside the server's context."""
    with app.app_context():
        yield Village(app, cast)
        db.session.remove()
