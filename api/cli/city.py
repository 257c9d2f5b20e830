"""`stoa city ...`: what the operator does, on the machine that keeps the city's keys."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import Opened, opened, settled
from api.cli.terminal import console, in_credits, speaking, table
from ledger.bindings import Payee, Tariff
from ledger.digests import sha256, unhexed
from ledger.enums import Class, Meter
from marketplace.analysis.routine import parse_routine
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue import service as datasets
from marketplace.catalogue.description import parse_description
from marketplace.consent import service as consents
from marketplace.disclosure import assessment
from marketplace.disclosure.assessment import Report
from marketplace.licences import service as licences
from marketplace.participants import queries as participants
from marketplace.participants import service as participation
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases import service as use_case_service

app = typer.Typer(
    no_args_is_help=True, help="Run the city: admit, register data, assess, decide, set prices, freeze."
)

MICRO = 1_000_000


@app.command()
def admit(number: Annotated[int, typer.Argument(help="the participant's number")]) -> None:
    """Let an organisation that joined act."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            participants.by_number(session, number)
            key = participation.admit(session, city.house, number)
        settled(city, key)
        console.print(f"Participant {number} is admitted.")


@app.command("participants")
def participants_() -> None:
    """List the organisations of the city."""
    with speaking(), opened() as city, city.house.database.reading() as session:
        rows = [
            (
                one.number,
                one.name or "(name not published here)",
                one.class_.name.lower(),
                one.status.name.lower(),
            )
            for one in participants.everybody(session)
        ]
        table("Participants", ("no", "name", "class", "status"), rows, empty="Nobody has joined yet.")


@app.command()
def dataset(
    description: Annotated[Path, typer.Argument(help="the dataset's description (JSON)", exists=True)],
    source: Annotated[Path, typer.Argument(help="the delivery: CSV, SQLite file or JSON lines", exists=True)],
    table_name: Annotated[str | None, typer.Option("--table", help="the table of a SQLite file")] = None,
    not_personal: Annotated[
        str | None, typer.Option(help="why nobody can be found in it (two operators sign this)")
    ] = None,
) -> None:
    """Register a dataset with the city as steward, or publish its next version when it is registered."""
    with speaking(), opened() as city:
        parsed = parse_description(description.read_bytes())
        register_dataset(city, parsed.name, description, not_personal)
        with city.house.database.writing() as session:
            found = catalogue.dataset_named(session, parsed.name)
            key = datasets.publish(
                session,
                city.house,
                dataset=found,
                source=source,
                signer=city.home.keys.existing("city"),
                table=table_name,
            )
        settled(city, key)
        console.print(f"Version {found.versions + 1} of {parsed.name} is published and on the ledger.")
        if found.personal:
            console.print(f"{source} still holds the rows in plain, erased people's too. Delete it.")


def register_dataset(city: Opened, name: str, description: Path, not_personal: str | None) -> None:
    """Register it unless it is; two operators declare it not personal if asked."""
    with city.house.database.reading() as session:
        known = {found.name: found for found in catalogue.datasets(session)}
    if name not in known:
        with city.house.database.writing() as session:
            key = datasets.register(
                session,
                city.house,
                description=parse_description(description.read_bytes()),
                steward=1,
                signer=city.home.keys.existing("city"),
            )
        settled(city, key)
    if not_personal is None:
        return
    with city.house.database.reading() as session:
        found = catalogue.dataset_named(session, name)
    if found.personal:
        with city.house.database.writing() as session:
            keys = datasets.declare_not_personal(session, city.house, found.number, not_personal)
        settled(city, *keys)


@app.command("datasets")
def datasets_() -> None:
    """List the datasets and their versions."""
    with speaking(), opened() as city, city.house.database.reading() as session:
        rows = [
            (
                one.number,
                one.name,
                one.description.title,
                "personal" if one.personal else "not personal",
                one.versions,
                one.description.honesty.label,
            )
            for one in catalogue.datasets(session)
        ]
        table(
            "Datasets",
            ("no", "name", "title", "about people", "versions", "honestly"),
            rows,
            empty="No dataset yet. `stoa city dataset DESCRIPTION SOURCE` registers one.",
        )


@app.command()
def assess(
    what: Annotated[str, typer.Argument(help="a use case's number, or a routine's file (JSON)")],
    k: Annotated[int | None, typer.Option(min=2, help="the smallest group asked for")] = None,
    days: Annotated[int, typer.Option(min=1, help="the longest duration asked for")] = 90,
) -> None:
    """Assess the privacy risk of a use case, or of a routine nobody has seen, on the newest versions."""
    with speaking(), opened() as city:
        if what.isdigit():
            report = use_case_service.assess(city.house, int(what), k=k)
        else:
            routine = parse_routine(Path(what).read_bytes())
            application = assessment.Application(k=k or 10, days=days)
            report = use_case_service.assess_routine(city.house, routine, application)
        show_report(report)


def show_report(report: Report) -> None:
    words = {"deny": "Deny", "allow_under_conditions": "Allow under conditions", "allow": "Allow"}
    console.print(f"[bold]{words[report.verdict.value]}[/bold]")
    for reason in report.reasons:
        console.print(f"  {reason.sentence}  [dim]({reason.code})[/dim]")
    if report.conditions is not None:
        for name, value in report.conditions.document().items():
            console.print(f"  condition: {name} = {value}")


@app.command()
def decide(
    number: Annotated[int, typer.Argument(help="the use case's number")],
    reason: Annotated[str, typer.Option(help="the reason, as the applicant reads it")],
    deny: Annotated[bool, typer.Option("--deny", help="deny instead of allowing")] = False,
    k: Annotated[
        int | None, typer.Option(help="condition: the smallest group, tighter than applied for")
    ] = None,
    days: Annotated[int | None, typer.Option(help="condition: the longest duration in days")] = None,
) -> None:
    """Decide about a use case, finally. Allowing one on personal data publishes its notices."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            key = use_case_service.decide(
                session,
                city.house,
                number,
                allowed=not deny,
                reason=reason,
                minimum_cohort=k,
                longest_days=days,
            )
        settled(city, key)
        with city.house.database.writing() as session:
            found = use_cases.use_case(session, number)
            notices = (
                use_case_service.publish_notices(session, city.house, number)
                if found.personal and not deny
                else []
            )
        settled(city, *notices)
        console.print(f"Use case {number} is {'denied' if deny else 'allowed'}.")


@app.command()
def rule(
    text: Annotated[str, typer.Argument(help="the rule in words, as applicants read it")],
    days: Annotated[int, typer.Option(help="the longest duration it allows")] = 365,
) -> None:
    """Publish a rule: use cases on data that is not personal are allowed at once, for every buying class."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            buyers = [Class.SUPPLIER, Class.COMMERCIAL, Class.PUBLIC_SERVICE]
            key = use_case_service.publish_rule(
                session, city.house, text=text, classes=buyers, longest_days=days
            )
        settled(city, key)
        console.print("The rule is on the ledger.")


@app.command()
def tariff(
    class_: Annotated[str, typer.Argument(metavar="CLASS", help="supplier, commercial or public_service")],
    licence: Annotated[float, typer.Option(help="price of a licence in credits")],
    unit: Annotated[float, typer.Option(help="price of one unit in credits")],
    use_case: Annotated[int, typer.Option(help="0: for every use case without its own")] = 0,
    meter: Annotated[str, typer.Option(help="run, cell, version_rows or device")] = "run",
    days: Annotated[int, typer.Option(help="how long a licence lasts")] = 90,
    quota: Annotated[int, typer.Option(help="runs of a licence")] = 1_000,
    payee: Annotated[list[str] | None, typer.Option(help="PARTICIPANT:BASISPOINTS, up to four times")] = None,
    sharing_discount: Annotated[int, typer.Option(help="basis points off for buyers who deliver data")] = 0,
    sharing_days: Annotated[int, typer.Option(help="how recent the delivery must be")] = 90,
) -> None:
    """Set a price. It holds for what is opened from now on."""
    with speaking(), opened() as city:
        payees = [Payee(int(part.split(":")[0]), int(part.split(":")[1])) for part in payee or []]
        form = Tariff(
            use_case=use_case,
            class_=Class[class_.upper()],
            meter=Meter[meter.upper()],
            licence_price=round(licence * MICRO),
            unit_price=round(unit * MICRO),
            licence_days=days,
            quota=quota,
            sharing_discount=sharing_discount,
            sharing_days=sharing_days,
            payees=payees,
        )
        with city.house.database.writing() as session:
            key = licences.set_tariff(session, city.house, form)
        settled(city, key)
        licence_price, unit_price = in_credits(form.licence_price), in_credits(form.unit_price)
        console.print(f"From now on a licence costs {licence_price} credits, a {meter} {unit_price}.")


@app.command()
def freeze(
    number: Annotated[int, typer.Argument(help="the participant's number")],
    reason: Annotated[str, typer.Option(help="the reason, as it is published")],
) -> None:
    """Stop an organisation within one block: no new licence, order or consent; open orders are refunded."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            key = participation.freeze(session, city.house, number, reason)
        settled(city, key)
        console.print(f"Participant {number} is frozen.")


@app.command()
def unfreeze(
    number: Annotated[int, typer.Argument(help="the participant's number")],
    reason: Annotated[str, typer.Option(help="the reason, as it is published")],
) -> None:
    """Let a frozen organisation act again."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            key = participation.unfreeze(session, city.house, number, reason)
        settled(city, key)
        console.print(f"Participant {number} is active again.")


@app.command()
def mandate(
    consent: Annotated[str, typer.Argument(help="the consent's digest (0x...)")],
    document: Annotated[Path, typer.Argument(help="the mandate, as it was signed", exists=True)],
) -> None:
    """End a consent on a documented mandate, as the ombudsman. Only the document's digest is published."""
    with speaking(), opened() as city:
        digest = sha256(document.read_bytes())
        with city.house.database.writing() as session:
            key = consents.revoke_by_mandate(session, city.house, unhexed(consent), digest)
        settled(city, key)
        console.print(f"Ended. The mandate's digest 0x{digest.hex()} is on the ledger.")


def instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
