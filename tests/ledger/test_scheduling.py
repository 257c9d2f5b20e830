"""Where a role has a delay, the sender schedules an act and does it once the delay has passed, whatever crashes."""

import pytest
from sqlalchemy import func, select

from ledger.bindings import Rule
from ledger.outbox import messages
from ledger.outbox.tables import MessageRow, State, TransactionRow
from ledger.roles import PRODUCTION, Role
from ledger.storage import Database
from tests.ledger.sending import CrashError, fate_of, put_rule, run_until_quiet, sender
from tests.town import Town

DELAY = PRODUCTION.execution_delay[Role.OPERATOR]
WEEK = 7 * 86_400
POINTS = ("T2.after_signed", "T3.after_broadcast", "T5.before_receipt_saved")


def transactions(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(TransactionRow)) or 0


def test_an_act_that_must_wait_is_scheduled_first_and_done_when_its_delay_has_passed(
    production: Town, database: Database
) -> None:
    put_rule(production, database)
    one = sender(production, database)

    run_until_quiet(one)
    scheduled = fate_of(database, "rule")
    assert scheduled.state is State.INTENT
    assert scheduled.ready_at == production.clock.now + DELAY
    production.pass_time(DELAY - 1)
    run_until_quiet(one)
    assert production.contracts.use_cases.rule_count() == 0

    production.pass_time(1)
    run_until_quiet(one)
    assert fate_of(database, "rule").succeeded
    assert production.contracts.use_cases.rule_count() == 1
    assert transactions(database) == 2


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_while_scheduling_schedules_once(production: Town, database: Database, point: str) -> None:
    put_rule(production, database)
    with pytest.raises(CrashError):
        run_until_quiet(sender(production, database, crash_at=point))

    run_until_quiet(sender(production, database))
    production.pass_time(DELAY)
    run_until_quiet(sender(production, database))

    assert fate_of(database, "rule").succeeded
    assert production.contracts.use_cases.rule_count() == 1
    assert transactions(database) == 2


@pytest.mark.parametrize("point", POINTS)
def test_a_crash_after_the_delay_does_it_once(production: Town, database: Database, point: str) -> None:
    put_rule(production, database)
    run_until_quiet(sender(production, database))
    production.pass_time(DELAY)
    with pytest.raises(CrashError):
        run_until_quiet(sender(production, database, crash_at=point))

    run_until_quiet(sender(production, database))

    assert fate_of(database, "rule").succeeded
    assert production.contracts.use_cases.rule_count() == 1
    assert transactions(database) == 2


def test_what_a_guardian_cancelled_is_refused_by_name_and_may_be_put_again(
    production: Town, database: Database
) -> None:
    put_rule(production, database)
    run_until_quiet(sender(production, database))
    with database.reading() as session:
        waiting = session.scalars(select(MessageRow).where(MessageRow.business_key == "rule")).one()
    otto = production.keys["otto"].address
    production.send("guardian", production.contracts.access.cancel(otto, waiting.contract, waiting.calldata))
    production.pass_time(DELAY)
    run_until_quiet(sender(production, database))
    assert fate_of(database, "rule").refusal == "AccessManagerNotScheduled"
    assert production.contracts.use_cases.rule_count() == 0

    put_rule(production, database)
    run_until_quiet(sender(production, database))
    production.pass_time(DELAY)
    run_until_quiet(sender(production, database))
    assert fate_of(database, "rule").succeeded


def test_what_was_left_for_a_week_has_expired_by_name(production: Town, database: Database) -> None:
    put_rule(production, database)
    run_until_quiet(sender(production, database))
    production.pass_time(DELAY + WEEK)
    run_until_quiet(sender(production, database))
    assert fate_of(database, "rule").refusal == "AccessManagerExpired"


def test_the_same_act_twice_is_done_twice_one_after_the_other(production: Town, database: Database) -> None:
    put_rule(production, database)
    put_rule(production, database, key="the same words")
    one = sender(production, database)
    for _ in range(2):
        run_until_quiet(one)
        production.pass_time(DELAY)
    run_until_quiet(one)

    assert fate_of(database, "rule").succeeded
    assert fate_of(database, "the same words").succeeded
    assert production.contracts.use_cases.rule_count() == 2


def test_what_waits_holds_nothing_else_up(production: Town, database: Database) -> None:
    for number in range(3):
        call = production.contracts.use_cases.publish_rule(
            Rule(bytes(32), 16, 30, 30, bytes([number + 1]) * 32)
        )
        with database.writing() as session:
            messages.put(session, call, key=f"rule:{number}", signer="operator")
        run_until_quiet(sender(production, database))
    assert all(fate_of(database, f"rule:{number}").ready_at for number in range(3))
    production.pass_time(DELAY)
    run_until_quiet(sender(production, database))
    assert production.contracts.use_cases.rule_count() == 3


def test_what_somebody_scheduled_by_hand_is_not_scheduled_again(production: Town, database: Database) -> None:
    call = production.contracts.use_cases.publish_rule(Rule(bytes(32), 16, 30, 30, b"\x01" * 32))
    production.send("otto", production.contracts.access.schedule(call.to, call.data, 0))
    put_rule(production, database)
    run_until_quiet(sender(production, database))
    production.pass_time(DELAY)
    run_until_quiet(sender(production, database))
    assert fate_of(database, "rule").succeeded


def test_a_key_without_a_delay_is_asked_about_once(town: Town, database: Database) -> None:
    asked: list[str] = []

    class Listening:
        def call(self, to: str, data: bytes, block: int | str = "latest") -> bytes:
            asked.append(to)
            return town.node.call(to, data, block)

    one = sender(town, database, reader=Listening())
    for number in range(5):
        put_rule(town, database, key=f"rule:{number}")
    run_until_quiet(one)
    assert town.contracts.use_cases.rule_count() == 5
    assert len(asked) == 1
