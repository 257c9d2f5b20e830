"""The anchor of the access log, and the keys of the machines that make evidence. Staleness: test_settlement_orders.py.

Journal
├── anchor: only a larger log, only by a settler
└── setAttestor · setSettler: an administrator's, scheduled and seen before they hold
"""

import pytest

from ledger.bindings import Anchor, Anchored, AttestorSet, SettlerSet
from tests.contracts.refusals import refused
from tests.town import Town, events

ROOT, OTHER_ROOT = b"\x91" * 32, b"\x92" * 32
KEY = b"\x93" * 32


def test_a_larger_log_is_anchored(town: Town) -> None:
    journal = town.contracts.journal
    assert journal.latest() == Anchor(0, 0, bytes(32))
    town.send("settler", journal.anchor(5, ROOT))
    town.pass_time(7)

    receipt = town.send("settler", journal.anchor(9, OTHER_ROOT))

    assert events(receipt, Anchored) == [Anchored(9, OTHER_ROOT)]
    assert journal.latest() == Anchor(9, town.clock.now, OTHER_ROOT)


@pytest.mark.parametrize("size", [0, 4, 5])
@pytest.mark.parametrize("root", [ROOT, OTHER_ROOT])
def test_the_log_never_shrinks_and_is_never_rewritten_at_its_size(town: Town, size: int, root: bytes) -> None:
    journal = town.contracts.journal
    town.send("settler", journal.anchor(5, ROOT))

    with refused("NotGrowing", size=size, anchored=5):
        town.send("settler", journal.anchor(size, root))


def test_an_anchor_has_a_root(town: Town) -> None:
    with refused("RootMissing"):
        town.send("settler", town.contracts.journal.anchor(5, bytes(32)))


@pytest.mark.parametrize("who", ["mallory", "otto", "lab", "admin", "guardian"])
def test_only_a_settler_anchors(town: Town, who: str) -> None:
    with refused("NotASettler", account=town.keys[who].address):
        town.send(who, town.contracts.journal.anchor(5, ROOT))


@pytest.mark.parametrize("trusted", [True, False])
def test_a_key_for_statements_is_trusted_and_distrusted(town: Town, trusted: bool) -> None:
    journal = town.contracts.journal
    town.send_later("admin", journal.set_attestor(KEY, not trusted), 2)

    receipt = town.send_later("admin", journal.set_attestor(KEY, trusted), 2)

    assert events(receipt, AttestorSet) == [AttestorSet(KEY, trusted)]
    assert journal.is_attestor(KEY) is trusted


def test_a_machine_is_trusted_and_distrusted(town: Town) -> None:
    journal, machine = town.contracts.journal, town.keys["mallory"].address
    trusted = town.send_later("admin", journal.set_settler(machine, True), 2)
    assert events(trusted, SettlerSet) == [SettlerSet(machine, True)]
    town.send("mallory", journal.anchor(5, ROOT))

    town.send_later("admin", journal.set_settler(machine, False), 2)

    with refused("NotASettler", account=machine):
        town.send("mallory", journal.anchor(6, ROOT))


def test_an_administrators_act_without_its_wait_is_refused(town: Town) -> None:
    call = town.contracts.journal.set_settler(town.keys["mallory"].address, True)

    with pytest.raises(Exception, match="AccessManagerNotScheduled"):
        town.send("admin", call)


def test_the_city_is_founded_with_its_attestor_and_settler(town: Town) -> None:
    journal = town.contracts.journal

    assert journal.is_attestor(town.city.attestor)
    assert journal.is_settler(town.keys["settler"].address)
    assert journal.bound() == 86_400


def test_nothing_is_settled_before_the_first_anchor(town: Town) -> None:
    use_case = town.open_use_case()
    tariff = town.set_tariff(use_case)
    town.fund("lab")
    order = town.order(town.buy(use_case, tariff), tariff)

    with refused("JournalStale", anchoredAt=0, bound=town.contracts.journal.bound()):
        town.settle(order)
