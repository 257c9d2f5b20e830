"""Runs the migrations of this folder on the connection it is handed."""

from alembic import context

from marketplace.migrations import without_stores

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,
    compare_type=True,
    process_revision_directives=without_stores,
)
with context.begin_transaction():
    context.run_migrations()
