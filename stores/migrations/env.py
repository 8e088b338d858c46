"""What Alembic runs: the migrations on a connection that is handed over, or as SQL text when there is none."""

from __future__ import annotations

from alembic import context

from schemas.tables import METADATA

if context.is_offline_mode():
    context.configure(
        dialect_name=context.config.get_main_option("dialect", "sqlite"),
        target_metadata=METADATA,
        literal_binds=True,
    )
else:
    context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)

with context.begin_transaction():
    context.run_migrations()
