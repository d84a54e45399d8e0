"""The village as stories at the desk begin with it."""

import pytest
from flask import Flask

from tests.cast import Cast
from tests.sync.stories import Village


@pytest.fixture
def village(app: Flask, cast: Cast) -> Village:
    return Village(app, cast)
