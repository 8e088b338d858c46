"""Bringing the ledger's tables up to date, by itself, when it is opened."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, select, text

from schemas.errors import NamedStop

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

__all__ = ["HEAD", "alembic_config", "migrate"]

HEAD = "0002"
"""The newest revision; a ledger that has it is opened without loading Alembic."""
_LOCK = 0x544C4C45
"""The advisory lock of PostgreSQL under which one process migrates while the others wait."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings, for `connection` or for writing SQL."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(connection: Connection) -> None:
    """Migrate in the transaction of `connection`, which keeps every other process out.

    Raises `NamedStop` `LEDGER_TOO_NEW` when a newer version of Touchline has migrated it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    found = _revision(connection)
    if found == HEAD:
        return
    from alembic import command
    from alembic.util import CommandError

    try:
        command.upgrade(alembic_config(connection), "head")
    except CommandError:
        message = (
            f"a newer version of Touchline has changed the ledger's tables (to revision {found}); use that version"
        )
        raise NamedStop(message, code="LEDGER_TOO_NEW") from None


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
