"""Whoever objects is never refused: not by a pause, a freeze, a closed use case, a date or a retired notice."""

from collections.abc import Callable

import pytest

from ledger.bindings import Source
from ledger.consents import terms_of
from ledger.digests import text_digest
from ledger.enums import Class, Ground, NoticeKind
from tests.contracts.refusals import refused
from tests.town import DAY, STATEMENT, Town

REASON = b"\x01" * 32
CENTURY = 36_500


@pytest.fixture
def objectable(town: Town) -> int:
    """A use case of data that is used without consent, with the notice by which people object."""
    town.join("lab", Class.COMMERCIAL)
    number = town.apply("lab", [Source(town.dataset(), Ground.PUBLIC_TASK, False)])
    town.allow(number)
    notice = town.notice_of(kind=NoticeKind.OBJECTION)
    town.send("otto", town.contracts.use_cases.publish_notice(number, notice))
    return number


def paused(town: Town, use_case: int) -> None:
    town.send("guardian", town.contracts.consents.pause())


def frozen(town: Town, use_case: int) -> None:
    town.freeze("lab")


def closed(town: Town, use_case: int) -> None:
    town.send("otto", town.contracts.use_cases.close(use_case, REASON))


@pytest.mark.parametrize("trouble", [paused, frozen, closed])
def test_an_objection_is_taken_whatever_happens_in_the_city(
    town: Town, objectable: int, trouble: Callable[[Town, int], None]
) -> None:
    trouble(town, objectable)

    given = town.grant(town.terms(objectable))

    slot = town.contracts.consents.consent(given.consent.id)
    assert slot.objection
    assert slot.granted_in == town.node.head().number


def test_an_objection_may_last_longer_than_any_consent(town: Town, objectable: int) -> None:
    terms = terms_of(
        statement=STATEMENT,
        recipient="lab",
        use_case=objectable,
        scope=1,
        valid_until=(town.clock.now // DAY + CENTURY) * DAY,
        deadline=town.soon,
    )

    given = town.grant(terms)

    assert town.contracts.consents.is_in_force(given.consent.id)


def test_a_notice_by_which_people_object_stays(town: Town, objectable: int) -> None:
    with refused("ObjectionNoticeStays", id=objectable, statement=text_digest(STATEMENT)):
        town.send("otto", town.contracts.use_cases.retire_notice(objectable, text_digest(STATEMENT)))
