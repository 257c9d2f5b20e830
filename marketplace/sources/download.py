"""Download one pinned wheel with pip, in a process of its own and under pip's own configuration."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from marketplace.sources.cache import digest_of
from marketplace.sources.errors import (
    DiskFullError,
    PipMissingError,
    SourceChangedError,
    SourceError,
    SourcesUnreachableError,
    SourceWithdrawnError,
)
from marketplace.sources.model import Wheel

POLL_SECONDS = 0.1
SPARE_BYTES = 16 * 1024 * 1024

# We read files out of the wheel and never run it, so every machine takes the same one.
SAME_FILE_EVERYWHERE = (
    "--only-binary=:all:",
    "--implementation=cp",
    "--python-version=3.11",
    "--abi=cp311",
    "--platform=manylinux_2_28_x86_64",
)
QUIETLY = ("--progress-bar=off", "--disable-pip-version-check", "--no-input", "--no-color")

NO_ROUTE_SIGNS = (
    "Retrying (",
    "ConnectionError",
    "Network is unreachable",
    "Temporary failure in name resolution",
    "Connection refused",
    "timed out",
    "ProxyError",
    "SSLError",
)


def download(wheel: Wheel, work: Path, report: Callable[[int], None]) -> Path:
    """The wheel's file below `work`, verified. `report` is told the bytes that have arrived so far.

    Raises:
        SourcesUnreachableError, SourceWithdrawnError, SourceChangedError, DiskFullError, PipMissingError.
    """
    require_room(wheel, work)
    arrived = work / "arrived" / wheel.file_name
    output = run_pip(wheel, work, report)
    if output is not None:
        raise refusal(wheel, output)
    if digest_of(arrived) != wheel.sha256:
        raise changed(wheel)
    return arrived


def require_room(wheel: Wheel, work: Path) -> None:
    """pip writes the file twice: where it downloads and where it was told to."""
    if shutil.disk_usage(work).free < 2 * wheel.size + SPARE_BYTES:
        raise disk_full(wheel)


def run_pip(wheel: Wheel, work: Path, report: Callable[[int], None]) -> str | None:
    """None when pip succeeded, otherwise what it said."""
    wanted = work / "requirements.txt"
    wanted.write_text(wheel.requirement + "\n", "utf-8")
    temporary = work / "pip"
    temporary.mkdir()
    said = work / "pip.log"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--no-cache-dir"]
    command += [*SAME_FILE_EVERYWHERE, *QUIETLY, "--retries=1"]
    command += [f"--dest={work / 'arrived'}", f"--requirement={wanted}"]
    with said.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | {"TMPDIR": str(temporary)},
        )
    try:
        while process.poll() is None:
            report(min(wheel.size, largest_file(temporary)))
            time.sleep(POLL_SECONDS)
    finally:
        # Ctrl-C must not leave a download behind.
        if process.poll() is None:
            process.kill()
            process.wait()
    return None if process.returncode == 0 else said.read_text("utf-8", errors="replace")


def largest_file(folder: Path) -> int:
    """Bytes of the largest file that is being written below `folder`: the wheel on its way."""
    largest = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, (Path(place) / name).stat().st_size)
            except OSError:
                # pip has moved or removed it in the meantime.
                continue
    return largest


def refusal(wheel: Wheel, output: str) -> SourceError:
    """What pip's words mean. They are not repeated: they may name hosts and accounts of a private index."""
    what = f"{wheel.project} {wheel.version}"
    if "No module named pip" in output:
        return PipMissingError(
            f"This Python has no pip to download {what} with. Run: {sys.executable} -m ensurepip"
        )
    if "DO NOT MATCH THE HASHES" in output:
        return changed(wheel)
    if "No space left on device" in output:
        return disk_full(wheel)
    if any(sign in output for sign in NO_ROUTE_SIGNS):
        return SourcesUnreachableError(
            f"The package index did not answer, so {what} could not be downloaded. Check the network, or"
            " pip's index and proxy settings, and run the same command again. The cache keeps what it has."
        )
    return SourceWithdrawnError(
        f"The package index that pip uses does not offer {wheel.file_name}. See what it says with:"
        f" {sys.executable} -m pip download --no-deps {wheel.project}=={wheel.version}"
    )


def changed(wheel: Wheel) -> SourceChangedError:
    return SourceChangedError(
        f"{wheel.file_name} is not the file that was pinned, so nothing of it was kept. Use another package"
        " index; if the same happens there, do not use this source and tell the maintainers."
    )


def disk_full(wheel: Wheel) -> DiskFullError:
    return DiskFullError(
        f"There is no room for {wheel.project}: unpacking takes {2 * wheel.size // 1_000_000 + 17} MB. Free"
        " some, or set STOA_CACHE to a folder on another disk."
    )
