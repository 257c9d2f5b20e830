"""`stoa partner ...`: what a company does, with its own key, through the city's API."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.context import chosen_home
from api.cli.terminal import console, speaking
from api.client.partner import Partner
from api.demo.chart import chart
from ledger.enums import Class
from ledger.keys import Signer
from ledger.wallet import NothingToSignError, signed_offer
from marketplace.errors import InvalidError

app = typer.Typer(no_args_is_help=True, help="Join, apply, buy and order as a company, with your own key.")

CityUrl = Annotated[
    str | None, typer.Option("--city", help="the city's address; by default the one kept here")
]
Name = Annotated[
    str, typer.Option("--as", help="your organisation's name; its key is kept in this folder's wallets")
]


class RoutineFileError(InvalidError):
    """The file is no JSON document."""

    code = "routine_file"


class OfferError(InvalidError):
    """What was given to be signed is no offer of a city."""

    code = "no_offer"


class RefusalError(InvalidError):
    """The city refused, and made no offer."""

    code = "city_refused"


def desk(name: str, city: str | None) -> Partner:
    return Partner(city or chosen_home().settings.public, signer_of(name), name)


def signer_of(name: str) -> Signer:
    """The organisation's key in this folder's wallets, made now if there is none."""
    return chosen_home().wallets.signer(name.lower().replace(" ", "-"))


@app.command()
def join(
    name: Name,
    class_: Annotated[
        str, typer.Option("--class", help="commercial, supplier, public_service or auditor")
    ] = "commercial",
    city: CityUrl = None,
) -> None:
    """Join the city. A key is made for you if you have none here."""
    with speaking():
        partner = desk(name, city)
        fresh = partner.join(Class[class_.upper()])
        number = partner.me()["number"]
        console.print(
            f"{name} {'has joined' if fresh else 'had joined'} as participant {number} ({partner.account})."
        )


@app.command()
def account(name: Name) -> None:
    """Print your organisation's account. A key is made for you if you have none here."""
    with speaking():
        print(signer_of(name).address)


@app.command()
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


@app.command("pay-in")
def pay_in(
    amount: Annotated[str, typer.Argument(help="credits, such as 500.00")], name: Name, city: CityUrl = None
) -> None:
    """Pay in play money, in a demonstration city."""
    with speaking():
        partner = desk(name, city)
        partner.pay_in(amount)
        console.print(
            f"You have {partner.money()} credits. No money was moved anywhere: this is a play bank."
        )


@app.command()
def apply(
    routine: Annotated[Path, typer.Argument(help="the routine (JSON): which figures you want", exists=True)],
    name: Name,
    purpose: Annotated[
        str, typer.Option(help="a term of the W3C Data Privacy Vocabulary")
    ] = "ImprovePublicServices",
    k: Annotated[int, typer.Option(help="the smallest group to be shown")] = 10,
    days: Annotated[int, typer.Option(help="the longest that a consent lasts")] = 90,
    city: CityUrl = None,
) -> None:
    """Apply for a use case. Data that is not personal is decided by rule, in seconds."""
    with speaking():
        partner = desk(name, city)
        number = partner.apply(document(routine), purpose=purpose, k=k, days=days)
        state = partner.use_case(number, wait=5)["state"]
        console.print(f"Use case {number} is {state}.")
        if state == "applied":
            console.print("The city's operator decides. `stoa partner quote` tells when you can buy.")


@app.command()
def quote(
    licence: Annotated[int, typer.Argument(help="your licence's number")], name: Name, city: CityUrl = None
) -> None:
    """What one run costs now, why, and what to expect of it."""
    with speaking():
        offered = desk(name, city).quote_order(licence)
        console.print(offered["price"]["explained"])
        console.print(expectation(offered["coverage"]))


def expectation(coverage: dict[str, Any] | None) -> str:
    if coverage is None:
        return "Nobody's rows are used: everything is shown."
    share = coverage["expected_share"]
    expected = "too few to say" if share is None else f"about {share} of them are in a group that is shown"
    return f"{coverage['consents']} people consent now; {expected} (k = {coverage['k']})."


@app.command()
def buy(
    use_case: Annotated[int, typer.Argument(help="the use case's number")], name: Name, city: CityUrl = None
) -> None:
    """Buy a licence: one signature, one transaction."""
    with speaking():
        bought = desk(name, city).buy_licence(use_case)
        console.print(f"Licence {bought['number']} is yours for {bought['price']} credits.")


@app.command()
def order(
    licence: Annotated[int, typer.Argument(help="your licence's number")],
    name: Name,
    version: Annotated[
        list[str] | None, typer.Option(help="DATASET=VERSION; by default the newest of each")
    ] = None,
    seconds: Annotated[
        int, typer.Option(help="until when there must be an answer, or the money comes back")
    ] = 3600,
    city: CityUrl = None,
) -> None:
    """Order one run, wait for its end, and say what became of it."""
    with speaking():
        partner = desk(name, city)
        versions = {part.split("=")[0]: int(part.split("=")[1]) for part in version or []}
        id_ = partner.place_order(partner.quote_order(licence, versions=versions or None, seconds=seconds))
        ended = partner.wait_for_end(id_)
        console.print(f"Order {id_} is {ended['state']}.")
        if ended["state"] == "settled":
            console.print(f"Charged {ended['charge']} credits. `stoa partner result {id_}` shows the answer.")
        else:
            console.print("There is no answer that may leave. You are refunded in full.")


@app.command()
def result(
    order_: Annotated[str, typer.Argument(metavar="ORDER", help="the order's id")],
    name: Name,
    target: Annotated[Path | None, typer.Option("--out", help="write the exact bytes here")] = None,
    city: CityUrl = None,
) -> None:
    """Fetch an answer, check it against the ledger's digest, and show it."""
    with speaking():
        content = desk(name, city).result_bytes(order_)
        if target is not None:
            target.write_bytes(content)
            console.print(f"{len(content):,} bytes in {target}, checked against the ledger's digest.")
            return
        show_result(json.loads(content))


def show_result(found: dict[str, Any]) -> None:
    if len(found["dimensions"]) == 2:
        console.print(chart(found), markup=False)
        return
    labels = found["dimensions"][0]["labels"] if found["dimensions"] else []
    for label, cell in zip(labels, found["cells"], strict=False):
        console.print(
            f"  {label}  {'—' if cell is None else ', '.join(f'{value:,}' for value in cell)}", markup=False
        )
    console.print(f"Honestly: {found['honesty']['label']}.")


def document(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise RoutineFileError(f"{path} is not a JSON document.") from error
