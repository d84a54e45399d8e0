"""The PostgreSQL that the tests borrow."""

import sqlalchemy as sa

from tests.databases import drop_database, postgres_url


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    with engine.begin() as connection:
        result = connection.execute(sa.text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def test_databases_are_apart_and_can_be_copied() -> None:
    first = postgres_url()
    rows(first, "CREATE TABLE village AS SELECT '柳树村' AS name")
    second = postgres_url(template=first)
    rows(first, "DROP TABLE village")
    assert rows(second, "SELECT name FROM village") == [("柳树村",)]
    drop_database(first)
    drop_database(second)


def test_texts_sort_by_code_point_whatever_the_machine_speaks() -> None:
    url = postgres_url()
    assert rows(url, "SELECT datcollate FROM pg_database WHERE datname = 'template0'")
    assert rows(url, "SELECT 'a' < 'B'") == [(False,)]
