"""Rows are known again from version to version: a mark for each subject, releases kept by dataset."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MARK_BYTES = 32


def upgrade() -> None:
    with op.batch_alter_table("subjects") as table:
        table.add_column(sa.Column("mark", sa.LargeBinary(), nullable=True))
    subjects = sa.table("subjects", sa.column("index"), sa.column("mark"))
    connection = op.get_bind()
    for (index,) in connection.execute(sa.select(subjects.c.index)).all():
        mark = secrets.token_bytes(MARK_BYTES)
        connection.execute(sa.update(subjects).where(subjects.c.index == index).values(mark=mark))
    with op.batch_alter_table("subjects") as table:
        table.alter_column("mark", existing_type=sa.LargeBinary(), nullable=False)
    op.drop_index("ix_release_records_version", "release_records")
    with op.batch_alter_table("release_records") as table:
        table.alter_column("version", existing_type=sa.String(), new_column_name="dataset")
    op.create_index("ix_release_records_dataset", "release_records", ["dataset"])


def downgrade() -> None:
    op.drop_index("ix_release_records_dataset", "release_records")
    with op.batch_alter_table("release_records") as table:
        table.alter_column("dataset", existing_type=sa.String(), new_column_name="version")
    op.create_index("ix_release_records_version", "release_records", ["version"])
    with op.batch_alter_table("subjects") as table:
        table.drop_column("mark")
