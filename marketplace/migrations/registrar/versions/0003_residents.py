"""Who shares a home, and who of them has agreed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "residents",
        sa.Column("id", integer, autoincrement=True, nullable=False),
        sa.Column("entry", integer, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("born_by", sa.String(), nullable=False),
        sa.Column("letter_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entry", "name"),
    )
    op.create_index("ix_residents_letter_hash", "residents", ["letter_hash"])
    op.create_table(
        "agreements",
        sa.Column("resident", integer, autoincrement=False, nullable=False),
        sa.Column("use_case", integer, autoincrement=False, nullable=False),
        sa.Column("scope", integer, nullable=False),
        sa.Column("valid_until", integer, nullable=False),
        sa.Column("agreed_at", integer, nullable=False),
        sa.PrimaryKeyConstraint("resident", "use_case"),
    )


def downgrade() -> None:
    op.drop_table("agreements")
    op.drop_index("ix_residents_letter_hash", table_name="residents")
    op.drop_table("residents")
