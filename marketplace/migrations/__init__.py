"""Alembic migrations, one folder per database. `python -m marketplace.migrations MESSAGE` writes the next ones."""

from typing import Any

from alembic.operations.ops import CreateTableOp, UpgradeOps


def without_stores(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Keep our notes about stores out of generated migrations."""
    for directive in directives:
        upgrades: UpgradeOps = directive.upgrade_ops
        for operation in upgrades.ops:
            if isinstance(operation, CreateTableOp):
                operation.info.clear()
