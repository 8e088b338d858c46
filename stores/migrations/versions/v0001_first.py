"""The first tables of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

if TYPE_CHECKING:
    from collections.abc import Sequence

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STRING = sa.String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")
"""Texts compare by their bytes on every database, so that rows come in the same order everywhere."""
_OPEN = sa.text("status IN ('pending', 'leased')")
_TABLES = (
    "outbox",
    "shadow",
    "coupon",
    "coupon_pool",
    "contact",
    "consent",
    "change",
    "dead_letter",
    "program",
    "activation",
    "partition_progress",
    "meta",
)


def upgrade() -> None:
    """Make every table and index."""
    _outbox()
    _coupons()
    _people()
    _dead_letters()
    _workspace()


def downgrade() -> None:
    """Drop them."""
    for table in _TABLES:
        op.drop_table(table)


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, _STRING, nullable=False, server_default=default)


def _maybe_text(name: str) -> sa.Column[str]:
    return sa.Column(name, _STRING, nullable=True)


def _number(name: str, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, server_default=default)


def _big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _maybe_big(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=True)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _decided() -> Sequence[sa.Column[str] | sa.Column[int] | sa.Column[bytes]]:
    texts = [_text(name) for name in ("decision_id", "person", "rule", "step", "kind", "occurrence")]
    return [*texts, _maybe_text("event_id"), _big("time"), _big("order"), _text("program"), _bytes("params")]


def _outbox() -> None:
    op.create_table(
        "outbox",
        *_decided(),
        _number("partition"),
        _bytes("variables"),
        _bytes("needs"),
        _maybe_big("valid_until"),
        _big("release_at"),
        _text("status"),
        _big("ready_at"),
        _number("token", "0"),
        _number("attempts", "0"),
        _text("channel", ""),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        _text("reason", ""),
        _text("receipt", ""),
        _maybe_big("done_at"),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    for name, columns in (
        ("outbox_ready", ["ready_at", "time", "person", "order"]),
        ("outbox_in_time", ["time", "person", "order"]),
    ):
        op.create_index(name, "outbox", columns, sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("outbox_person", "outbox", ["person", "time"])
    op.create_table("shadow", *_decided(), sa.PrimaryKeyConstraint("decision_id"))


def _coupons() -> None:
    op.create_table(
        "coupon",
        *(_text(name) for name in ("decision_id", "code", "pool", "person", "status")),
        _big("time"),
        _maybe_big("expires"),
        _big("cost"),
        _maybe_big("redeemed"),
        sa.PrimaryKeyConstraint("decision_id"),
        sa.UniqueConstraint("code"),
    )
    op.create_index("coupon_person", "coupon", ["pool", "person"])
    counters = [_big(name) for name in ("issued", "refused", "cost")]
    op.create_table("coupon_pool", _text("pool"), *counters, sa.PrimaryKeyConstraint("pool"))


def _people() -> None:
    op.create_table(
        "contact",
        _text("person"),
        _text("channel"),
        _big("order"),
        _big("since"),
        _maybe_text("address"),
        sa.PrimaryKeyConstraint("person", "channel", "order"),
    )
    op.create_table(
        "consent",
        *(_text(name) for name in ("person", "purpose", "channel")),
        _big("order"),
        _big("since"),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person", "purpose", "channel", "order"),
    )
    op.create_table(
        "change",
        _text("person"),
        _big("order"),
        _big("time"),
        *(_text(name) for name in ("segment", "change", "cause")),
        sa.PrimaryKeyConstraint("person", "order"),
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        _number("partition"),
        _maybe_big("offset"),
        _text("code"),
        _text("message"),
        _bytes("value"),
        _big("time"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("dead_letter_record", "dead_letter", ["partition", "offset", "code"], unique=True)


def _workspace() -> None:
    op.create_table("program", _text("hash"), _bytes("text"), sa.PrimaryKeyConstraint("hash"))
    op.create_table(
        "activation",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        _text("hash"),
        _big("at"),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_table(
        "partition_progress",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        _text("log_id"),
        _big("position"),
        sa.PrimaryKeyConstraint("partition"),
    )
    op.create_table("meta", _text("name"), _text("value"), sa.PrimaryKeyConstraint("name"))
