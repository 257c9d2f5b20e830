"""Credits: what came in from the bank less what was paid out.

CityCredit
├── mint · redeem: each names a bank statement line, and a line is used once
└── otherwise an ERC-20 with six digits that moves only with its owner's will
"""

import pytest

from ledger.bindings import Minted, Redeemed, Transfer
from tests.contracts.refusals import NOBODY, refused
from tests.town import CREDIT, Town, events

LINE, OTHER_LINE = b"\x81" * 32, b"\x82" * 32


def test_money_that_arrived_becomes_credits(town: Town) -> None:
    credit, lab = town.contracts.credit, town.keys["lab"].address

    receipt = town.send("treasurer", credit.mint(lab, 5 * CREDIT, LINE))

    assert events(receipt, Minted) == [Minted(lab, 5 * CREDIT, LINE)]
    assert events(receipt, Transfer) == [Transfer(NOBODY, lab, 5 * CREDIT)]
    assert (credit.balance_of(lab), credit.total_supply(), credit.minted()) == (5 * CREDIT,) * 3


def test_credits_that_were_paid_out_are_destroyed(town: Town) -> None:
    credit, treasurer = town.contracts.credit, town.keys["treasurer"].address
    town.send("treasurer", credit.mint(treasurer, 5 * CREDIT, LINE))

    receipt = town.send("treasurer", credit.redeem(2 * CREDIT, OTHER_LINE))

    assert events(receipt, Redeemed) == [Redeemed(treasurer, 2 * CREDIT, OTHER_LINE)]
    assert (credit.total_supply(), credit.minted(), credit.redeemed()) == (
        3 * CREDIT,
        5 * CREDIT,
        2 * CREDIT,
    )


def test_a_bank_statement_line_is_used_once_for_either(town: Town) -> None:
    credit, treasurer = town.contracts.credit, town.keys["treasurer"].address
    town.send("treasurer", credit.mint(treasurer, 5, LINE))
    town.send("treasurer", credit.redeem(1, OTHER_LINE))

    for line in (LINE, OTHER_LINE):
        for call in (credit.mint(treasurer, 1, line), credit.redeem(1, line)):
            with refused("StatementLineUsed", statementLine=line):
                town.send("treasurer", call)


def test_a_bank_statement_line_is_needed(town: Town) -> None:
    credit, treasurer = town.contracts.credit, town.keys["treasurer"].address

    for call in (credit.mint(treasurer, 1, bytes(32)), credit.redeem(1, bytes(32))):
        with refused("StatementLineMissing"):
            town.send("treasurer", call)


def test_nothing_is_neither_minted_nor_redeemed(town: Town) -> None:
    credit, treasurer = town.contracts.credit, town.keys["treasurer"].address

    for call in (credit.mint(treasurer, 0, LINE), credit.redeem(0, LINE)):
        with refused("NothingToMove"):
            town.send("treasurer", call)


def test_the_treasurer_redeems_only_what_it_holds(town: Town) -> None:
    credit, lab, treasurer = (
        town.contracts.credit,
        town.keys["lab"].address,
        town.keys["treasurer"].address,
    )
    town.send("treasurer", credit.mint(lab, 5, LINE))

    with refused("ERC20InsufficientBalance", sender=treasurer, balance=0, needed=5):
        town.send("treasurer", credit.redeem(5, OTHER_LINE))


def test_the_whole_supply_fits_into_64_bits(town: Town) -> None:
    credit, lab = town.contracts.credit, town.keys["lab"].address
    town.send("treasurer", credit.mint(lab, 2**64 - 1, LINE))

    with refused("SupplyTooLarge", supply=2**64):
        town.send("treasurer", credit.mint(lab, 1, OTHER_LINE))


def test_credits_are_not_minted_to_nobody(town: Town) -> None:
    with refused("ERC20InvalidReceiver", receiver=NOBODY):
        town.send("treasurer", town.contracts.credit.mint(NOBODY, 1, LINE))


@pytest.mark.parametrize("who", ["mallory", "otto", "settler", "admin", "relay", "city"])
def test_only_a_treasurer_mints_and_redeems(town: Town, who: str) -> None:
    credit, account = town.contracts.credit, town.keys[who].address
    town.send("treasurer", credit.mint(account, 5, LINE))

    for call in (credit.mint(account, 1, OTHER_LINE), credit.redeem(1, OTHER_LINE)):
        with refused("AccessManagedUnauthorized", caller=account):
            town.send(who, call)


def test_a_stranger_moves_nobody_elses_credits(town: Town) -> None:
    credit, lab, mallory = (
        town.contracts.credit,
        town.keys["lab"].address,
        town.keys["mallory"].address,
    )
    town.send("treasurer", credit.mint(lab, 5, LINE))

    with refused("ERC20InsufficientAllowance", spender=mallory, allowance=0, needed=1):
        town.send("mallory", credit.transfer_from(lab, mallory, 1))
    with refused("ERC20InsufficientBalance", sender=mallory, balance=0, needed=1):
        town.send("mallory", credit.transfer(lab, 1))


def test_a_credit_has_six_digits(town: Town) -> None:
    credit = town.contracts.credit

    assert (credit.decimals(), credit.symbol(), credit.name()) == (6, "CITY", "Stoa City Credit")


def test_a_stranger_cancels_nobody_elses_payment(town: Town) -> None:
    nonce = b"\x01" * 32
    mine = town.cancel_payment("mallory", nonce)
    lab = bytes.fromhex(town.keys["lab"].address[2:]).rjust(32, b"\0")
    forged = mine.data[:4] + lab + mine.data[36:]

    with refused("ERC3009InvalidSignature"):
        town.send("mallory", mine.__class__(mine.to, forged, mine.signature))
    assert not town.contracts.credit.authorization_state(town.keys["lab"].address, nonce)
