"""A city's processes on one machine: chain, registrar, workers, server. Each is started, watched and stopped alone."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from api.home import LOOPBACK, CityInUseError, Home, claimed, port_of
from marketplace.errors import UnavailableError

GRACE_SECONDS = 15
LAST_WORDS = 2_000
"""Bytes at the end of a log in which its last sentence is looked for."""


class ProcessDiedError(UnavailableError):
    """A process of the city ended by itself."""

    code = "process_died"


class PortTakenError(UnavailableError):
    """Something else listens where a process of the city should."""

    code = "port_taken"


def require_free_port(url: str) -> int:
    """The port of `url`, on which nobody listens.

    Raises:
        PortTakenError
    """
    port = port_of(url)
    if free_port(port) != port:
        raise PortTakenError(
            f"Port {port} of this machine is taken. Stop what listens there (is `stoa serve` running?), or choose "
            "another port in settings.json."
        )
    return port


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
    _lock: int | None = None

    def hold(self) -> None:
        """Claim the city's folder. The children inherit the claim: it ends with the last of them, however it ends.

        Raises:
            CityInUseError: another command runs the city, or left processes of it behind.
        """
        if self._lock is not None:
            return
        file = self.home.folder / "running"
        self._lock = claimed(file)
        if self._lock is None:
            holders = [int(pid) for pid in file.read_text().split() if Path(f"/proc/{pid}").exists()]
            stop = f"`kill {' '.join(map(str, holders))}`" if holders else "Ctrl-C where it was started"
            raise CityInUseError(
                f"The city in {self.home.folder} is running already. Use it as it is, or stop it first with {stop}."
            )
        self._name_holders()

    def _name_holders(self) -> None:
        assert self._lock is not None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, " ".join(str(pid) for pid in [os.getpid(), *self.pids()]).encode(), 0)

    def start(
        self, name: str, module: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        """Start `python -m MODULE ARGUMENTS` as the process called `name`; what it prints goes to its log.

        Raises:
            CityInUseError
        """
        self.hold()
        assert self._lock is not None
        log = (self.home.logs / f"{name}.log").open("ab")
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            pass_fds=[self._lock],
        )
        log.close()
        self._name_holders()

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
                log = self.home.logs / f"{name}.log"
                raise ProcessDiedError(
                    f"The city's {name} ended with code {process.returncode}. "
                    f"Its last words are in {log}: {last_words(log)}"
                )

    def listens(self, name: str, url: str, seconds: float) -> bool:
        """Whether the process called `name` listens at `url` within `seconds`.

        Raises:
            ProcessDiedError: one has ended.
        """
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if wait_for_port(url, 0.2):
                return True
            self.require_running()
        return False

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
        process = self._running.get(name)
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        del self._running[name]

    def stop_all(self) -> None:
        """Stop every process, the chain last. Interrupted by an impatient Ctrl-C, it kills the rest: they are
        made for that."""
        try:
            for name in reversed(list(self._running)):
                self.stop(name)
        finally:
            for name in list(self._running):
                self.kill(name)
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def proportional_memory(self) -> int:
        """Bytes of memory of all children and this process, shared pages counted by share (PSS); 0 if unknown."""
        return sum(proportional_memory_of(pid) for pid in [os.getpid(), *self.pids()])


def last_words(log: Path) -> str:
    """The last line of a log."""
    try:
        lines = log.read_bytes()[-LAST_WORDS:].decode(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "(it said nothing)."


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
