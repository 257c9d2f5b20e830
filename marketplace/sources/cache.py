"""The folder where verified files of demo sources lie, one folder per wheel."""

import hashlib
import os
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from marketplace.sources.errors import SourceMissingError
from marketplace.sources.model import Source, Wheel

ABANDONED_AFTER = 3600.0
WORK_PREFIX = ".fetch-"


def cache_folder() -> Path:
    """`$STOA_CACHE/sources`, or `~/.cache/stoa/sources`."""
    chosen = os.environ.get("STOA_CACHE")
    return (Path(chosen) if chosen else Path.home() / ".cache" / "stoa") / "sources"


def folder_of(wheel: Wheel, cache: Path) -> Path:
    return cache / wheel.sha256[:16]


def verified_folder(source: Source, cache: Path | None = None) -> Path:
    """The folder with the files of `source`, every one checked against its pin.

    Raises:
        SourceMissingError: they are not there, or not what was pinned.
    """
    folder = folder_of(source.wheel, cache or cache_folder())
    if not is_intact(source.wheel, folder):
        raise SourceMissingError(
            f"The source {source.name!r} is not in the cache. Run: stoa data fetch {source.name}"
        )
    return folder


def is_intact(wheel: Wheel, folder: Path) -> bool:
    """Whether every member lies in `folder` with the bytes that were pinned."""
    return all(digest_of(folder / member.name) == member.sha256 for member in wheel.members)


def digest_of(file: Path) -> str:
    """SHA-256 of a file in hex; empty when it cannot be read."""
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError:
        return ""


@contextmanager
def workroom(cache: Path) -> Generator[Path]:
    """A folder beside the verified ones that is gone afterwards, also what a killed fetch once left there."""
    cache.mkdir(parents=True, exist_ok=True)
    for left in cache.glob(f"{WORK_PREFIX}*"):
        if left.stat().st_mtime < time.time() - ABANDONED_AFTER:
            shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(prefix=WORK_PREFIX, dir=cache, ignore_cleanup_errors=True) as work:
        yield Path(work)


def put_in_place(wheel: Wheel, made: Path, folder: Path) -> None:
    """Move the verified files of `made` to `folder` in one step, over whatever is damaged there."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        made.replace(folder)
    except OSError:
        # Another fetch was faster. Its files are as good as ours if they verify.
        if not is_intact(wheel, folder):
            raise
