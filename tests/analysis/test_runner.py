"""A run happens in a process that can do nothing but answer, and says nothing but its answer."""

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from marketplace.analysis.compiler import CompiledQuery, compile_routine
from marketplace.analysis.grid import Grid
from marketplace.analysis.runner import (
    Limits,
    RunError,
    RunNumberTooLargeError,
    RunOutOfMemoryError,
    RunTimeoutError,
    RunVersionCorruptedError,
    RunVersionMismatchError,
    SourceInput,
    VersionFile,
    run,
)
from marketplace.analysis.subjects import everybody
from marketplace.catalogue.ingest import ingest
from marketplace.catalogue.sources import read_table
from marketplace.catalogue.version_file import erase_subject
from tests.analysis.samples import BAND_BY_DISTRICT, band_and_district, by_labels, recomputed, written
from tests.catalogue.samples import KEY, Town

linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's protections are Linux's")

CANARY = "CANARY-7f3a"
ENDLESS = "SELECT sum(a.i * b.i % 7) FROM range(10000000) a(i), range(10000000) b(i)"
QUICK = Limits(wall_seconds=20, cpu_seconds=20)


def asking(town: Town, sql: str) -> CompiledQuery:
    """A query that our compiler would never write, to see what the process does with it."""
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    return replace(query, sql=sql, parameters={}, grid=Grid((), ("rows",)), personal=False)


def run_sql(town: Town, sql: str, limits: Limits = QUICK) -> tuple[int, ...]:
    query = asking(town, f"{sql} -- $consent_0 $consent_1" if "$" not in sql else sql)
    probe = "SELECT * FROM (" + sql + ") WHERE bit_length($consent_0::BIT) + bit_length($consent_1::BIT) > 0"
    query = replace(query, sql=probe)
    return run(query, town.inputs(everybody(400), "residents", "journeys"), limits).cells[0].values


def test_a_plain_question_is_answered(town: Town) -> None:
    assert run_sql(town, "SELECT count(*) FROM s0") == (len(town.journeys),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM read_text('/etc/passwd')",
        "SELECT count(*) FROM read_csv('/etc/passwd', columns = {'a': 'VARCHAR'})",
        "SELECT count(*) FROM glob('/proc/self/*')",
        "SELECT count(*) FROM read_blob('https://example.org')",
        "SELECT length(getenv('HOME'))",
    ],
)
def test_nothing_but_the_versions_can_be_read(town: Town, sql: str) -> None:
    with pytest.raises(RunError) as failed:
        run_sql(town, sql)

    assert failed.value.code == "run_failed"


@pytest.mark.parametrize(
    "sql",
    [
        "COPY (SELECT 1) TO '{target}'",
        "COPY (SELECT 1) TO '/proc/self/fd/3' (USE_TMP_FILE false)",
        "ATTACH '{target}'",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "INSTALL httpfs",
        "LOAD httpfs",
        "EXPORT DATABASE '{target}'",
    ],
)
def test_nothing_can_be_written_loaded_or_unlocked(town: Town, tmp_path: Path, sql: str) -> None:
    target = tmp_path / "leak"
    query = replace(asking(town, sql.format(target=target)), sources=())

    with pytest.raises(RunError):
        run(query, {}, QUICK)

    assert list(tmp_path.iterdir()) == []


def test_what_the_engine_says_about_a_row_stays_inside(town: Town) -> None:
    for sql in (f"SELECT CAST('{CANARY}' AS INTEGER)", f"SELECT error('{CANARY}')"):
        with pytest.raises(RunError) as failed:
            run_sql(town, sql)
        assert CANARY not in f"{failed.value!r} {failed.value} {failed.value.__cause__!r}"
        assert failed.value.__context__ is None


def test_no_planted_value_is_in_a_runs_answer_or_errors(
    town: Town, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(tmp_path / "j.db")) as database, database:
        database.execute("CREATE TABLE journeys (person_id, mode, hour, minutes, to_zone)")
        rows = [(f"{CANARY}-{n}", "bus", 7, 599, 33) for n in range(12)]
        database.executemany("INSERT INTO journeys VALUES (?, ?, ?, ?, ?)", rows)
    keys = [row[0] for row in rows]
    version = VersionFile(tmp_path / "v", KEY)
    description = town.descriptions["journeys"]
    ingest(
        description,
        read_table(f"sqlite:///{tmp_path}/j.db", "journeys", description),
        index_of=keys.index,
        target=version.path,
        key=KEY,
    )
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    inputs = town.inputs(everybody(12), "residents") | {"journeys": SourceInput(version, everybody(12))}

    found = run(query, inputs)

    assert (
        CANARY not in repr(found) + repr(inputs) + repr(version) + "".join(capfd.readouterr()) + caplog.text
    )
    assert KEY.hex() not in repr(inputs) + repr(version)
    assert CANARY.encode() not in version.path.read_bytes()


def test_a_run_that_does_not_end_is_ended(town: Town) -> None:
    started = time.monotonic()

    with pytest.raises(RunTimeoutError):
        run_sql(town, ENDLESS, Limits(wall_seconds=1.5))

    assert time.monotonic() - started < 10
    assert not children()


def test_a_run_that_burns_the_processor_is_ended(town: Town) -> None:
    with pytest.raises(RunTimeoutError):
        run_sql(town, ENDLESS, Limits(wall_seconds=60, cpu_seconds=1))


@pytest.mark.parametrize(
    "limits",
    [Limits(engine_memory_bytes=32_000_000), Limits(address_space_bytes=700_000_000)],
    ids=["the engine's own limit", "the address space"],
)
def test_a_run_that_needs_too_much_memory_is_ended(town: Town, limits: Limits) -> None:
    with pytest.raises(RunOutOfMemoryError):
        run_sql(
            town, "SELECT len(list(i::VARCHAR || 'aaaaaaaaaaaaaaaaaaaa')) FROM range(20000000) r(i)", limits
        )


def test_a_sum_that_json_cannot_carry_is_refused(town: Town) -> None:
    with pytest.raises(RunNumberTooLargeError):
        run_sql(town, "SELECT 9007199254740992")


def test_a_changed_a_missing_and_a_locked_version_are_one_named_error(town: Town, tmp_path: Path) -> None:
    changed = bytearray(town.versions["residents"].path.read_bytes())
    changed[len(changed) // 2] ^= 1
    (tmp_path / "changed").write_bytes(changed)
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    good = town.versions["residents"]

    for version in (
        VersionFile(tmp_path / "changed", KEY),
        VersionFile(tmp_path / "missing", KEY),
        VersionFile(good.path, bytes(32)),
    ):
        inputs = town.inputs(everybody(400), "journeys") | {"residents": SourceInput(version, everybody(400))}
        with pytest.raises(RunVersionCorruptedError):
            run(query, inputs)


def test_a_version_of_another_description_is_refused(town: Town) -> None:
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    inputs = {
        "residents": SourceInput(town.versions["journeys"], everybody(400)),
        "journeys": SourceInput(town.versions["journeys"], everybody(400)),
    }

    with pytest.raises(RunVersionMismatchError):
        run(query, inputs)


def test_forgetting_whose_rows_may_be_used_is_refused(town: Town) -> None:
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    inputs = town.inputs(everybody(400), "residents", "journeys")

    with pytest.raises(ValueError, match="residents"):
        run(query, inputs | {"residents": SourceInput(town.versions["residents"], None)})
    with pytest.raises(ValueError, match="journeys"):
        run(query, {"residents": inputs["residents"]})


def test_an_erased_person_is_in_no_later_answer(town: Town, tmp_path: Path) -> None:
    anna = next(j.key for j in town.journeys if j.mode == "bus")
    version = VersionFile(tmp_path / "erased", bytes(32))
    old = town.versions["journeys"]
    erase_subject(
        town.descriptions["journeys"],
        old.path,
        old.key,
        subject=town.index[anna],
        target=version.path,
        new_key=version.key,
    )
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)
    inputs = town.inputs(everybody(400), "residents") | {"journeys": SourceInput(version, everybody(400))}

    found = by_labels(query.grid, run(query, inputs).cells)

    assert found == recomputed(town, set(town.index) - {anna}, band_and_district)


@linux
def test_the_protections_that_stood_are_reported(town: Town) -> None:
    query = compile_routine(written(BAND_BY_DISTRICT), town.descriptions)

    layers = run(query, town.inputs(everybody(400), "residents", "journeys")).layers

    assert {"resource_limits", "no_new_privileges", "no_file_growth", "locked_engine", "watchdog"} <= set(
        layers
    )


@linux
def test_neither_key_nor_environment_nor_open_files_reach_the_worker(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOA_SECRET", CANARY)
    with (tmp_path / "ledger.db").open("w") as opened:
        os.set_inheritable(opened.fileno(), True)
        with running(town):
            [child] = children()
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            environment, files = b"", list[str]()
            # Without privileges even we may not look: the worker has made itself unreadable.
            with suppress(PermissionError):
                environment = Path(f"/proc/{child}/environ").read_bytes()
                files = [os.readlink(fd) for fd in Path(f"/proc/{child}/fd").iterdir()]  # noqa: PTH115

    assert KEY.hex().encode() not in command + environment
    assert CANARY.encode() not in environment
    assert not [file for file in files if file.startswith(str(tmp_path))]


@contextmanager
def running(town: Town) -> Iterator[None]:
    """A run that keeps its process busy for a while."""
    failed: list[RunError] = []

    def until_killed() -> None:
        try:
            run_sql(town, ENDLESS, Limits(wall_seconds=3))
        except RunError as error:
            failed.append(error)

    thread = threading.Thread(target=until_killed)
    thread.start()
    deadline = time.monotonic() + 2.5
    while not children() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.3)
    try:
        yield
    finally:
        thread.join()
    assert isinstance(failed[0], RunTimeoutError)


there_before: set[int] = set()
"""Processes that tests in other files have left to this one: a browser, a server that forks."""


@pytest.fixture(autouse=True)
def only_what_a_run_starts() -> None:
    there_before.clear()
    if sys.platform == "linux":
        there_before.update(children())


def children() -> list[int]:
    """The processes that were started since the test began."""
    listed = Path(f"/proc/{os.getpid()}/task")
    found = [int(pid) for task in listed.iterdir() for pid in (task / "children").read_text().split()]
    return [pid for pid in found if pid not in there_before]


@linux
def test_the_worker_imports_no_ledger_no_database_and_no_web() -> None:
    script = "import sys, marketplace.analysis.child; print(' '.join(sys.modules))"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout

    packages = {name.split(".")[0] for name in loaded.split()}
    assert not packages & {"ledger", "sqlalchemy", "web3", "fastapi", "rfc8785", "socketserver", "requests"}


@linux
@pytest.mark.parametrize(
    "attempt",
    [
        "import socket; socket.socket()",
        "import socket; socket.socketpair()",
        "import os; os.execv('/bin/true', ['true'])",
        "import os; os.fork()",
        "open('{target}', 'w')",
        "import os; os.open('{target}', os.O_CREAT | os.O_RDONLY)",
        "open('{existing}', 'r+')",
        "import os; os.unlink('{existing}')",
        "import os; os.rename('{existing}', '{target}')",
        "import os; os.mkdir('{target}')",
        "import os; os.chmod('{existing}', 0o777)",
        "import os; os.truncate('{existing}', 0)",
    ],
)
def test_in_the_cage_the_kernel_refuses(tmp_path: Path, attempt: str) -> None:
    existing = tmp_path / "existing"
    existing.write_text("here", "utf-8")
    existing.chmod(0o666)
    tmp_path.chmod(0o777)
    script = textwrap.dedent(
        f"""
        import socket, sys
        from marketplace.analysis import cage
        layers = cage.refuse_writing_and_talking() if cage.limit(cpu_seconds=5, address_space_bytes=2**31) else []
        if "system_call_filter" not in layers:
            sys.exit(77)
        try:
            {attempt.format(target=tmp_path / "target", existing=existing)}
        except PermissionError:
            sys.exit(0)
        sys.exit(1)
        """
    )

    status = subprocess.run(
        [sys.executable, "-c", script], check=False, cwd=Path(__file__).parents[2]
    ).returncode

    if status == 77:
        pytest.skip("this kernel has no system call filter for us")
    assert status == 0
    assert existing.read_text("utf-8") == "here"
    assert not (tmp_path / "target").exists()
