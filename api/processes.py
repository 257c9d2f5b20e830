"""A city's processes on one machine: chain, registrar, workers, server. Each is started, watched and stopped alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from api.home import LOOPBACK, Home
from marketplace.errors import UnavailableError

GRACE_SECONDS = 15


class ProcessDiedError(UnavailableError):
    """A process of the city ended by itself."""

    code = "process_died"


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else a free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UnavailableError("There is no free port on this machine.")


@dataclass
class Processes:
    """The children of one `stoa serve` or `stoa demo`."""

    home: Home
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def start(
        self, name: str, module: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        """Start `python -m MODULE ARGUMENTS` as the process called `name`; what it prints goes to its log."""
        log = (self.home.logs / f"{name}.log").open("ab")
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
        log.close()

    def pid(self, name: str) -> int:
        return self._running[name].pid

    def pids(self) -> list[int]:
        return [process.pid for process in self._running.values() if process.poll() is None]

    def is_running(self, name: str) -> bool:
        process = self._running.get(name)
        return process is not None and process.poll() is None

    def require_running(self) -> None:
        """Raises ProcessDiedError when one has ended by itself, and says where it told why."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise ProcessDiedError(
                    f"The city's {name} ended with code {process.returncode}. "
                    f"Its last words are in {self.home.logs / f'{name}.log'}."
                )

    def wait_for_end(self, name: str, seconds: float) -> bool:
        process = self._running[name]
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        del self._running[name]
        return True

    def kill(self, name: str) -> None:
        """As by `kill -9`."""
        process = self._running.pop(name)
        process.kill()
        process.wait()

    def stop(self, name: str) -> None:
        process = self._running.pop(name, None)
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop_all(self) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def proportional_memory(self) -> int:
        """Bytes of memory of all children and this process, shared pages counted by share (PSS); 0 if unknown."""
        return sum(proportional_memory_of(pid) for pid in [os.getpid(), *self.pids()])


def proportional_memory_of(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def wait_for_port(url: str, seconds: float) -> bool:
    """Whether somebody listens at `url` within `seconds`."""
    host, port = url.removeprefix("http://").split(":")
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((host, int(port))) == 0:
                return True
        time.sleep(0.05)
    return False
