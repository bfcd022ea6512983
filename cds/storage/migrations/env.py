"""Run by alembic, which executes this file for each upgrade or downgrade."""

from alembic import context

from cds.storage.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
