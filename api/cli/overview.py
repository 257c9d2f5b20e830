"""What `stoa` says when it is asked nothing: who you are, which city, and the next three things."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from api.cli.city import BUYERS
from api.cli.context import chosen_home
from api.cli.signing import Signing
from api.cli.terminal import plain, say, speaking
from api.demo.stage import CITY
from api.home import Home, Settings
from ledger.enums import Class, OrderState, Status, UseCaseState
from ledger.node import NodeUnreachableError
from ledger.outbox import messages
from marketplace.catalogue import queries as catalogue
from marketplace.licences import queries as licences
from marketplace.orders import queries as orders
from marketplace.participants import queries as participants
from marketplace.participants.model import Participant
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases.decisions import rules_in_force
from marketplace.use_cases.queries import UseCase

STEPS = 3


class Step(NamedTuple):
    command: str
    meaning: str


@dataclass(frozen=True)
class Desk:
    """How far an organisation is whose key is kept here."""

    name: str
    class_: Class
    status: Status
    undecided: int | None = None
    """A use case that waits for the operator."""
    allowed: int | None = None
    """A use case that it may buy a licence for."""
    unused: int | None = None
    """A licence under which it has ordered nothing."""
    answered: str | None = None
    """Its newest order with an answer."""


class Undeclared(NamedTuple):
    """A dataset without a column of persons, which counts as personal until two have said that it is not."""

    dataset: str
    speaker: Signing
    """Whose word comes next."""


@dataclass(frozen=True)
class Standing:
    """What is to be done in a city that runs."""

    joins: tuple[int, ...] = ()
    """Organisations that wait for the operator."""
    applications: tuple[int, ...] = ()
    datasets: int = 0
    undeclared: tuple[Undeclared, ...] = ()
    unruled: bool = False
    """Some data is not personal, and no rule allows its use at once."""
    priced: bool = False
    organisations: int = 0
    """Those that joined, the city itself not counted."""
    desks: tuple[Desk, ...] = ()


NO_CITY = (
    Step("stoa demo", "open a demonstration city and play its three acts"),
    Step("stoa serve --name NAME", "open a city of your own, and run it"),
    Step("stoa partner join --as NAME --city URL", "join a city that runs elsewhere"),
)
SERVE = Step("stoa serve", "start chain, registrar, workers and server")
NEXT_DAY = Step("stoa demo", "start them and play the demonstration's next day")
CHAIN_ALONE = Step("stoa devnet", "start the chain alone: enough for `stoa ledger` and `stoa audit`")
RESET = Step("stoa reset", "delete the city, after asking")
ALWAYS = (
    Step("stoa ledger verify", "is the database what the ledger says?"),
    Step("stoa audit verify", "is the ledger, with its evidence, true?"),
    Step("stoa city participants", "who has joined"),
)


def next_steps(standing: Standing) -> list[Step]:
    """What to do next in a running city, the most pressing first: those who wait come before what is still missing."""
    steps = [Step(f"stoa city admit {number}", "let this organisation act") for number in standing.joins[:1]]
    steps += [
        Step(f"stoa city assess {number}", f"its privacy risk; then `stoa city decide {number} --reason ...`")
        for number in standing.applications[:1]
    ]
    if not standing.datasets:
        steps.append(Step("stoa city dataset DESCRIPTION SOURCE", "register a dataset and publish its rows"))
    steps += [next_word(one) for one in standing.undeclared[:1]]
    if standing.unruled:
        steps.append(Step("stoa city rule TEXT", "allow at once what is asked of data that is not personal"))
    if not standing.priced:
        steps.append(Step("stoa city tariff commercial --licence 400 --unit 25", "set a price"))
    if not standing.organisations:
        steps.append(Step("stoa partner join --as NAME", "join as an organisation that buys"))
    if standing.datasets:
        steps += [step for desk in standing.desks if (step := next_of(desk)) is not None]
    return [*steps, *ALWAYS][:STEPS]


def next_word(one: Undeclared) -> Step:
    """What the next of the two persons says about a dataset in which nobody can be found."""
    said = f"stoa city not-personal {shlex.quote(one.dataset)} --reason TEXT"
    if one.speaker is Signing.DEPUTY:
        return Step(f"{said} --as deputy", "the second person says the same, to the letter")
    return Step(said, "if nobody can be found in it; it counts as personal until two persons say so")


def steps_of_sleeping(name: str) -> list[Step]:
    """What to do next with a city that does not run."""
    return [SERVE, *([NEXT_DAY] if name == CITY else []), CHAIN_ALONE, RESET][:STEPS]


def next_of(desk: Desk) -> Step | None:
    """What an organisation can do next; None where it is somebody else's turn."""
    if desk.status is not Status.ACTIVE or desk.class_ not in BUYERS:
        return None
    who = f"--as {shlex.quote(desk.name)}"
    if desk.allowed is not None:
        return Step(f"stoa partner buy {desk.allowed} {who}", "buy a licence: the use case is allowed")
    if desk.unused is not None:
        return Step(f"stoa partner order {desk.unused} {who}", "order an answer under this licence")
    if desk.answered is not None:
        return Step(f"stoa partner result {desk.answered} {who}", "read the newest answer")
    if desk.undecided is not None:
        return None
    return Step(f"stoa partner apply ROUTINE {who}", "apply for a use case")


def standing_of(session: Session, settings: Settings, accounts: set[str]) -> Standing:
    """Read how far the city is, and the organisations that have these accounts."""
    everybody = participants.everybody(session)
    applied = use_cases.use_cases(session)
    datasets = catalogue.datasets(session)
    return Standing(
        joins=tuple(
            one.number
            for one in everybody
            if one.status is Status.JOINED and one.class_ not in settings.admitted_classes
        ),
        applications=tuple(one.number for one in applied if one.state is UseCaseState.APPLIED),
        datasets=len(datasets),
        undeclared=tuple(
            Undeclared(one.name, next_speaker(session, one.number))
            for one in datasets
            if one.personal and one.description.subject is None
        ),
        unruled=any(not one.personal for one in datasets) and not rules_in_force(session),
        priced=bool(licences.tariffs_in_force(session)),
        organisations=sum(one.class_ is not Class.CITY for one in everybody),
        desks=tuple(
            desk_of(session, one, [each for each in applied if each.applicant == one.number])
            for one in everybody
            if one.account in accounts
        ),
    )


def next_speaker(session: Session, dataset: int) -> Signing:
    """Who of the two has not had the last word about whether a dataset is personal; the operator begins."""
    last = messages.last_word(session, f"not-personal:{dataset}")
    return Signing.OPERATOR if last is None else Signing(last.signer).other


def desk_of(session: Session, one: Participant, applied: list[UseCase]) -> Desk:
    held = [licence for licence in licences.licences_of(session, one.account) if not licence.terminated]
    ordered = orders.orders_of(session, one.account)
    licensed = {licence.use_case for licence in held}
    allowed = [each.number for each in applied if each.state is UseCaseState.ALLOWED]
    answered = [order for order in ordered if order.state is OrderState.SETTLED]
    return Desk(
        name=one.name or f"participant {one.number}",
        class_=one.class_,
        status=one.status,
        undecided=next((each.number for each in applied if each.state is UseCaseState.APPLIED), None),
        allowed=next((number for number in allowed if number not in licensed), None),
        unused=next((licence.number for licence in held if not licence.used), None),
        answered="0x" + answered[-1].id.hex() if answered else None,
    )


def say_overview() -> None:
    """Without a command: say it of the folder that was chosen, or why it cannot be said."""
    with speaking():
        show_overview(chosen_home())


def show_overview(home: Home) -> None:
    """Say it.

    Raises:
        CityFileError, WrongLedgerError, StrangeNodeError: what is here is not what it should be.
    """
    if not home.is_founded:
        say(f"[bold]No city here yet[/bold] ({plain(home.folder)}).")
        keys = sorted(home.wallets.accounts())
        if keys:
            say(f"Keys of organisations are kept here: {plain(', '.join(keys))}.")
        show_steps(NO_CITY)
        return
    city = home.city()
    say(f"[bold]{plain(city.name)}[/bold], kept in {plain(home.folder)}, chain {city.chain_id}.")
    say("You hold the city's keys: you act as its operator.")
    house = home.house()
    try:
        with house.database.reading() as session:
            standing = standing_of(session, home.settings, set(home.wallets.accounts().values()))
    finally:
        house.close()
    for desk in standing.desks:
        say(f"You act for {plain(desk.name)}: {desk.class_.name.lower()}, {desk.status.name.lower()}.")
    running = say_whether_running(home)
    show_steps(next_steps(standing) if running else steps_of_sleeping(city.name))


def say_whether_running(home: Home) -> bool:
    """Say whether the city runs. With its chain alone it answers questions, and does nothing that is new."""
    try:
        head = home.node().head().number
    except NodeUnreachableError:
        say("It is not running.")
        return False
    if home.is_held("workers"):
        say(f"It is running, at block {head:,}.")
        return True
    say(f"Its chain is running, at block {head:,}, and its workers are not.")
    return False


def show_steps(steps: Sequence[Step]) -> None:
    width = max(len(step.command) for step in steps)
    say("\nNext:")
    for command, meaning in steps:
        say(f"  [bold]{plain(command.ljust(width))}[/bold]  {plain(meaning)}")
