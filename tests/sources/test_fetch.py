"""Fetching: what arrives is what was pinned, and everything else is refused by name."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marketplace.sources import download
from marketplace.sources.cache import ABANDONED_AFTER, WORK_PREFIX, cache_folder, verified_folder
from marketplace.sources.catalogue import SOURCES
from marketplace.sources.errors import (
    DiskFullError,
    PipMissingError,
    SourceChangedError,
    SourceMissingError,
    SourcesUnreachableError,
    SourceWithdrawnError,
    UnknownSourceError,
)
from marketplace.sources.fetch import fetch
from marketplace.sources.model import FetchStep, Member, Source
from tests.sources.tiny_wheels import LICENCE, READINGS, pinned, with_members, write_wheel

Publish = Callable[..., Source]


def test_a_fetch_keeps_the_named_members_and_nothing_else(brook: Source, cache: Path) -> None:
    report = fetch(cache=cache, sources={"meadow": brook})

    folder = report.folder_of("meadow")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "flow.csv": READINGS,
        "LICENSE": LICENCE,
    }
    assert report.downloaded == brook.wheel.size
    assert [path.name for path in cache.iterdir()] == [brook.wheel.sha256[:16]]


def test_what_is_in_the_cache_is_not_fetched_again(brook: Source, shelf: Path, cache: Path) -> None:
    fetch(cache=cache, sources={"meadow": brook})
    shutil.rmtree(shelf)

    steps: list[FetchStep] = []
    report = fetch(["meadow"], cache, steps.append, sources={"meadow": brook})

    assert report.downloaded == 0
    assert steps == [FetchStep("meadow", "already in the cache")]


def test_a_damaged_file_in_the_cache_is_fetched_again(brook: Source, cache: Path) -> None:
    file = fetch(cache=cache, sources={"meadow": brook}).folder_of("meadow") / "flow.csv"
    file.write_bytes(READINGS.replace(b"12", b"99"))

    with pytest.raises(SourceMissingError):
        verified_folder(brook, cache)
    report = fetch(cache=cache, sources={"meadow": brook})

    assert report.downloaded == brook.wheel.size
    assert file.read_bytes() == READINGS


def test_progress_says_what_is_done_and_ends_ready(brook: Source, cache: Path) -> None:
    steps: list[FetchStep] = []

    fetch(cache=cache, progress=steps.append, sources={"meadow": brook})

    assert steps[0] == FetchStep("meadow", "downloading", 0, brook.wheel.size)
    assert [step.doing for step in steps[-2:]] == ["unpacking", "ready"]
    assert all(step.done <= step.total for step in steps)


def test_another_file_under_the_same_name_is_refused(brook: Source, shelf: Path, cache: Path) -> None:
    write_wheel(shelf / brook.wheel.file_name, "meadow", b"hour,flow\n0,99\n")

    with pytest.raises(SourceChangedError, match="is not the file that was pinned"):
        fetch(cache=cache, sources={"meadow": brook})
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize(
    "member",
    [pinned("meadow/flow.csv", b"something else"), pinned("meadow/gone.csv", READINGS)],
    ids=["other content", "no such file"],
)
def test_a_member_that_is_not_what_was_pinned_is_refused(brook: Source, cache: Path, member: Member) -> None:
    with pytest.raises(SourceChangedError):
        fetch(cache=cache, sources={"meadow": with_members(brook, member)})
    assert list(cache.iterdir()) == []


def test_a_member_larger_than_its_pin_is_not_unpacked_whole(brook: Source, cache: Path) -> None:
    bomb = Member("meadow/unread.bin", 10, pinned("", b"x" * 5_000).sha256)

    with pytest.raises(SourceChangedError):
        fetch(cache=cache, sources={"meadow": with_members(brook, bomb)})


def test_a_package_that_the_index_no_longer_has_is_named(brook: Source, shelf: Path, cache: Path) -> None:
    (shelf / brook.wheel.file_name).unlink()

    with pytest.raises(SourceWithdrawnError, match=r"meadow-1\.0-py3-none-any\.whl.*pip download"):
        fetch(cache=cache, sources={"meadow": brook})


def test_without_a_network_the_error_says_so_and_keeps_what_was_there(
    publish: Publish, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {"meadow": publish("meadow"), "pond": publish("pond")}
    fetch(["meadow"], cache, sources=sources)
    go_offline(monkeypatch)

    with pytest.raises(SourcesUnreachableError, match="Check the network"):
        fetch(cache=cache, sources=sources)
    assert fetch(["meadow"], cache, sources=sources).downloaded == 0


def test_an_error_repeats_no_account_of_a_private_index(
    brook: Source, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_offline(monkeypatch, "http://otto:hunter2@127.0.0.1:9/simple")

    with pytest.raises(SourcesUnreachableError) as refusal:
        fetch(cache=cache, sources={"meadow": brook})
    assert "hunter2" not in str(refusal.value)
    assert "127.0.0.1" not in str(refusal.value)


def test_a_full_disk_is_noticed_before_anything_is_downloaded(
    brook: Source, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(cache.parent)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage._replace(free=brook.wheel.size))

    with pytest.raises(DiskFullError, match="STOA_CACHE"):
        fetch(cache=cache, sources={"meadow": brook})
    assert list(cache.iterdir()) == []


def test_a_disk_that_fills_while_unpacking_leaves_nothing_behind(
    brook: Source, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)

    with pytest.raises(DiskFullError):
        fetch(cache=cache, sources={"meadow": brook})
    assert list(cache.iterdir()) == []


def test_ctrl_c_stops_the_download_and_leaves_nothing_behind(
    brook: Source, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            started.append(self)

    def interrupted(_: FetchStep) -> None:
        if started:
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Noted)

    with pytest.raises(KeyboardInterrupt):
        fetch(cache=cache, progress=interrupted, sources={"meadow": brook})
    assert started[0].poll() == -signal.SIGKILL
    assert list(cache.iterdir()) == []


def test_a_python_without_pip_says_how_to_get_it(
    brook: Source, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    monkeypatch.setattr(download.sys, "executable", str(bare / "bin" / "python"))

    with pytest.raises(PipMissingError, match="ensurepip"):
        fetch(cache=cache, sources={"meadow": brook})


def test_an_unknown_name_is_refused_before_anything_happens(brook: Source, cache: Path) -> None:
    with pytest.raises(UnknownSourceError, match=r"'brook'.*meadow"):
        fetch(["meadow", "brook"], cache, sources={"meadow": brook})
    assert not cache.exists()


def test_what_a_killed_fetch_left_behind_is_swept_up_later(brook: Source, cache: Path) -> None:
    left = cache / f"{WORK_PREFIX}left"
    young = cache / f"{WORK_PREFIX}young"
    for folder in (left, young):
        folder.mkdir(parents=True)
    long_ago = time.time() - ABANDONED_AFTER - 60
    os.utime(left, (long_ago, long_ago))

    fetch(cache=cache, sources={"meadow": brook})

    assert not left.exists()
    assert young.exists()


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STOA_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path / "sources"

    monkeypatch.delenv("STOA_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "stoa" / "sources"


def test_every_pin_names_files_that_cannot_collide_in_the_cache() -> None:
    for source in SOURCES.values():
        names = [member.name for member in source.wheel.members]
        assert len(set(names)) == len(names)
        assert source.wheel.file_name.lower().startswith(source.wheel.project.lower())
    assert len({source.wheel.sha256[:16] for source in SOURCES.values()}) == len(SOURCES)


def go_offline(monkeypatch: pytest.MonkeyPatch, index: str = "http://127.0.0.1:9/simple") -> None:
    """Nothing listens on that port."""
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", index)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
