"""Act 2, a change of mind: 25 people stop, and the next answer already respects it."""

from typing import Any

from sqlalchemy import select

from api.cli.answer import shown
from api.client.citizen import Citizen
from api.client.connection import Connection
from api.demo.act_one import partner, publish
from api.demo.people import Paper, Papers
from api.demo.score import Score
from api.demo.stage import Stage, require
from ledger.carrying import revoke_by_code
from ledger.enums import OrderState
from ledger.revocation_code import RevocationCode
from marketplace.catalogue import queries as catalogue
from marketplace.consent import queries as consents
from marketplace.disclosure.contributions import too_close
from marketplace.disclosure.release import ReleaseRecord
from marketplace.orders import queries as orders
from marketplace.orders.tables import ReleaseRow
from marketplace.sources.deliveries import next_day_trips
from marketplace.sources.next_day import following_working_day

WHO_STOP = 25


def play(stage: Stage, score: Score) -> None:
    score.act("Act 2 · A change of mind")
    anna, others = who_stop(stage)
    look_up(stage, score, anna)
    stop_from_paper(stage, score, anna)
    others_stop(stage, score, others)
    next_day(stage, score)
    order = next_answer(stage, score)
    proof_for_anna(stage, score, anna, order)
    nothing_to_compare(stage, score)
    first_day_again(stage, score)
    score.end_act()


def who_stop(stage: Stage) -> tuple[Paper, list[Paper]]:
    """The next 25 whose consents are in force: the first of them looks it up first."""
    in_force: list[Paper] = []
    with stage.house.database.reading() as session:
        for paper in Papers(stage.home).read():
            if consents.given(session, bytes.fromhex(paper.consent)).consent.revoked_in is None:
                in_force.append(paper)
            if len(in_force) == WHO_STOP:
                break
    return in_force[0], in_force[1:]


def citizen(stage: Stage, paper: Paper) -> Citizen:
    letter = stage.desk().write_letter("person", str(paper.person))
    return Citizen(stage.home.settings.public, stage.house.city, letter)


def look_up(stage: Stage, score: Score, anna: Paper) -> None:
    with score.step("Anna looks up who used her data") as step:
        used = citizen(stage, anna).uses()
        step.say(f"{sum(one['counted'] for one in used)} of {len(used)} runs counted her")
        for one in used:
            step.detail(f"{one['recipient']}, {one['versions']}, block {one['block']['number']}")


def stop_from_paper(stage: Stage, score: Score, anna: Paper) -> None:
    with score.step("She stops it with the code from her paper, while the city's server is off") as step:
        stage.processes.stop("server")
        code = RevocationCode.parse(anna.code)
        _, receipt = revoke_by_code(stage.house.city, [stage.city.node], code)
        step.say(f"in block {receipt.block_number}, carried by a key that nobody knows")
        stage.start_server()
        stage.until(lambda: answers(stage), "The server's start")


def answers(stage: Stage) -> bool:
    try:
        Connection(stage.home.settings.public).get("/healthz")
    except Exception:
        return False
    return True


def others_stop(stage: Stage, score: Score, others: list[Paper]) -> None:
    """Half of them with their letters, half with the codes on their papers."""
    with score.step(f"{len(others)} others stop too") as step:
        for number, paper in enumerate(others, 1):
            if number % 2:
                citizen(stage, paper).stop(bytes.fromhex(paper.consent))
            else:
                Citizen(stage.home.settings.public, stage.house.city).stop_by_code(
                    RevocationCode.parse(paper.code)
                )
            step.progress(number, len(others))
        ids = [bytes.fromhex(paper.consent) for paper in others]
        stage.until(lambda: all(is_stopped(stage, id_) for id_ in ids), "The revocations")


def is_stopped(stage: Stage, id_: bytes) -> bool:
    with stage.house.database.reading() as session:
        return consents.given(session, id_).consent.revoked_in is not None


def next_day(stage: Stage, score: Score) -> None:
    with stage.house.database.reading() as session:
        version = catalogue.dataset_named(session, "trips").versions
    day = stage.first_day
    for _ in range(version):
        day = following_working_day(day)
    with score.step(f"The trips of {day:%A, %-d %B} arrive (simulated from the first day, labelled)") as step:
        delivery = next_day_trips(stage.work_folder, day=day)
        publish(stage, delivery)
        step.say(f"version {version + 1}, {delivery.rows:,} rows, honestly: {delivery.honesty}")


def next_answer(stage: Stage, score: Score) -> str:
    buyer = partner(stage, "TransitLab")
    with score.step("TransitLab asks again: the answer is computed without them") as step:
        order = buyer.place_order(buyer.quote_order(stage.memory["licence"]))
        buyer.wait_for_end(order)
        with stage.house.database.reading() as session:
            found = orders.order(session, bytes.fromhex(order.removeprefix("0x")))
        step.say(f"{found.cohort_size:,} consents at block {found.consent_block}")
    score.show(shown(buyer.result(order)))
    return order


def proof_for_anna(stage: Stage, score: Score, anna: Paper, order: str) -> None:
    with score.step("Her page proves that she was not in it") as step:
        used: list[dict[str, Any]] = citizen(stage, anna).uses()
        mine = next(one for one in used if one["order"] == order)
        step.say(
            "not among the consents of that run, shown by its two neighbours"
            if not mine["counted"]
            else "counted, and that is wrong"
        )
        require(not mine["counted"], "Somebody was counted after she had stopped.")


def nothing_to_compare(stage: Stage, score: Score) -> None:
    with score.step("No two figures that left differ by fewer than k people") as step:
        with stage.house.vault.reading() as vault:
            records = [ReleaseRecord.decode(row.record) for row in vault.scalars(select(ReleaseRow))]
        pairs = 0
        for number, one in enumerate(records):
            for other in records[:number]:
                if one.dataset != other.dataset:
                    continue
                for mine in one.figures:
                    for theirs in other.figures:
                        pairs += 1
                        close = too_close(mine, theirs, max(one.k, other.k))
                        require(not close, "Two figures that left differ by too few people.")
        step.say(f"{len(records)} releases, {pairs:,} pairs of figures compared")


def first_day_again(stage: Stage, score: Score) -> None:
    buyer = partner(stage, "TransitLab")
    with score.step("Asking for the first day again is held, and not charged") as step:
        buyer.withdraw()
        before = buyer.money()
        order = buyer.place_order(
            buyer.quote_order(stage.memory["licence"], versions={"persons": 1, "trips": 1})
        )
        state = buyer.wait_for_end(order)
        require(state["state"] == OrderState.REFUNDED.name.lower(), "The repeated first day was answered.")
        buyer.withdraw()
        require(buyer.money() == before, "A held answer was charged.")
        step.say("refunded in full")
