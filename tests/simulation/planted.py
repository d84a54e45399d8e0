"""pytest -p tests.simulation.planted: the tests as they are, with the fault that MUTANT names planted in the server."""

import os

from . import altered

altered.plant(os.environ["MUTANT"])
