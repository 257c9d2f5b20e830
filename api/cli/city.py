"""`stoa city ...`: what the operator does, on the machine that keeps the city's keys."""

import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.context import Opened, chosen_home, in_words, opened, settled
from api.cli.partner import DAY, period_of
from api.cli.report import show_report
from api.cli.signing import As, Keys, Signing, carrying
from api.cli.terminal import in_credits, plain, progressing, say, speaking, table
from api.cli.typed import (
    class_of,
    credits_of,
    digest_of,
    meter_of,
    payees_of,
    published_text,
)
from api.web.areas import STAFF_ENTRANCE
from ledger.bindings import Tariff
from ledger.digests import sha256
from ledger.enums import Class, UseCaseState
from ledger.outbox import scheduling
from marketplace.analysis.period import Period
from marketplace.analysis.routine import parse_routine
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue import service as datasets
from marketplace.catalogue.description import DatasetDescription, parse_description
from marketplace.catalogue.ingest import ingest
from marketplace.catalogue.sources import Row
from marketplace.consent import service as consents
from marketplace.disclosure import assessment
from marketplace.errors import ConflictError, InvalidError, NotFoundError
from marketplace.licences import service as licences
from marketplace.orders import bank
from marketplace.participants import queries as participants
from marketplace.participants import service as participation
from marketplace.staff import service as staff
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases import service as use_case_service

app = typer.Typer(
    no_args_is_help=True, help="Run the city: admit, register data, assess, decide, set prices, freeze."
)

BUYERS = (Class.SUPPLIER, Class.COMMERCIAL, Class.PUBLIC_SERVICE)
ROWS_A_TICK = 1_000
NUMBER = re.compile(r"[0-9]{1,9}")

Participant = Annotated[int, typer.Argument(min=1, max=2**32 - 1, help="the participant's number")]
UseCase = Annotated[int, typer.Argument(min=1, max=2**32 - 1, help="the use case's number")]
Reason = Annotated[str, typer.Option(help="the reason, as it is published")]


SECOND_PERSON = "It takes two persons who say the same, to the letter. The other one's words go with"


class NothingToPublishError(ConflictError):
    """Citizens are not asked about this use case."""

    code = "nothing_to_publish"


class NothingWaitsError(NotFoundError):
    """No act of this number is scheduled."""

    code = "nothing_waits"


class AppliedForError(InvalidError):
    """What an application says cannot be said otherwise."""

    code = "applied_for"


class DescriptionChangedError(ConflictError):
    """A dataset is registered with another description."""

    code = "description_changed"


@app.command(epilog="Example: stoa city admit 4")
def admit(number: Participant) -> None:
    """Let an organisation that joined act."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            participants.by_number(session, number)
            key = participation.admit(session, city.house, number)
        settled(city, key)
        say(f"Participant {number} is admitted.")


@app.command("participants", epilog="Example: stoa city participants")
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


@app.command(epilog="Example: stoa city dataset trips.json trips.sqlite --table trips")
def dataset(
    description: Annotated[Path, typer.Argument(help="the dataset's description (JSON)")],
    source: Annotated[Path, typer.Argument(help="the delivery: CSV, SQLite file or JSON lines")],
    table_name: Annotated[str | None, typer.Option("--table", help="the table of a SQLite file")] = None,
) -> None:
    """Register a dataset with the city as steward, or publish its next version when it is registered."""
    with speaking(), opened() as city:
        parsed = parse_description(description.read_bytes())
        require_same(city, parsed)
        with datasets.recording_refusals(city.house, who="role:operator", dataset=parsed.name):
            with progressing(f"checking {source.name}") as progress:
                rows = check_delivery(parsed, source, table_name, progress)
            register_dataset(city, parsed)
            with progressing(f"sealing {rows:,} rows"), city.house.database.writing() as session:
                found = catalogue.dataset_named(session, parsed.name)
                key = datasets.publish(
                    session,
                    city.house,
                    dataset=found,
                    source=source,
                    signer=city.home.keys.existing("city"),
                    table=table_name,
                )
        with progressing("waiting for the ledger"):
            settled(city, key)
        say(f"Version {found.versions + 1} of {parsed.name} is published and on the ledger: {rows:,} rows.")
        if found.description.subject is not None:
            say(f"{plain(source)} still holds the rows in plain, erased people's too. Delete it.")
            say("`stoa registrar --import FILE` says how far the register calls them by the same keys.")
        elif found.personal:
            say(
                "It counts as personal until operator and deputy have both said that it is not: "
                f"`stoa city not-personal {parsed.name} --reason ...`"
            )


def require_same(city: Opened, description: DatasetDescription) -> None:
    """Refuse a description that is not the one its dataset was registered with.

    Raises:
        DescriptionChangedError
    """
    with city.house.database.reading() as session:
        known = {found.name: found.description for found in catalogue.datasets(session)}
    if description.name in known and known[description.name].canonical != description.canonical:
        raise DescriptionChangedError(
            f"{description.name!r} is registered with another description, and a description never changes. Deliver "
            "under the one it was registered with, or register a dataset of another name."
        )


def check_delivery(
    description: DatasetDescription,
    source: Path,
    table_name: str | None,
    progress: Callable[[int, int], None],
) -> int:
    """Read the whole delivery as the city will, so that nothing is registered for one it cannot take. Its rows.

    Raises:
        OSError: there is no such file.
        IngestError: the delivery is unreadable, or breaks its description.
    """
    source.open("rb").close()
    indexes: dict[str, int] = {}
    rows = 0

    def counted() -> Iterator[Row]:
        nonlocal rows
        for row in datasets.delivered_rows(description, source, table_name):
            rows += 1
            if rows % ROWS_A_TICK == 0:
                progress(rows, rows)
            yield row

    with tempfile.TemporaryDirectory(prefix="stoa-check-") as folder:
        ingest(
            description,
            counted(),
            index_of=lambda key: indexes.setdefault(key, len(indexes)),
            target=Path(folder) / "version",
            key=secrets.token_bytes(32),
        )
    return rows


def register_dataset(city: Opened, description: DatasetDescription) -> None:
    """Register it unless it is."""
    with city.house.database.reading() as session:
        known = {found.name for found in catalogue.datasets(session)}
    if description.name not in known:
        with city.house.database.writing() as session:
            key = datasets.register(
                session,
                city.house,
                description=description,
                steward=1,
                signer=city.home.keys.existing("city"),
            )
        settled(city, key)


@app.command(
    "not-personal", epilog="Example: stoa city not-personal bikes --reason 'Counts of rides by the hour.'"
)
def not_personal(
    name: Annotated[str, typer.Argument(help="the dataset's name")],
    reason: Reason,
    signing: As = Signing.OPERATOR,
    keys: Keys = None,
) -> None:
    """Say that nobody can be found in a dataset. It holds once operator and deputy have said the same."""
    with speaking(), opened() as city:
        words = published_text(reason, "The reason")
        carried = carrying(city, signing, keys)
        with city.house.database.writing() as session:
            found = catalogue.dataset_named(session, name)
            key = datasets.declare_not_personal(
                session, city.house, found.number, words, operator=signing.value
            )
        settled(city, key, meanwhile=carried)
        with city.house.database.reading() as session:
            personal = catalogue.dataset_named(session, name).personal
        if personal:
            say(f"You have said so. {SECOND_PERSON} `stoa city not-personal {name} --as {signing.other}`.")
        else:
            say(f"{name} is not personal: nobody is asked about it, and no group in it is hidden.")


@app.command("datasets", epilog="Example: stoa city datasets")
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


@app.command(
    epilog="Example: stoa city assess routine.json --k 20 --from 2026-03-01 --to 2026-03-31, or stoa city assess 3"
)
def assess(
    what: Annotated[str, typer.Argument(help="a use case's number, or a routine's file (JSON)")],
    k: Annotated[int | None, typer.Option(min=2, max=65_535, help="the smallest group asked for")] = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=65_535, help="of a file: the longest that a consent lasts", show_default="90"
        ),
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=[DAY], help="of a file: the first day of data wanted, in UTC; with --to"
        ),
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=[DAY], help="of a file: the last day of data wanted")
    ] = None,
) -> None:
    """Assess the privacy risk of a use case, or of a routine nobody has seen, on the newest versions."""
    with speaking():
        period = period_of(first, last)
        if not NUMBER.fullmatch(what):
            routine = parse_routine(Path(what).read_bytes())
            application = assessment.Application(
                k=k or 10, days=days or 90, period=None if period is None else Period.of_days(*period)
            )
            with opened() as city:
                show_report(use_case_service.assess_routine(city.house, routine, application))
            return
        if days is not None or period is not None:
            raise AppliedForError(
                f"Use case {what} is assessed for the days that it was applied for. Leave --days, --from and --to out, "
                "or name a routine's file."
            )
        with opened() as city:
            show_report(use_case_service.assess(city.house, int(what), k=k))


@app.command(epilog="Example: stoa city decide 3 --reason 'Groups of 20 are large enough.' --k 20")
def decide(
    number: UseCase,
    reason: Reason,
    deny: Annotated[bool, typer.Option("--deny", help="deny instead of allowing")] = False,
    k: Annotated[
        int | None,
        typer.Option(min=2, max=65_535, help="condition: the smallest group, tighter than applied for"),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="condition: the longest duration in days")
    ] = None,
    signing: As = Signing.OPERATOR,
    keys: Keys = None,
) -> None:
    """Decide about a use case, finally; on sensitive data operator and deputy do. The operator's publishes notices."""
    with speaking(), opened() as city:
        carried = carrying(city, signing, keys)
        with city.house.database.writing() as session:
            key = use_case_service.decide(
                session,
                city.house,
                number,
                allowed=not deny,
                reason=published_text(reason, "The reason"),
                minimum_cohort=k,
                longest_days=days,
                operator=signing.value,
            )
        settled(city, key, meanwhile=carried)
        with city.house.database.reading() as session:
            found = use_cases.use_case(session, number)
        if found.state is UseCaseState.APPLIED:
            other = f"`stoa city decide {number} --as {signing.other}`"
            say(f"Use case {number} is on sensitive data. {SECOND_PERSON} {other}.")
            return
        say(f"Use case {number} is {found.state.name.lower()}.")
        if found.personal and found.state is UseCaseState.ALLOWED:
            if signing is Signing.OPERATOR:
                published(city, number)
            else:
                say(f"The operator publishes what citizens read: `stoa city notices {number}`.")


@app.command(epilog="Example: stoa city notices 3")
def notices(number: UseCase) -> None:
    """Publish what citizens read about an allowed use case, where its decision did not: it waited, or took two."""
    with speaking(), opened() as city:
        with city.house.database.reading() as session:
            found = use_cases.use_case(session, number)
        if found.state is not UseCaseState.ALLOWED or not found.personal:
            raise NothingToPublishError(
                f"Use case {number} is {found.state.name.lower()} and on data that is "
                f"{'about people' if found.personal else 'not personal'}: citizens are not asked about it."
            )
        published(city, number)


def published(city: Opened, number: int) -> None:
    """Publish the notices of an allowed use case, and wait for them."""
    with city.house.database.writing() as session:
        keys = use_case_service.publish_notices(session, city.house, number)
    settled(city, *keys)
    say(f"Its notices are published: {len(keys)}.")


@app.command(epilog="Example: stoa city waiting")
def waiting() -> None:
    """List the acts that are scheduled and wait for their hour (profile production)."""
    with speaking(), opened() as city, city.house.database.reading() as session:
        rows = [
            (
                act.number,
                act.role,
                act.name,
                "not scheduled yet" if act.ready_at is None else in_words(act.ready_at),
                "cancelled" if act.cancelled else "",
            )
            for act in scheduling.waiting_acts(session)
        ]
        table("Acts that wait", ("no", "by", "act", "can be done from", ""), rows, empty="No act waits.")


@app.command(epilog="Example: stoa city cancel 12")
def cancel(
    number: Annotated[int, typer.Argument(min=1, help="the act's number (`stoa city waiting`)")],
) -> None:
    """Cancel an act that waits, as the guardian."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            key = scheduling.cancel(session, city.house.contracts.access, number)
        if key is None:
            raise NothingWaitsError(
                f"No act {number} is scheduled. `stoa city waiting` lists those that are."
            )
        settled(city, key)
        say(f"Act {number} is cancelled: the ledger refuses it when its hour comes.")


@app.command(epilog="Example: stoa city rule 'Data that is not about people may be used for any purpose.'")
def rule(
    text: Annotated[str, typer.Argument(help="the rule in words, as applicants read it")],
    days: Annotated[int, typer.Option(min=1, max=65_535, help="the longest duration it allows")] = 365,
) -> None:
    """Publish a rule: use cases on data that is not personal are allowed at once, for every buying class."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            sentence = published_text(text, "The rule")
            key = use_case_service.publish_rule(
                session, city.house, text=sentence, classes=list(BUYERS), longest_days=days
            )
        settled(city, key)
        say("The rule is on the ledger.")


@app.command(epilog="Example: stoa city tariff commercial --licence 400 --unit 25 --payee 3:2500")
def tariff(
    class_: Annotated[str, typer.Argument(metavar="CLASS", help="supplier, commercial or public_service")],
    licence: Annotated[str, typer.Option(metavar="CREDITS", help="price of a licence")],
    unit: Annotated[str, typer.Option(metavar="CREDITS", help="price of one unit")],
    use_case: Annotated[
        int, typer.Option(min=0, max=2**32 - 1, help="0: for every use case without its own")
    ] = 0,
    meter: Annotated[str, typer.Option(help="run, cell, version_rows or device")] = "run",
    days: Annotated[int, typer.Option(min=1, max=65_535, help="how long a licence lasts")] = 90,
    quota: Annotated[int, typer.Option(min=1, max=2**32 - 1, help="runs of a licence")] = 1_000,
    payee: Annotated[list[str] | None, typer.Option(help="PARTICIPANT:BASISPOINTS, up to four times")] = None,
    sharing_discount: Annotated[
        int, typer.Option(min=0, max=10_000, help="basis points off for buyers who deliver data")
    ] = 0,
    sharing_days: Annotated[
        int, typer.Option(min=1, max=65_535, help="how recent the delivery must be")
    ] = 90,
) -> None:
    """Set a price. It holds for what is opened from now on."""
    with speaking():
        unit_of_bill = meter_of(meter)
        form = Tariff(
            use_case=use_case,
            class_=class_of(class_, BUYERS),
            meter=unit_of_bill,
            licence_price=credits_of(licence),
            unit_price=credits_of(unit),
            licence_days=days,
            quota=quota,
            sharing_discount=sharing_discount,
            sharing_days=sharing_days,
            payees=payees_of(payee or []),
        )
        with opened() as city:
            with city.house.database.writing() as session:
                for one in form.payees:
                    participants.by_number(session, one.participant)
                if use_case:
                    use_cases.use_case(session, use_case)
                key = licences.set_tariff(session, city.house, form)
            settled(city, key)
        licence_price, unit_price = in_credits(form.licence_price), in_credits(form.unit_price)
        unit_name = unit_of_bill.name.lower().replace("_", " ")
        say(f"From now on a licence costs {licence_price} credits, a {unit_name} {unit_price}.")


@app.command("paid-in", epilog="Example: stoa city paid-in 4 500 'entry 2026-11-25/0017'")
def paid_in(
    number: Participant,
    amount: Annotated[str, typer.Argument(metavar="CREDITS", help="what arrived: 1 credit is 1 euro")],
    reference: Annotated[str, typer.Argument(help="the bank's number of the entry; each is booked once")],
) -> None:
    """Credit what an organisation transferred to the city's bank account, as the treasurer."""
    with speaking():
        micro = credits_of(amount)
        with opened() as city:
            with city.house.database.writing() as session:
                key = bank.paid_in(session, city.house, participant=number, amount=micro, reference=reference)
            settled(city, key)
            say(f"Participant {number} has {in_credits(micro)} credits more.")


@app.command(epilog="Example: stoa city freeze 4 --reason 'It passed results on.'")
def freeze(
    number: Participant,
    reason: Reason,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask, where it is the city itself")] = False,
) -> None:
    """Stop an organisation within one block: no new licence, order or consent; open orders are refunded."""
    with speaking(), opened() as city:
        words = published_text(reason, "The reason")
        with city.house.database.reading() as session:
            found = participants.by_number(session, number)
        if found.class_ is Class.CITY and not yes:
            typer.confirm(
                f"Participant {number} is the city itself. Frozen, it publishes no data. Freeze it?",
                abort=True,
            )
        with city.house.database.writing() as session:
            key = participation.freeze(session, city.house, number, words)
        settled(city, key)
        say(f"Participant {number} is frozen.")


@app.command(epilog="Example: stoa city unfreeze 4 --reason 'It has deleted them.'")
def unfreeze(number: Participant, reason: Reason) -> None:
    """Let a frozen organisation act again."""
    with speaking(), opened() as city:
        with city.house.database.writing() as session:
            key = participation.unfreeze(session, city.house, number, published_text(reason, "The reason"))
        settled(city, key)
        say(f"Participant {number} is active again.")


@app.command(epilog="Example: stoa city mandate 0x5f0c... mandate.pdf")
def mandate(
    consent: Annotated[str, typer.Argument(help="the consent's digest (0x...)")],
    document: Annotated[Path, typer.Argument(help="the mandate, as it was signed")],
) -> None:
    """End a consent on a documented mandate, as the ombudsman. Only the document's digest is published."""
    with speaking(), opened() as city:
        id_ = digest_of(consent, "a consent")
        digest = sha256(document.read_bytes())
        with city.house.database.writing() as session:
            key = consents.revoke_by_mandate(session, city.house, id_, digest)
        settled(city, key)
        say(f"Ended. The mandate's digest 0x{digest.hex()} is on the ledger.")


@app.command("sign-in", epilog="Example: stoa city sign-in Otto")
def sign_in(
    name: Annotated[str, typer.Argument(help="who will use the link; the pages greet her by it")],
) -> None:
    """Make a link that lets one of the city's staff into the pages, once, within ten minutes."""
    with speaking():
        home = chosen_home()
        house = home.house()
        try:
            with house.database.writing() as session:
                code = staff.invite(session, name, now=int(time.time()))
        finally:
            house.close()
        say(f"{home.settings.public}{STAFF_ENTRANCE}#{code}")
        say(
            "It works once, within ten minutes. Whoever opens it runs the city from that browser for twelve hours."
        )
