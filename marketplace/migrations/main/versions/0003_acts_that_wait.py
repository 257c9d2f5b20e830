"""Acts that wait"""

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("waits_for", "ready_at"):
        op.add_column(
            "outbox", sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )


def downgrade() -> None:
    for name in ("waits_for", "ready_at"):
        op.drop_column("outbox", name)
