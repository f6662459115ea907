"""What Alembic runs. It uses the connection and the transaction that `app.migrations.upgrade` has opened."""

from alembic import context

from app import models
from app.database import Base

__all__ = ["models"]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
