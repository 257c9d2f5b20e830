"""Running the `stoa` command as a person does, and hearing what it says."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from api.cli.later import PLACES
from api.cli.main import main

STOA = Path(sys.executable).with_name("stoa")
"""The console command, installed beside the Python that runs the tests."""
WIDE = {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
# A console takes its width when it is imported, which the warm process does before any test.
os.environ.update(WIDE)
# What a shell starts in its background ignores Ctrl-C, and so does everything started from there.
signal.signal(signal.SIGINT, signal.default_int_handler)
PATIENCE = 120
LEFT_BEHIND = (".log", ".lock", ".db-wal", ".db-shm")
"""Endings of files that come and go with a process."""


@dataclass(frozen=True)
class Said:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """What was said on standard output, with single spaces."""
        return " ".join(self.out.split())

    def done(self) -> "Said":
        assert self.code == 0, self
        assert "Traceback" not in self.err
        return self

    def refused(self, code: str, *told: str, exit_code: int = 1) -> "Said":
        """One line `code: sentence` on standard error, a fitting exit code, nothing else."""
        assert self.code == exit_code, self
        assert self.err.startswith(f"{code}: "), self
        assert self.err.count("\n") == 1, self
        assert len(self.err) > len(code) + 20, "It says nothing."
        for part in told:
            assert part in self.err
        return self


def environment_of(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, **WIDE, "STOA_HOME": str(home), **more}


WARM = multiprocessing.get_context("forkserver")
"""A process that has imported the command, and forks for each one that is run: starting Python takes seconds."""
WARM.set_forkserver_preload(["api.cli.main", *(f"api.cli.{one.module}" for one in PLACES.values())])


def stoa(
    home: Path,
    *arguments: str | Path,
    stdin: str = "",
    cwd: Path | None = None,
    most_bytes: int | None = None,
    **environment: str,
) -> Said:
    """Run the command to its end in a process of its own, whose files cannot grow beyond `most_bytes`."""
    with TemporaryDirectory(prefix="stoa-said-") as made:
        folder = Path(made)
        (folder / "in").write_text(stdin)
        process = WARM.Process(
            target=_become_the_command,
            args=(list(map(str, arguments)), environment_of(home, environment), cwd, folder, most_bytes),
        )
        process.start()
        process.join(PATIENCE)
        assert process.exitcode is not None, f"{arguments} did not end."
        return Said(process.exitcode, (folder / "out").read_text(), (folder / "err").read_text())


def _become_the_command(
    arguments: list[str], environment: dict[str, str], cwd: Path | None, folder: Path, most_bytes: int | None
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number, name, flags in (
        (0, "in", os.O_RDONLY),
        (1, "out", os.O_WRONLY | os.O_CREAT),
        (2, "err", os.O_WRONLY | os.O_CREAT),
    ):
        os.dup2(os.open(folder / name, flags), number)
    sys.stdin = os.fdopen(0, closefd=False)
    os.chdir(cwd or Path.cwd())
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    sys.argv = ["stoa", *arguments]
    main()


class Typed(Protocol):
    """`main` in the tests' own process: as the command, without starting an interpreter."""

    def __call__(self, home: Path, *arguments: str | Path, stdin: str = "") -> Said: ...


class Service:
    """A command that runs until it is stopped."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.log = home.parent / f"{home.name}-{'-'.join(arguments[:1])}.said"
        with self.log.open("w") as said:
            self.child = subprocess.Popen(
                [STOA, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                env=environment_of(home, environment),
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def says(self, text: str, seconds: float = PATIENCE) -> None:
        """Wait until it has said so."""
        give_up = time.monotonic() + seconds
        while text not in self.said:
            assert self.child.poll() is None, self.said
            assert time.monotonic() < give_up, self.said
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.child.send_signal(how)
        return self.child.wait(60)


@contextmanager
def serving(home: Path, *arguments: str, until: str, **environment: str) -> Generator[Service]:
    """A service, from when it has said `until`."""
    service = Service(home, *arguments, **environment)
    try:
        service.says(until)
        yield service
    finally:
        if service.child.poll() is None:
            service.stop(signal.SIGTERM)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder that no command may change by being refused."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in LEFT_BEHIND and path.name not in ("running", "lock")
    }
