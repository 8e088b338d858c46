"""The tables of the ledger. Only `stores` may import this module.

Times are unix ms, amounts whole minor units. Columns of bytes hold JSON whose numbers keep their digits. `order` counts
what happened to a person, so that (time, person, order) is the order of happening.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, String, Table, text
from sqlalchemy.dialects.postgresql import VARCHAR
from sqlmodel import AutoString, Field, SQLModel

__all__ = ["METADATA", "OPEN", "table"]

OPEN = text("status IN ('pending', 'leased')")
"""Rows that a dispatcher may still have to do with. Literal, in the indices and in the queries: with bound parameters
SQLite cannot know that a partial index applies."""

METADATA = SQLModel.metadata
_SERIAL = BigInteger().with_variant(Integer, "sqlite")
"""A number that the database gives to each new row."""
_TEXT = String().with_variant(VARCHAR(collation="C"), "postgresql")
"""Texts compare by their bytes on every database, so that rows come in the same order everywhere."""


def table(name: str) -> Table:
    """A table of the ledger by its name."""
    return METADATA.tables[name]


def _index_of_open(name: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=OPEN, postgresql_where=OPEN)


class _Decided(SQLModel):
    """What a row says of the decision that it holds."""

    decision_id: str = Field(primary_key=True)
    person: str
    rule: str
    step: str
    kind: str
    occurrence: str
    event_id: str | None
    time: int = Field(sa_type=BigInteger)
    order: int = Field(sa_type=BigInteger)
    program: str
    params: bytes


class Outbox(_Decided, table=True):
    """A decision that is carried out.

    `ready_at`: not before this moment; of a leased row: the lease's end. `release_at`: not before the partition has got
    to this position. `body`: the content as it was rendered. `done_at`: when the last result came. `deferred_until`:
    when the quiet hours end that held it back.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        _index_of_open("outbox_ready", "ready_at", "time", "person", "order"),
        Index("outbox_person", "person", "time"),
    )

    partition: int
    variables: bytes
    needs: bytes
    valid_until: int | None = Field(sa_type=BigInteger)
    release_at: int = Field(sa_type=BigInteger)
    status: str
    ready_at: int = Field(sa_type=BigInteger)
    token: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    attempts: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    channel: str = Field(default="", sa_column_kwargs={"server_default": ""})
    body: bytes | None
    reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    receipt: str = Field(default="", sa_column_kwargs={"server_default": ""})
    done_at: int | None = Field(sa_type=BigInteger)
    deferred_until: int | None = Field(default=None, sa_type=BigInteger)


class Touch(SQLModel, table=True):
    """A message that was handed to a provider, for the caps: one a decision, whatever its attempts."""

    __tablename__ = "touch"
    __table_args__ = (Index("touch_person", "person", "time"),)

    decision_id: str = Field(primary_key=True)
    person: str
    time: int = Field(sa_type=BigInteger)
    purpose: str
    channel: str


class Shadow(_Decided, table=True):
    """A decision of a rule that is tried out: nobody carries it out."""

    __tablename__ = "shadow"


class Coupon(SQLModel, table=True):
    """A coupon that was issued; `cost` is the highest it can come to."""

    __tablename__ = "coupon"
    __table_args__ = (Index("coupon_person", "pool", "person"),)

    decision_id: str = Field(primary_key=True)
    code: str = Field(unique=True)
    pool: str
    person: str
    status: str
    time: int = Field(sa_type=BigInteger)
    expires: int | None = Field(sa_type=BigInteger)
    cost: int = Field(sa_type=BigInteger)
    redeemed: int | None = Field(sa_type=BigInteger)


class CouponPool(SQLModel, table=True):
    """What went out of a pool, changed in the transaction that issues or refuses."""

    __tablename__ = "coupon_pool"

    pool: str = Field(primary_key=True)
    issued: int = Field(sa_type=BigInteger)
    refused: int = Field(sa_type=BigInteger)
    cost: int = Field(sa_type=BigInteger)


class Contact(SQLModel, table=True):
    """A person's address on a channel from `since` on; NULL: removed."""

    __tablename__ = "contact"

    person: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    order: int = Field(primary_key=True, sa_type=BigInteger)
    since: int = Field(sa_type=BigInteger)
    address: str | None


class Consent(SQLModel, table=True):
    """Consent to a purpose on a channel from `since` on, or its withdrawal."""

    __tablename__ = "consent"

    person: str = Field(primary_key=True)
    purpose: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    order: int = Field(primary_key=True, sa_type=BigInteger)
    since: int = Field(sa_type=BigInteger)
    given: bool


class Change(SQLModel, table=True):
    """A person entered or left a segment."""

    __tablename__ = "change"

    person: str = Field(primary_key=True)
    order: int = Field(primary_key=True, sa_type=BigInteger)
    time: int = Field(sa_type=BigInteger)
    segment: str
    change: str
    cause: str


class DeadLetter(SQLModel, table=True):
    """A record that was refused; `offset` NULL: before the log."""

    __tablename__ = "dead_letter"
    __table_args__ = (Index("dead_letter_record", "partition", "offset", "code", unique=True),)

    id: int | None = Field(default=None, primary_key=True, sa_type=_SERIAL)
    partition: int
    offset: int | None = Field(sa_type=BigInteger)
    code: str
    message: str
    value: bytes
    time: int = Field(sa_type=BigInteger)


class Program(SQLModel, table=True):
    """A playbook's text under its hash."""

    __tablename__ = "program"

    hash: str = Field(primary_key=True)
    text: bytes


class Activation(SQLModel, table=True):
    """Which program decides, in the order of activations."""

    __tablename__ = "activation"

    sequence: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    hash: str
    at: int = Field(sa_type=BigInteger)


class PartitionProgress(SQLModel, table=True):
    """How far a partition's rows are in here."""

    __tablename__ = "partition_progress"

    partition: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    log_id: str
    position: int = Field(sa_type=BigInteger)


class Meta(SQLModel, table=True):
    """Named texts of the workspace."""

    __tablename__ = "meta"

    name: str = Field(primary_key=True)
    value: str


for _each in METADATA.tables.values():
    for _column in _each.columns:
        if isinstance(_column.type, AutoString):
            _column.type = _TEXT
