"""Which consents a run left out."""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "left_out_of_runs",
        sa.Column("order", sa.LargeBinary(), nullable=False),
        sa.Column("consent", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("order", "consent"),
    )


def downgrade() -> None:
    op.drop_table("left_out_of_runs")
