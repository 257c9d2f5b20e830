"""`stoa citizen ...`: read what you are asked, say yes, stop, see who used your data, be forgotten."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.context import chosen_home
from api.cli.terminal import plain, say, speaking, table
from api.cli.typed import address_of
from api.client.citizen import Citizen
from ledger.carrying import revoke_by_code
from ledger.city import City
from ledger.node import Node, RevertedError
from ledger.revocation_code import RevocationCode, RevocationCodeError
from ledger.typed_data import last_day
from marketplace.consent.service import AlreadyRevokedError
from marketplace.errors import InvalidError

app = typer.Typer(
    no_args_is_help=True, help="Decide about your own data, with the code from your letter or paper."
)

Letter = Annotated[
    str, typer.Option(prompt="The code in your letter", help="the code in your letter", envvar="STOA_LETTER")
]
CityUrl = Annotated[
    str | None, typer.Option("--city", help="the city's address; by default the one kept here")
]


class CodeMistypedError(InvalidError):
    """What was typed is no code."""

    code = "code_mistyped"


def device(letter: str | None, city: str | None) -> Citizen:
    home = chosen_home()
    return Citizen(address_of(city or home.settings.public), home.city(), letter)


@app.command(epilog="Example: stoa citizen notices --letter 7KQ2-...")
def notices(letter: Letter, city: CityUrl = None) -> None:
    """What you are asked and may object to, in full sentences, and what you answered."""
    with speaking():
        citizen = device(letter, city)
        asked, objectable = citizen.asks(), citizen.objectables()
        if not asked:
            say("You are asked nothing now.")
        for one in asked:
            state = "not answered yet" if one["answered"] is None else one["answered"]["state"]
            say(f"[bold]Request {one['use_case']}[/bold] from {plain(one['recipient'])}: {plain(state)}")
            for notice in one["notices"]:
                say(plain(f"  [{notice['language']}] {notice['statement']}"))
            until = last_day(int(datetime.fromisoformat(one["latest_end"]).timestamp()))
            say(f"  until {until} at the latest; you can stop at any time.")
        for one in objectable:
            state = "you have not objected" if one["answered"] is None else one["answered"]["state"]
            say(
                f"[bold]Use {one['use_case']}[/bold] by {plain(one['recipient'])}, without asking: {plain(state)}"
            )
            for notice in one["notices"]:
                say(plain(f"  [{notice['language']}] {notice['statement']}"))
            say(f"  to object: stoa citizen object {one['use_case']}")


@app.command(epilog="Example: stoa citizen grant 3 --letter 7KQ2-... --until 2027-05-21")
def grant(
    request: Annotated[int, typer.Argument(min=1, max=2**32 - 1, help="the request's number")],
    letter: Letter,
    language: Annotated[str, typer.Option(help="en or de")] = "en",
    until: Annotated[str | None, typer.Option(help="the last day, such as 2027-05-21")] = None,
    city: CityUrl = None,
) -> None:
    """Say yes. Write the code down, or print it: whoever has it can stop this, and nothing else."""
    with speaking():
        paper = device(letter, city).say_yes(request, language=language, until=until)
        say(f"“{plain(paper.statement)}”")
        say(f"To {plain(paper.recipient)}, until {paper.until}.")
        say(f"Your code to stop it: [bold]{paper.code}[/bold]")
        say(f"[dim]Technical details: consent 0x{paper.consent.hex()}[/dim]")


@app.command("object", epilog="Example: stoa citizen object 4 --letter 7KQ2-...")
def object_(
    use: Annotated[int, typer.Argument(min=1, max=2**32 - 1, help="the number of the use, from notices")],
    letter: Letter,
    language: Annotated[str, typer.Option(help="en or de")] = "en",
    city: CityUrl = None,
) -> None:
    """Object to what your data is used for without your consent. `revoke` with the code takes it back."""
    with speaking():
        paper = device(letter, city).object_to(use, language=language)
        say(f"“{plain(paper.statement)}”")
        say("You are in no answer that is made from now on, until you take this back.")
        say(f"Your code to take it back: [bold]{paper.code}[/bold]")
        say(f"[dim]Technical details: objection 0x{paper.consent.hex()}[/dim]")


@app.command(epilog="Example: stoa citizen revoke --code 5D3F-...")
def revoke(
    code: Annotated[str, typer.Option(prompt="The code on your paper", help="the code on your paper")],
    node: Annotated[list[str] | None, typer.Option(help="nodes to try, one after the other")] = None,
    city_file: Annotated[
        Path | None, typer.Option("--city-file", help="the city file, if no city is kept here")
    ] = None,
) -> None:
    """Stop a consent with the code on your paper. Needs no account and no city server: any node will do."""
    with speaking():
        home = chosen_home()
        city = City.read(city_file) if city_file else home.city()
        nodes = [Node.at(address_of(url)) for url in node or [home.settings.node]]
        try:
            parsed = RevocationCode.parse(code)
        except RevocationCodeError as error:
            refusal = CodeMistypedError(str(error))
            refusal.code = error.code
            raise refusal from error
        try:
            _, receipt = revoke_by_code(city, nodes, parsed)
        except RevertedError as refused:
            if refused.name != "ConsentAlreadyRevoked":
                raise
            raise AlreadyRevokedError(
                f"This was stopped already, in block {refused.values['revokedIn']}. There is nothing left to do."
            ) from refused
        say("Stopped. It counts in no run that starts from now on.")
        say(f"[dim]Technical details: block {receipt.block_number}[/dim]")


@app.command(epilog="Example: stoa citizen uses --letter 7KQ2-...")
def uses(letter: Letter, city: CityUrl = None) -> None:
    """Who used your data, when and for what, whether you were counted, and whether your consent still holds."""
    with speaking():
        citizen = device(letter, city)
        now = {one["consent"]: one["state"].replace("_", " ") for one in citizen.consents()}
        table(
            "Who used your data",
            (
                "when (UTC)",
                "who",
                "for what",
                "which data",
                "you were counted",
                "an answer left",
                "your consent now",
            ),
            [use_row(one, now) for one in citizen.uses()],
            empty="Nobody has used your data.",
        )


def use_row(one: dict[str, Any], now: Mapping[str, str]) -> tuple[str, ...]:
    """`now`: what has become of her consents and objections, by their id."""
    purpose = one["purpose"]
    versions = ", ".join(f"{name} {number}" for name, number in one["versions"].items())
    consent = "not needed" if one["consent"] is None else now.get(one["consent"], "ended")
    return (
        datetime.fromisoformat(one["block"]["at"]).strftime("%Y-%m-%d %H:%M"),
        one["recipient"],
        "" if purpose is None else purpose["term"],
        versions,
        "yes" if one["counted"] else "no",
        "yes" if one["left_the_city"] else "no",
        f"objection {consent}" if one["objection"] else consent,
    )


@app.command(epilog="Example: stoa citizen export --letter 7KQ2-... --out my-consents.json")
def export(
    letter: Letter,
    target: Annotated[Path, typer.Option("--out", help="where to write it")] = Path("my-consents.json"),
    city: CityUrl = None,
) -> None:
    """Take your consent records along (JSON-LD, W3C Data Privacy Vocabulary)."""
    with speaking():
        target.write_text(json.dumps(device(letter, city).export(), indent=2, ensure_ascii=False) + "\n")
        say(f"Your records are in {plain(target)}.")


@app.command(epilog="Example: stoa citizen erase --letter 7KQ2-...")
def erase(
    letter: Letter,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    city: CityUrl = None,
) -> None:
    """Be forgotten: your consents end, your rows and everything that links to you are destroyed."""
    with speaking():
        if not yes:
            typer.confirm("There is no way back. Forget you?", abort=True)
        number = device(letter, city).erase()
        say(f"You are being forgotten. Keep this number: it opens the certificate. {plain(number)}")
