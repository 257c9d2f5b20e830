"""Bring demo sources into the cache: download, verify, keep the named members, throw the rest away."""

import errno
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from marketplace.sources.cache import cache_folder, digest_of, folder_of, is_intact, put_in_place, workroom
from marketplace.sources.catalogue import SOURCES, chosen
from marketplace.sources.download import changed, disk_full, download
from marketplace.sources.model import FetchedSource, FetchReport, FetchStep, Source, Wheel

Progress = Callable[[FetchStep], None]


def silently(step: FetchStep) -> None:
    """Report nothing."""


def fetch(
    names: Iterable[str] = (),
    cache: Path | None = None,
    progress: Progress = silently,
    *,
    sources: Mapping[str, Source] = SOURCES,
) -> FetchReport:
    """Bring the named sources, or all, into `cache` (by default `$STOA_CACHE` or `~/.cache/stoa`).

    A source that already lies there verified costs no network. A damaged one is fetched again.

    Raises:
        SourceError: one of its kinds in `errors`; what was complete before stays.
    """
    folder = cache or cache_folder()
    return FetchReport(tuple(fetch_one(source, folder, progress) for source in chosen(names, sources)))


def fetch_one(source: Source, cache: Path, progress: Progress) -> FetchedSource:
    wheel = source.wheel
    folder = folder_of(wheel, cache)
    if is_intact(wheel, folder):
        progress(FetchStep(source.name, "already in the cache"))
        return FetchedSource(source, folder, downloaded=0)
    try:
        with workroom(cache) as work:
            bring(source, work, folder, progress)
    except OSError as refused:
        if refused.errno != errno.ENOSPC:
            raise
        raise disk_full(wheel) from refused
    progress(FetchStep(source.name, "ready"))
    return FetchedSource(source, folder, downloaded=wheel.size)


def bring(source: Source, work: Path, folder: Path, progress: Progress) -> None:
    wheel = source.wheel
    progress(FetchStep(source.name, "downloading", 0, wheel.size))
    archive = download(
        wheel, work, lambda done: progress(FetchStep(source.name, "downloading", done, wheel.size))
    )
    progress(FetchStep(source.name, "unpacking"))
    made = work / "members"
    made.mkdir()
    unpack(wheel, archive, made)
    put_in_place(wheel, made, folder)


def unpack(wheel: Wheel, archive: Path, into: Path) -> None:
    """Write the members of `wheel`, and nothing else of it, into `into`.

    Raises:
        SourceChangedError: a member is missing or is not what was pinned.
    """
    with zipfile.ZipFile(archive) as opened:
        for member in wheel.members:
            if member.path not in opened.namelist():
                raise changed(wheel)
            # A pinned size bounds what is unpacked whatever the archive claims.
            with opened.open(member.path) as content:
                (into / member.name).write_bytes(content.read(member.size + 1))
            if digest_of(into / member.name) != member.sha256:
                raise changed(wheel)
