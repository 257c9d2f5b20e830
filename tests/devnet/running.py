"""The chain as a process of its own."""

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import urlsplit

OPEN = b'{"anybody": true}'


class Running:
    """A started chain, and one connection to it."""

    def __init__(self, child: "subprocess.Popen[str]", told: dict[str, str]) -> None:
        self.child = child
        self.told = told
        self.url = told["URL"]
        self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)

    def rpc(self, payload: Any) -> Any:
        self._connection.request("POST", "/", json.dumps(payload), {"Content-Type": "application/json"})
        return json.loads(self._connection.getresponse().read())

    def another(self) -> "Running":
        """The same chain over a connection of its own, for another thread."""
        return Running(self.child, self.told)

    def let_files_grow_to(self, most_bytes: int) -> None:
        """From now on the kernel refuses to let a file of this process grow further, as a full disk would."""
        resource.prlimit(self.child.pid, resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    def kill(self) -> None:
        """As the kernel would when memory is short: nothing runs afterwards."""
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Asks it to end. Returns exit code, standard output and standard error."""
        self.child.send_signal(how)
        output, errors = self.child.communicate(timeout=20)
        return self.child.returncode, output, errors


def start(folder: Path, *options: str) -> Running:
    """Starts the chain in `folder` on a free port and waits until it says where it is."""
    folder.mkdir(exist_ok=True)
    if not (folder / "door.json").exists():
        (folder / "door.json").write_bytes(OPEN)

    child = spawn(["-m", "ledger.devnet", "--folder", str(folder), "--port", "0", *options])
    told: dict[str, str] = {}
    for line in cast("IO[str]", child.stdout):
        if line.startswith("Stop with"):
            return Running(child, told)
        name, _, value = line.partition(" ")
        told[name] = value.strip()
    raise AssertionError(f"It did not start: {child.communicate()[1]}")


def spawn(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None, **more: Any
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(environment or {}),
        **more,
    )


@contextmanager
def running(folder: Path, *options: str) -> Generator[Running]:
    started = start(folder, *options)
    try:
        yield started
    finally:
        if started.child.poll() is None:
            started.kill()
        started.child.communicate()
