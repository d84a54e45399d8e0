"""pytest -p tests.simulation.planted: tests as they are, with the fault of MUTANT in the server."""

import os

from . import altered

altered.plant(os.environ["MUTANT"])
