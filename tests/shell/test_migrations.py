"""The ledger's tables: migrations and models say the same, and an older or newer ledger is dealt with."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from schemas.errors import NamedStop
from schemas.tables import METADATA
from stores.migrate import HEAD, alembic_config, migrate
from tests.helpers.stores import ledger_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def schema(connection: Connection) -> dict[str, set[str]]:
    """Every table and index as SQLite describes it: the parts of a CREATE statement, in any order."""
    query = text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'")
    return {
        name: {part.strip(" ,\t") for part in sql.replace(", ", "\n").split("\n")}
        for name, sql in connection.execute(query)
    }


def test_migrations_make_exactly_what_the_models_say(connection: Connection) -> None:
    migrate(connection)

    assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    migrated = schema(connection)
    other = create_engine("sqlite://")
    with other.begin() as fresh:
        METADATA.create_all(fresh)
        assert migrated == schema(fresh)
    other.dispose()


def test_there_is_one_head_and_the_ledger_knows_it() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]


def test_migrating_again_changes_nothing(connection: Connection) -> None:
    migrate(connection)
    before = schema(connection)

    migrate(connection)

    assert schema(connection) == before


def test_every_migration_can_be_undone(connection: Connection) -> None:
    migrate(connection)

    command.downgrade(alembic_config(connection), "base")

    assert schema(connection) == {}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_migrations_can_be_written_as_sql_without_a_database(dialect: str) -> None:
    written = io.StringIO()
    config = alembic_config()
    config.output_buffer = written
    config.set_main_option("dialect", dialect)

    command.upgrade(config, "head", sql=True)

    for table in METADATA.tables:
        assert f"CREATE TABLE {table} (" in written.getvalue()
    assert "WHERE status IN ('pending', 'leased')" in written.getvalue()


def test_a_ledger_of_a_newer_version_is_left_alone(connection: Connection) -> None:
    migrate(connection)
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NamedStop, match="a newer version of Touchline has changed the ledger's tables") as refusal:
        migrate(connection)

    assert refusal.value.code == "LEDGER_TOO_NEW"


async def test_a_ledger_without_tables_gets_them_when_it_is_opened(tmp_path: Path) -> None:
    ledger = await ledger_in("sqlite", tmp_path)

    assert await ledger.fetch("outbox_by_state") == []
    await ledger.close()
