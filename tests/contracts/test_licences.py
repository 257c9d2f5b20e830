"""What a buyer may do with the results of a use case.

Licences
├── given a licence
│   ├── it is a locked (ERC-5192), expiring (ERC-7858) token (ERC-721) and is never moved or burned
│   ├── it expires at its own second
│   └── it counts runs, and gives a refunded one back
├── terminate: ends it, once; refuses the unknown
└── issue · useOnce · giveBack: for Settlement alone
"""

import pytest

from ledger.bindings import (
    Licence,
    LicenceIssued,
    LicenceTerminated,
    Locked,
    Source,
    TokenExpiryUpdated,
    Transfer,
)
from ledger.enums import Class, Ground
from tests.contracts.refusals import NOBODY, refused
from tests.town import DAY, Town, events

REASON = b"\x61" * 32
ERC_165, ERC_721, ERC_5192, ERC_7858 = "01ffc9a7", "80ac58cd", "b45a3c0e", "3ebdfa31"
TIME_BASED = 1


@pytest.fixture
def licence(town: Town) -> int:
    """Lab's, for 90 days and 2 runs, under tariff 1."""
    return town.trade(quota=2)[2]


def test_a_licence_is_issued_with_its_window_and_quota(town: Town) -> None:
    use_case = town.open_use_case()
    tariff = town.set_tariff(use_case, quota=7, licence_days=30)
    town.fund("lab")

    receipt = town.send("relay", town.licence_call(town.licence_quote(use_case, tariff)))

    lab, ends_at = town.keys["lab"].address, town.clock.now + 30 * DAY
    assert events(receipt, Locked) == [Locked(1)]
    assert events(receipt, TokenExpiryUpdated) == [TokenExpiryUpdated(1, town.clock.now, ends_at)]
    assert events(receipt, LicenceIssued) == [LicenceIssued(1, use_case, lab, ends_at, 7, 0, b"\x13" * 32)]
    licences = town.contracts.licences
    assert licences.licence(1) == Licence(use_case, town.clock.now, ends_at, 7, 0, 0, False)
    assert (licences.owner_of(1), licences.licensee_of(1), licences.balance_of(lab)) == (lab, lab, 1)


@pytest.mark.parametrize(
    ("tariff_days", "longest_days", "lasting"), [(3_650, 90, 90), (30, 90, 30), (90, 1, 1)]
)
def test_a_licence_lasts_as_long_as_tariff_and_use_case_both_allow(
    town: Town, tariff_days: int, longest_days: int, lasting: int
) -> None:
    town.join("lab", Class.COMMERCIAL)
    use_case = town.apply("lab", [Source(town.dataset(), Ground.CONSENT, False)])
    town.allow(use_case, longest_days=longest_days)
    town.fund("lab")

    licence = town.buy(use_case, town.set_tariff(use_case, licence_days=tariff_days))

    assert town.contracts.licences.end_time(licence) == town.clock.now + lasting * DAY


@pytest.mark.parametrize("interface", [ERC_165, ERC_721, ERC_5192, ERC_7858])
def test_it_says_which_standards_it_keeps(town: Town, interface: str) -> None:
    assert town.contracts.licences.supports_interface(bytes.fromhex(interface))


@pytest.mark.parametrize("interface", ["ffffffff", "00000000", "d9b67a26"])
def test_it_claims_no_other_standard(town: Town, interface: str) -> None:
    assert not town.contracts.licences.supports_interface(bytes.fromhex(interface))


def test_a_licence_is_locked(town: Town, licence: int) -> None:
    assert town.contracts.licences.locked(licence)
    assert town.contracts.licences.expiry_type() == TIME_BASED


@pytest.mark.parametrize("buyer", ["clinic", "mallory"])
def test_a_licence_cannot_be_moved(town: Town, licence: int, buyer: str) -> None:
    licences = town.contracts.licences
    lab, other = town.keys["lab"].address, town.keys[buyer].address

    for call in (
        licences.transfer_from(lab, other, licence),
        licences.call("safeTransferFrom(address,address,uint256)", (lab, other, licence)),
        licences.call("safeTransferFrom(address,address,uint256,bytes)", (lab, other, licence, b"")),
    ):
        with refused("LicenceIsLocked", id=licence):
            town.send("lab", call)
    assert licences.owner_of(licence) == lab


def test_an_approval_moves_no_licence_either(town: Town, licence: int) -> None:
    licences = town.contracts.licences
    lab, clinic = town.keys["lab"].address, town.keys["clinic"].address
    town.send("lab", licences.approve(clinic, licence))
    town.send("lab", licences.set_approval_for_all(clinic, True))

    with refused("LicenceIsLocked", id=licence):
        town.send("clinic", licences.transfer_from(lab, clinic, licence))


def test_a_licence_cannot_be_burned(town: Town, licence: int) -> None:
    lab = town.keys["lab"].address

    with refused("ERC721InvalidReceiver", receiver=NOBODY):
        town.send("lab", town.contracts.licences.transfer_from(lab, NOBODY, licence))


def test_a_licence_expires_at_its_own_second(town: Town) -> None:
    _, tariff, licence = town.trade(licence_days=1)
    licences = town.contracts.licences
    ends_at = licences.end_time(licence)
    assert (licences.start_time(licence), ends_at) == (town.clock.now, town.clock.now + DAY)
    town.pass_time(DAY - 1)
    assert not licences.is_token_expired(licence)
    town.order(licence, tariff)

    town.pass_time(1)

    assert licences.is_token_expired(licence)
    with refused("LicenceExpired", id=licence, endsAt=ends_at):
        town.order(licence, tariff)


def test_a_quota_is_used_up_and_given_back_by_a_refund(town: Town, licence: int) -> None:
    tariff = town.contracts.settlement.tariff_count()
    first = town.order(licence, tariff)
    town.order(licence, tariff)
    with refused("QuotaUsedUp", id=licence, quota=2):
        town.order(licence, tariff)

    town.send("settler", town.contracts.settlement.refund_early(first, REASON))

    assert town.contracts.licences.licence(licence).used == 1
    town.order(licence, tariff)


def test_a_settled_run_is_used_for_good(town: Town, licence: int) -> None:
    tariff = town.contracts.settlement.tariff_count()
    town.settle(town.order(licence, tariff))

    assert town.contracts.licences.licence(licence).used == 1


def test_a_terminated_licence_orders_nothing_more_and_its_open_order_runs_out(
    town: Town, licence: int
) -> None:
    tariff = town.contracts.settlement.tariff_count()
    settled, refunded = town.order(licence, tariff), town.order(licence, tariff)

    receipt = town.send("otto", town.contracts.licences.terminate(licence, REASON))

    assert events(receipt, LicenceTerminated) == [LicenceTerminated(licence, REASON)]
    with refused("LicenceIsTerminated", id=licence):
        town.order(licence, tariff)
    town.settle(settled)
    town.send("settler", town.contracts.settlement.refund_early(refunded, REASON))
    assert town.contracts.licences.owner_of(licence) == town.keys["lab"].address


def test_a_licence_is_terminated_once(town: Town, licence: int) -> None:
    call = town.contracts.licences.terminate(licence, REASON)
    town.send("otto", call)

    with refused("LicenceIsTerminated", id=licence):
        town.send("otto", call)


@pytest.mark.parametrize("unknown", [0, 99])
def test_an_unknown_licence_is_said_to_be_unknown(town: Town, licence: int, unknown: int) -> None:
    licences = town.contracts.licences

    with refused("UnknownLicence", id=unknown):
        town.send("otto", licences.terminate(unknown, REASON))
    for ask in (
        licences.locked,
        licences.is_token_expired,
        licences.start_time,
        licences.end_time,
        licences.owner_of,
        licences.licensee_of,
    ):
        with refused("ERC721NonexistentToken", tokenId=unknown):
            ask(unknown)


def test_a_licences_views_do_not_answer_for_a_number_beyond_32_bits(town: Town, licence: int) -> None:
    """Token ids are 256 bits wide, licences are numbered in 32: a wrapped number is nobody's licence."""
    wrapped = licence + 2**32

    for ask in (town.contracts.licences.is_token_expired, town.contracts.licences.end_time):
        with refused("ERC721NonexistentToken", tokenId=wrapped):
            ask(wrapped)


def test_a_purchase_is_a_mint_to_the_payer(town: Town) -> None:
    use_case = town.open_use_case()
    tariff = town.set_tariff(use_case)
    town.fund("lab")

    receipt = town.send("relay", town.licence_call(town.licence_quote(use_case, tariff)))

    minted = [log for log in receipt.logs if log.address == town.contracts.licences.address]
    assert minted[0].topics[0] == Transfer.topic_zero()
    assert [int.from_bytes(topic, "big") for topic in minted[0].topics[1:]] == [
        0,
        int(town.keys["lab"].address, 16),
        1,
    ]
