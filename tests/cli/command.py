"""Running the `stoa` command as a person does, and hearing what it says."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

STOA = Path(sys.executable).with_name("stoa")
"""The console command, installed beside the Python that runs the tests."""
WIDE = {"COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
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


def stoa(
    home: Path,
    *arguments: str | Path,
    stdin: str = "",
    cwd: Path | None = None,
    before: Callable[[], None] | None = None,
    **environment: str,
) -> Said:
    """Run the installed command to its end. `before` is called in its process, before it begins."""
    done = subprocess.run(
        [STOA, *arguments],
        input=stdin,
        cwd=cwd,
        env=environment_of(home, environment),
        preexec_fn=before,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return Said(done.returncode, done.stdout, done.stderr)


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
        if path.is_file() and path.suffix not in LEFT_BEHIND and path.name != "running"
    }
