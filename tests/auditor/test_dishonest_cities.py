"""Histories that the contracts let happen, because they cannot know, and that the auditor does not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stoa_audit.report import Exit, Report

from ledger.digests import keccak, sha256
from ledger.enums import Class
from ledger.node import RevertedError
from ledger.payments import order_id
from ledger.tree import OrderedTree
from tests.auditor.conftest import Audit, named
from tests.auditor.desk import Desk
from tests.auditor.history import Happened, consent, found_datasets, trade

Settling = Callable[[Desk, Happened], Any]


@pytest.fixture
def open_city(desk: Desk) -> tuple[Desk, Happened]:
    """Lab holds a licence, fourteen people agreed, one order waits."""
    happened = Happened()
    desk.join("lab", Class.COMMERCIAL)
    desk.join("clinic", Class.SUPPLIER)
    persons, trips, *_ = found_datasets(desk, happened)
    happened.use_case = desk.personal_use_case([persons, trips])
    trade(desk, happened)
    consent(desk, happened)
    happened.open = desk.order(happened.licence, happened.tariff, ["persons", "trips"])
    return desk, happened


@pytest.fixture
def verdict(open_city: tuple[Desk, Happened], tmp_path: Path, audit: Audit) -> Callable[[], Report]:
    desk, _ = open_city
    return lambda: audit(desk.export(tmp_path / "bundle"), desk.town.devnet.rpc)


def stop_one(desk: Desk, happened: Happened) -> None:
    one = happened.given[0]
    desk.town.send("mallory", desk.town.contracts.consents.revoke_by_code(one.terms, one.own, one.code.value))


def test_the_honest_course_of_this_city_passes(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, happened = open_city
    stop_one(desk, happened)
    desk.settle(happened.open, happened.use_case)

    assert verdict().exit is Exit.HOLDS


def test_a_consent_used_after_its_revocation_is_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, happened = open_city
    everybody = OrderedTree(one.consent.id for one in happened.given)
    stop_one(desk, happened)
    desk.settle(happened.open, happened.use_case, consent_root=everybody.root, cohort_size=len(everybody))

    report = verdict()

    assert named(report, "orders.cohort", "names a cohort of 13, at block")
    assert "12 consents were in force" in str(report["orders.cohort"].finding)


def test_one_consent_exchanged_for_another_is_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, happened = open_city
    ids = [one.consent.id for one in happened.given[1:]]
    stop_one(desk, happened)
    wrong = OrderedTree([*ids[1:], happened.given[0].consent.id])
    desk.settle(happened.open, happened.use_case, consent_root=wrong.root)

    assert named(verdict(), "orders.cohort", "names another root")


def test_consents_read_before_the_order_was_opened_are_refused(
    open_city: tuple[Desk, Happened],
) -> None:
    """The way round a revocation: run against yesterday's consents. The ledger itself refuses it."""
    desk, happened = open_city
    yesterday = desk.projector.catch_up().number
    root, size = desk.cohort_root(happened.use_case, yesterday)
    stop_one(desk, happened)
    fresh = desk.order(happened.licence, happened.tariff, ["persons", "trips"])

    with pytest.raises(RevertedError, match="ConsentBlockBeforeOrder"):
        desk.settle(fresh, happened.use_case, consent_block=yesterday, consent_root=root, cohort_size=size)


def test_an_answer_over_too_few_people_is_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, happened = open_city
    for one in happened.given[:9]:
        desk.town.send(
            "mallory", desk.town.contracts.consents.revoke_by_code(one.terms, one.own, one.code.value)
        )
    desk.settle(happened.open, happened.use_case)

    assert named(verdict(), "orders.cohort", "was answered over 4 consents, the decision asks for 5")


def test_a_run_that_left_no_record_is_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, happened = open_city
    desk.record(who="role:operator", did="assess", outcome="low")
    monkeypatch.setattr(desk, "record_run", lambda *_: None)
    desk.settle(happened.open, happened.use_case)

    assert named(verdict(), "journal.runs", "has no record of its run ('started')")


def test_a_run_whose_records_were_anchored_after_the_settlement_is_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, happened = open_city
    with monkeypatch.context() as patch:
        patch.setattr(desk, "anchor", lambda: None)
        desk.settle(happened.open, happened.use_case)
    desk.anchor()

    assert named(
        verdict(), "journal.runs", "was settled before the record of its run ('started') was anchored"
    )


def test_an_anchor_of_a_log_that_nobody_hands_over_is_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, _ = open_city
    desk.town.send("settler", desk.town.contracts.journal.anchor(50, keccak(b"another log")))

    assert named(verdict(), "journal.roots", "the log has only 2 entries")


def test_two_logs_for_two_readers_are_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, _ = open_city
    desk.record(who="role:operator", did="assess", outcome="low")
    desk.town.send("settler", desk.town.contracts.journal.anchor(2, sha256(b"another log")))

    assert named(verdict(), "journal.roots", "the first 2 entries have another root")


def test_an_order_just_past_its_deadline_is_not_held_against_the_city(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, _ = open_city
    desk.town.pass_time(3600 + 599)

    report = verdict()

    assert report.exit is Exit.HOLDS
    assert "anyone may refund it" in report["orders.ended"].notes[0]


def test_an_order_left_open_long_after_its_deadline_is_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, happened = open_city
    desk.town.pass_time(3600 + 600)

    report = verdict()

    assert named(report, "orders.ended", "is open 600 s after its deadline")
    assert happened.open.hex() in str(report["orders.ended"].finding)


def test_a_use_case_whose_documents_nobody_publishes_makes_the_audit_incomplete(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, happened = open_city
    desk.town.send("otto", desk.town.contracts.use_cases.close(happened.use_case, b"\x01" * 32))

    report = verdict()

    assert report.exit is Exit.INCOMPLETE
    assert f"the reason for closing use case {happened.use_case}" in report["documents.owed"].gap


def test_a_request_for_another_use_case_is_named(
    open_city: tuple[Desk, Happened], verdict: Callable[[], Report]
) -> None:
    desk, happened = open_city
    routine = "0x" + desk.town.contracts.use_cases.use_case(happened.use_case).routine.hex()
    request = {"v": 1, "useCase": 9, "routine": routine, "versions": {"persons": 1, "trips": 1}}
    quote = desk.town.order_quote(
        happened.licence, happened.tariff, request=desk.document("request", request)
    )
    desk.town.send("relay", desk.town.order_call(quote))
    desk.settle(order_id(quote), happened.use_case)

    assert named(verdict(), "orders.statement", "another use case or routine was asked for")
