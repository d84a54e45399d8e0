"""Data subjects: people and dwellings that facts are about, each with a key of its own."""
