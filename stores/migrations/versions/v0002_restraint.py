"""Messages counted for the caps, rows that quiet hours hold back, and one order of leasing for all times."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_STRING = sa.String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")
_OPEN = sa.text("status IN ('pending', 'leased')")


def upgrade() -> None:
    """Go to this revision."""
    op.drop_index("outbox_in_time", "outbox")
    op.add_column("outbox", sa.Column("deferred_until", sa.BigInteger(), nullable=True))
    op.create_table(
        "touch",
        sa.Column("decision_id", _STRING, nullable=False),
        sa.Column("person", _STRING, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("purpose", _STRING, nullable=False),
        sa.Column("channel", _STRING, nullable=False),
        sa.PrimaryKeyConstraint("decision_id"),
    )
    op.create_index("touch_person", "touch", ["person", "time"])


def downgrade() -> None:
    """Go back to the one before."""
    op.drop_table("touch")
    op.drop_column("outbox", "deferred_until")
    columns = ["time", "person", "order"]
    op.create_index("outbox_in_time", "outbox", columns, sqlite_where=_OPEN, postgresql_where=_OPEN)
