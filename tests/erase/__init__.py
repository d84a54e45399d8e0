"""Is somebody who was erased really gone? `make erase` looks everywhere, `make test` briefly."""
