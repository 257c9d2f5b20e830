"""A real PostgreSQL for one test session: a cluster of its own in a temporary folder, over a Unix socket."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

URL = "STOA_TEST_POSTGRES_URL"
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def is_installed() -> bool:
    return URL in os.environ or bool(BINARIES) or shutil.which("initdb") is not None


@contextmanager
def cluster() -> Iterator[str]:
    """The URL of a server: the one in the environment, or one started here."""
    if URL in os.environ:
        yield os.environ[URL]
        return
    binaries = BINARIES[0] if BINARIES else Path(shutil.which("initdb") or "initdb").parent
    folder = Path(tempfile.mkdtemp(prefix="stoa-postgres-"))
    folder.chmod(0o777)
    try:
        as_server = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        run(
            [
                *as_server,
                str(binaries / "initdb"),
                "-D",
                str(folder / "data"),
                "-A",
                "trust",
                "-U",
                "postgres",
            ]
        )
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        control = [*as_server, str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w"]
        run([*control, "-o", options, "-l", str(folder / "log"), "start"])
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            run([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")


def fresh_database(server: str, name: str, *, like: str = "template1") -> str:
    """The URL of a new database on `server`: an empty one, or a copy of the one that is named `like`."""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{like}"'))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")
