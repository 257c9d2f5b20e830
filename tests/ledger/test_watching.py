"""A worker that has nothing to do waits until something is committed, and asks for no rows meanwhile."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from ledger.storage import Database
from ledger.watching import Watch

LONG = 20.0
"""Seconds; nobody waits for as long where something happens."""


@pytest.fixture
def watch(counter: Database) -> Iterator[Watch]:
    made = Watch([counter])
    yield made
    made.close()


def count(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE counter SET value = value + 1"))


def seconds_waited(watch: Watch, since: tuple[object, ...], seconds: float = LONG) -> float:
    begun = time.monotonic()
    watch.wait(since, seconds, threading.Event())
    return time.monotonic() - begun


def test_what_is_committed_while_it_waits_ends_the_waiting(counter: Database, watch: Watch) -> None:
    since = watch.look()
    somebody = threading.Timer(0.3, count, [counter])
    somebody.start()
    assert seconds_waited(watch, since) < LONG / 2
    somebody.join()


def test_what_was_committed_before_it_began_to_wait_is_not_missed(counter: Database, watch: Watch) -> None:
    since = watch.look()
    count(counter)
    assert seconds_waited(watch, since) < LONG / 2


def test_where_nothing_is_written_it_waits_for_its_time(counter: Database, watch: Watch) -> None:
    since = watch.look()
    with counter.reading() as session:
        session.execute(text("SELECT value FROM counter")).scalar_one()
    with counter.writing():
        pass
    assert seconds_waited(watch, since, 0.4) >= 0.4


def test_it_stops_waiting_when_it_is_told_to(watch: Watch) -> None:
    stopping = threading.Event()
    stopping.set()
    begun = time.monotonic()
    watch.wait(watch.look(), LONG, stopping)
    assert time.monotonic() - begun < LONG / 2


def test_a_look_blocks_nobody(counter: Database, watch: Watch) -> None:
    watch.look()
    count(counter)
    assert counter.truncate_log()
