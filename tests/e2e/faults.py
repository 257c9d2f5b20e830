"""A demonstration that can be struck at any moment, and how to strike it."""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

SERVICES = {"devnet": "ledger.devnet", "server": "api.entry.server", "workers": "api.entry.workers"}
STEP_DONE = re.compile(r"^  ✓ (.{1,24})")
SECONDS_TO_GIVE_UP = 20
"""For a play whose city was killed, to say so in one sentence. Then it is killed as well."""
LONGEST_PLAY = 400


@dataclass(frozen=True)
class Moment:
    """When to strike: some seconds after so many different steps were done for the first time."""

    steps: int
    seconds: float
    victims: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s after step {self.steps}: {', '.join(self.victims)}"


def moments(chance: random.Random, count: int, steps: int) -> list[Moment]:
    """Server and devnet die at each of them, and the workers at every other on average, in any order."""
    return [
        Moment(after, chance.uniform(0, 5), tuple(chance.sample(victims, len(victims))))
        for after in sorted(chance.sample(range(steps), count))
        for victims in [["devnet", "server", *(["workers"] if chance.random() < 0.5 else [])]]
    ]


def command(home: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "api.cli.main", "--home", str(home), *arguments]


@dataclass
class Play:
    """One `stoa demo`, while it runs."""

    home: Path
    seen: set[str]
    """The steps that were done, in this play and in those before it."""
    said: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        environment = {**os.environ, "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
        self._child = subprocess.Popen(
            command(self.home, "demo", "--once"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self._reader = threading.Thread(target=self._listen)
        self._reader.start()

    def _listen(self) -> None:
        for line in cast("IO[str]", self._child.stdout):
            self.said.append(line.rstrip())
            if done := STEP_DONE.match(line):
                self.seen.add(done[1])

    def strike(self, moment: Moment) -> bool:
        """Wait for the moment and kill; False when the play came to its end before."""
        if not self._wait_while_running(lambda: len(self.seen) >= moment.steps):
            return False
        time.sleep(moment.seconds)
        self._wait_while_running(lambda: bool(pids_of(self.home, SERVICES["devnet"])))
        if self._child.poll() is not None:
            return False
        for victim in moment.victims:
            kill(pids_of(self.home, SERVICES[victim]))
        return True

    def give_up(self) -> int | None:
        """Its exit code after its city was killed; None when it had to be killed as well."""
        try:
            code = self._child.wait(SECONDS_TO_GIVE_UP)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            code = None
        self._reader.join()
        kill(pids_of(self.home))
        return code

    def end(self) -> int:
        code = self._child.wait(LONGEST_PLAY)
        self._reader.join()
        return code

    def _wait_while_running(self, holds: Callable[[], bool]) -> bool:
        give_up = time.monotonic() + LONGEST_PLAY
        while not holds():
            if self._child.poll() is not None or time.monotonic() > give_up:
                return False
            time.sleep(0.05)
        return True


def pids_of(home: Path, module: str = "") -> list[int]:
    """The processes of the city in this folder, and of no other: all of them name it when they are started."""
    found: list[int] = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            number = int(folder.name)
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            below = any(word == str(home) or word.startswith(f"{home}/") for word in words)
            if number != os.getpid() and below and (not module or module in words):
                found.append(number)
    return found


def kill(pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
