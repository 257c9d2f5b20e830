"""`stoa partner ...`: what a company does, with its own key, through the city's API."""

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.answer import shown
from api.cli.context import chosen_home
from api.cli.terminal import console, plain, say, speaking
from api.cli.typed import address_of, class_of, credits_of, digest_of, versions_of
from api.client.connection import RefusedError
from api.client.partner import Partner
from ledger.digests import hexed, sha256
from ledger.enums import Class
from ledger.keys import Signer
from ledger.wallet import NothingToSignError, signed_offer
from marketplace.analysis.routine import parse_routine
from marketplace.disclosure.risk import ASSUMED_RATE
from marketplace.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from marketplace.participants.rules import checked_name

app = typer.Typer(no_args_is_help=True, help="Join, apply, buy and order as a company, with your own key.")

CityUrl = Annotated[
    str | None, typer.Option("--city", help="the city's address; by default the one kept here")
]
Name = Annotated[
    str, typer.Option("--as", help="your organisation's name; its key is kept in this folder's wallets")
]


DAY = "%Y-%m-%d"
MOST_NUMBER = 2**32 - 1
LONGEST_FILE_NAME = 200

UseCase = Annotated[int, typer.Argument(min=1, max=MOST_NUMBER, help="the use case's number")]
Licence = Annotated[int, typer.Argument(min=1, max=MOST_NUMBER, help="your licence's number")]
JOINING = (Class.COMMERCIAL, Class.SUPPLIER, Class.PUBLIC_SERVICE, Class.AUDITOR)


class NoAccountError(NotFoundError):
    """No key of this organisation is kept here."""

    code = "no_account"


class NotEnrolledError(NotAllowedError):
    """The city knows no such organisation, or has frozen it."""

    code = "not_enrolled"


class OtherNameError(ConflictError):
    """The key that is kept under this name belongs to an organisation of another name."""

    code = "other_name"


class OfferError(InvalidError):
    """What was given to be signed is no offer of a city."""

    code = "no_offer"


class HalfAPeriodError(InvalidError):
    """Two options do not make a period."""

    code = "wrong_period"


class RefusalError(InvalidError):
    """The city refused, and made no offer."""

    code = "city_refused"


@contextmanager
def at_the_desk() -> Generator[None]:
    """As `speaking`, for commands that an organisation gives: what programs are told is told as a command."""
    with speaking():
        try:
            yield
        except RefusedError as refused:
            if refused.code != NotEnrolledError.code:
                raise
            raise NotEnrolledError(
                "The city has not enrolled this account, or has frozen it. `stoa partner join` joins; whoever had "
                "joined asks the city why."
            ) from refused


def desk(name: str, city: str | None, *, joining: bool = False) -> Partner:
    """The city's desk, for an organisation whose key is kept here.

    Raises:
        AddressMistypedError, NameNotAllowedError
        NoAccountError: no key of it is here, and it is not `joining`.
    """
    address = address_of(city or chosen_home().settings.public)
    return Partner(address, signer_of(name) if joining else known_signer(name), checked_name(name))


def signer_of(name: str) -> Signer:
    """The organisation's key in this folder's wallets, made now if there is none.

    Raises:
        NameNotAllowedError: no organisation has such a name.
    """
    return chosen_home().wallets.signer(wallet_of(checked_name(name)))


def known_signer(name: str) -> Signer:
    """The organisation's key in this folder's wallets.

    Raises:
        NameNotAllowedError: no organisation has such a name.
        NoAccountError: there is none.
    """
    wallets, wallet = chosen_home().wallets, wallet_of(checked_name(name))
    if not wallets.has(wallet):
        raise NoAccountError(
            f"No key of {name!r} is kept in {wallets.folder}. Compare the name with the one that joined, or join "
            "with `stoa partner join`."
        )
    return wallets.existing(wallet)


def wallet_of(name: str) -> str:
    """Under which name an organisation's key is kept: its own, as far as a file may be called so."""
    kept = name.lower().replace(" ", "-").replace("/", "%2F")
    if len(kept.encode()) <= LONGEST_FILE_NAME:
        return kept
    return f"{kept[:20]}-{sha256(kept.encode()).hex()}"


@app.command(epilog="Example: stoa partner join --as 'Bike Lab' --class commercial")
def join(
    name: Name,
    class_: Annotated[
        str, typer.Option("--class", help="commercial, supplier, public_service or auditor")
    ] = "commercial",
    wait: Annotated[
        int, typer.Option(min=0, max=86_400, help="seconds to wait until the city has admitted you")
    ] = 60,
    city: CityUrl = None,
) -> None:
    """Join the city. A key is made for you if you have none here."""
    with at_the_desk():
        wanted = class_of(class_, JOINING)
        partner = desk(name, city, joining=True)
        fresh = partner.join(wanted, seconds=wait)
        me = partner.me()
        if me["name"] != partner.name:
            raise OtherNameError(
                f"The key kept here for {partner.name} is that of {me['name']}, participant {me['number']}. Go on as "
                "that one, or keep the other's key in a folder of its own (--home)."
            )
        joined = "has joined" if fresh else "had joined"
        say(f"{plain(partner.name)} {joined} as participant {me['number']} ({partner.account}).")


@app.command(epilog="Example: stoa partner account --as 'Bike Lab'")
def account(name: Name) -> None:
    """Print your organisation's account. A key is made for you if you have none here."""
    with speaking():
        print(signer_of(name).address)


@app.command(epilog="Example: curl ... /v1/participants/forms | stoa partner sign --as 'Bike Lab'")
def sign(name: Name) -> None:
    """Read an offer (the answer to POST .../forms), and write it with your signature in it: ready to be sent."""
    with speaking():
        print(json.dumps(signed_offer_of(sys.stdin.buffer.read(), signer_of(name))))


def signed_offer_of(content: bytes, signer: Signer) -> dict[str, Any]:
    """The offer with the signature in it.

    Raises:
        OfferError: it is none.
        RefusalError: it is a problem document.
    """
    if not content.strip():
        raise OfferError("Nothing came in. Pipe in what the city answered to POST .../forms.")
    try:
        offer: object = json.loads(content)
    except ValueError as error:
        raise OfferError(
            "What came in is not JSON. Pipe in what the city answered to POST .../forms."
        ) from error
    match offer:
        case {"code": str() as code, "status": int(), "title": str() as title, **rest}:
            raise RefusalError(
                f"The city refused, so there is nothing to sign. {code}: {rest.get('detail', title)}"
            )
        case dict():
            pass
        case _:
            raise OfferError(
                "This is no offer: it is not an object. Pipe in the whole answer to POST .../forms."
            )
    try:
        return signed_offer(signer, offer)
    except NothingToSignError as error:
        raise OfferError(str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OfferError(
            "The offer's typed data is not complete, so it was not signed. Ask for it again."
        ) from error


@app.command("pay-in", epilog="Example: stoa partner pay-in 500.00 --as 'Bike Lab'")
def pay_in(
    amount: Annotated[str, typer.Argument(help="credits, such as 500.00")], name: Name, city: CityUrl = None
) -> None:
    """Pay in play money, in a demonstration city."""
    with at_the_desk():
        partner = desk(name, city)
        credits_of(amount)
        partner.pay_in(amount)
        say(f"You have {partner.money()} credits. No money was moved anywhere: this is a play bank.")


@app.command(
    epilog="Example: stoa partner apply routine.json --as 'Bike Lab' --purpose ImproveTransportMobility"
)
def apply(
    routine: Annotated[Path, typer.Argument(help="the routine (JSON): which figures you want")],
    name: Name,
    purpose: Annotated[
        str, typer.Option(help="a term of the W3C Data Privacy Vocabulary")
    ] = "ImprovePublicServices",
    k: Annotated[int, typer.Option(min=2, max=65_535, help="the smallest group to be shown")] = 10,
    days: Annotated[int, typer.Option(min=1, max=65_535, help="the longest that a consent lasts")] = 90,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=[DAY], help="the first day of data wanted, in UTC; with --to"),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=[DAY], help="the last day of data wanted")
    ] = None,
    city: CityUrl = None,
) -> None:
    """Apply for a use case. Data that is not personal is decided by rule, in seconds."""
    with at_the_desk():
        wanted = parse_routine(routine.read_bytes()).document()
        period = period_of(first, last)
        partner = desk(name, city)
        number = partner.apply(wanted, purpose=purpose, k=k, days=days, period=period)
        state = partner.use_case(number, wait=5)["state"]
        say(f"Use case {number} is {plain(state)}.")
        if state == "applied":
            say(
                f"The city's operator decides. `stoa partner buy {number}` sells you a licence once it is allowed."
            )


def period_of(first: datetime | None, last: datetime | None) -> tuple[date, date] | None:
    """Raises HalfAPeriodError."""
    if first is None and last is None:
        return None
    if first is None or last is None or last < first:
        raise HalfAPeriodError("A period has a first day (--from) and a last (--to) that is not before it.")
    return first.date(), last.date()


@app.command(epilog="Example: stoa partner quote 1 --as 'Bike Lab'")
def quote(licence: Licence, name: Name, city: CityUrl = None) -> None:
    """What one run costs now, why, and what to expect of it."""
    with at_the_desk():
        offered = desk(name, city).quote_order(licence)
        say(plain(offered["price"]["explained"]))
        say(plain(expectation(offered["coverage"])))


def expectation(coverage: dict[str, Any] | None) -> str:
    if coverage is None:
        return "Nobody's rows are used: everything is shown."
    share = coverage["expected_share"]
    expected = "Nobody has assessed how many of them would be shown"
    if share is not None:
        rate = f"{ASSUMED_RATE // 100} %"
        expected = (
            f"If {rate} of all do, about {share} of them are in a group that is shown; of fewer, fewer are"
        )
    return f"{coverage['consents']} people consent now. {expected} (k = {coverage['k']})."


@app.command(epilog="Example: stoa partner buy 3 --as 'Bike Lab'")
def buy(use_case: UseCase, name: Name, city: CityUrl = None) -> None:
    """Buy a licence: one signature, one transaction."""
    with at_the_desk():
        bought = desk(name, city).buy_licence(use_case)
        say(f"Licence {bought['number']} is yours for {bought['price']} credits.")
        say(f"`stoa partner order {bought['number']}` orders a run.")


@app.command(epilog="Example: stoa partner order 1 --as 'Bike Lab' --version trips=2")
def order(
    licence: Licence,
    name: Name,
    version: Annotated[
        list[str] | None, typer.Option(help="DATASET=VERSION; by default the newest of each")
    ] = None,
    seconds: Annotated[
        int,
        typer.Option(min=1, max=10**6, help="until when there must be an answer, or the money comes back"),
    ] = 3600,
    city: CityUrl = None,
) -> None:
    """Order one run, wait for its end, and say what became of it."""
    with at_the_desk():
        versions = versions_of(version or [])
        partner = desk(name, city)
        id_ = partner.place_order(partner.quote_order(licence, versions=versions or None, seconds=seconds))
        ended = partner.wait_for_end(id_)
        say(f"Order {id_} is {plain(ended['state'])}.")
        if ended["state"] == "settled":
            say(f"Charged {ended['charge']} credits. `stoa partner result {id_}` shows the answer.")
        else:
            say(plain(ended["refunded_why"]))


@app.command(epilog="Example: stoa partner result 0x5f0c... --as 'Bike Lab' --out answer.json")
def result(
    order_: Annotated[str, typer.Argument(metavar="ORDER", help="the order's id")],
    name: Name,
    target: Annotated[Path | None, typer.Option("--out", help="write the exact bytes here")] = None,
    city: CityUrl = None,
) -> None:
    """Fetch an answer, check it against the ledger's digest, and show it."""
    with at_the_desk():
        content = desk(name, city).result_bytes(hexed(digest_of(order_, "an order")))
        if target is not None:
            target.write_bytes(content)
            say(f"{len(content):,} bytes in {plain(target)}, checked against the ledger's digest.")
            return
        console.print(shown(json.loads(content)), markup=False, soft_wrap=True)


@app.command(epilog="Example: stoa partner receipt 0x5f0c... --as 'Bike Lab' --out receipt.json")
def receipt(
    order_: Annotated[str, typer.Argument(metavar="ORDER", help="the order's id")],
    name: Name,
    target: Annotated[Path, typer.Option("--out", help="the file to write")] = Path("receipt.json"),
    city: CityUrl = None,
) -> None:
    """Keep the receipt of a run: it proves what was paid, and any later rewrite of the ledger."""
    with at_the_desk():
        found = desk(name, city).purchase_receipt(hexed(digest_of(order_, "an order")))
        target.write_text(json.dumps(found, indent=2) + "\n")
        say(f"The receipt is in {plain(target)}. `stoa audit receipt {plain(target)}` checks it.")
