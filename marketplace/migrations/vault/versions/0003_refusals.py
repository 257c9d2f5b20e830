"""Who said no."""

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "refusals",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("use_case", integer, autoincrement=False, nullable=False),
        sa.Column("until", integer, nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", "use_case"),
    )


def downgrade() -> None:
    op.drop_table("refusals")
