"""Files that a power loss finds whole or not at all."""

import os
from pathlib import Path


def put_in_place(written: Path, target: Path) -> None:
    """Give a file that is written and synced its name, for good: when this returns, a power loss keeps it there."""
    written.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or deleted in `folder` outlive a power loss: a file's own sync does not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
