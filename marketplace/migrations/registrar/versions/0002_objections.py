"""A consent and an objection of one person to one use case, side by side."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "dfd9dbf52721"
branch_labels = None
depends_on = None

KEPT = "person, use_case, consent, valid_until, deadline, r, vs"


def upgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.rename_table("countersigned", "countersigned_before")
    op.create_table(
        "countersigned",
        sa.Column("person", integer, autoincrement=False, nullable=False),
        sa.Column("use_case", integer, autoincrement=False, nullable=False),
        sa.Column("objection", sa.Boolean(), nullable=False),
        sa.Column("consent", sa.LargeBinary(), nullable=False),
        sa.Column("valid_until", integer, nullable=False),
        sa.Column("deadline", integer, nullable=False),
        sa.Column("r", sa.LargeBinary(), nullable=False),
        sa.Column("vs", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person", "use_case", "objection"),
    )
    op.execute(
        f"INSERT INTO countersigned (objection, {KEPT}) SELECT false, {KEPT} FROM countersigned_before"  # noqa: S608
    )
    op.drop_table("countersigned_before")


def downgrade() -> None:
    integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.rename_table("countersigned", "countersigned_after")
    op.create_table(
        "countersigned",
        sa.Column("person", integer, autoincrement=False, nullable=False),
        sa.Column("use_case", integer, autoincrement=False, nullable=False),
        sa.Column("consent", sa.LargeBinary(), nullable=False),
        sa.Column("valid_until", integer, nullable=False),
        sa.Column("deadline", integer, nullable=False),
        sa.Column("r", sa.LargeBinary(), nullable=False),
        sa.Column("vs", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person", "use_case"),
    )
    op.execute(
        f"INSERT INTO countersigned ({KEPT}) SELECT {KEPT} FROM countersigned_after WHERE NOT objection"  # noqa: S608
    )
    op.drop_table("countersigned_after")
