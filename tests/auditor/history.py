"""An honest city in which everything has happened once: what the auditor must find nothing wrong in."""

import secrets
from dataclasses import dataclass, field

from ledger.bindings import Rule, Source
from ledger.consents import revocation_by_code, revocation_by_signature, sign_revocation
from ledger.enums import Class, Ground
from ledger.keys import Ed25519Attestor, LocalSigner
from ledger.tree import OrderedTree
from tests.auditor.desk import Desk
from tests.town import CREDIT, Given, payee

ADMIN_WAIT = 2
"""Seconds that an administrator's act waits on the devnet."""


@dataclass
class Happened:
    """What a test may want to point at."""

    use_case: int = 0
    public_use_case: int = 0
    licence: int = 0
    tariff: int = 0
    given: list[Given] = field(default_factory=list[Given])
    revoked: Given | None = None
    settled: bytes = b""
    settled_later: bytes = b""
    refunded: bytes = b""
    open: bytes = b""
    tree: OrderedTree | None = None


def live(desk: Desk) -> Happened:
    """Everything, in an order that makes sense."""
    happened = Happened()
    town = desk.town
    enrol(desk)
    persons, trips, bikes, visits = found_datasets(desk, happened)
    happened.use_case = desk.personal_use_case([persons, trips])
    deny(desk, persons)
    decide_by_two(desk, visits)
    happened.public_use_case = allow_by_rule(desk, bikes)
    trade(desk, happened)
    consent(desk, happened)
    happened.settled = desk.order(happened.licence, happened.tariff, ["persons", "trips"])
    desk.settle(happened.settled, happened.use_case)
    change_minds(desk, happened)
    rotate_keys(desk)
    happened.settled_later = desk.order(happened.licence, happened.tariff, ["persons", "trips"])
    town.pass_time(5)
    desk.settle(happened.settled_later, happened.use_case)
    refund(desk, happened)
    serve_the_public(desk, happened)
    pay_out(desk, happened)
    tidy_up(desk, happened)
    happened.open = desk.order(happened.licence, happened.tariff, ["persons", "trips"])
    town.pass_time(1)
    return happened


def enrol(desk: Desk) -> None:
    town = desk.town
    desk.join("lab", Class.COMMERCIAL)
    desk.join("clinic", Class.SUPPLIER)
    desk.join("mallory", Class.COMMERCIAL, admit=False)
    reason = desk.text("reason", "Deliveries are late.")
    town.send("guardian", town.contracts.participants.freeze(town.numbers["clinic"], reason))
    town.send("otto", town.contracts.participants.unfreeze(town.numbers["clinic"], reason))


def found_datasets(desk: Desk, happened: Happened | None = None) -> tuple[int, int, int, int]:
    persons, trips = desk.dataset("persons"), desk.dataset("trips")
    bikes, visits = desk.dataset("bikes", subject=False), desk.dataset("visits", sensitive=True)
    tree = desk.version(persons)
    if happened is not None:
        happened.tree = tree
    for number in (trips, bikes, visits):
        desk.version(number)
    reason = desk.text("reason", "Counts of bikes, not of people.")
    for operator in ("otto", "olga"):
        desk.town.send(operator, desk.town.contracts.datasets.declare_not_personal(bikes, reason))
    return persons, trips, bikes, visits


def deny(desk: Desk, persons: int) -> None:
    number = desk.apply("lab", [Source(persons, Ground.CONSENT, False)])
    desk.decide(number, allowed=False)
    desk.apply("lab", [Source(persons, Ground.CONSENT, False)])  # waits for its decision


def decide_by_two(desk: Desk, visits: int) -> None:
    number = desk.apply("lab", [Source(visits, Ground.PUBLIC_TASK, False)])
    desk.decide(number, by=("otto", "olga"))
    reason = desk.text("reason", "The study is over.")
    desk.town.send("otto", desk.town.contracts.use_cases.close(number, reason))


def allow_by_rule(desk: Desk, bikes: int) -> int:
    town = desk.town
    text = desk.text("rule", "What says nothing about people is allowed at once.")
    rule = Rule(bytes(32), 1 << Class.COMMERCIAL, 90, 365, text)
    town.send("otto", town.contracts.use_cases.publish_rule(rule))
    number = desk.apply("lab", [Source(bikes, Ground.NOT_PERSONAL, False)], minimum_cohort=0)
    town.send("mallory", town.contracts.use_cases.decide_by_rule(number, 1))
    town.send("otto", town.contracts.use_cases.retire_rule(1))
    return number


def trade(desk: Desk, happened: Happened) -> None:
    town = desk.town
    payees = [payee(town.numbers["clinic"], 3_333)]
    town.set_tariff(licence_price=7 * CREDIT)
    happened.tariff = town.set_tariff(happened.use_case, payees=payees, unit_price=9_999_999)
    town.fund("lab")
    desk.record(who="role:operator", did="open-city", outcome="opened")
    desk.anchor()
    happened.licence = town.buy(happened.use_case, happened.tariff)


def consent(desk: Desk, happened: Happened) -> None:
    """A batch with a bad member, one over the relay, one sent by the citizen herself, with both choices of scope."""
    town, consents = desk.town, desk.town.contracts.consents
    terms = desk.terms(happened.use_case, 3)
    batch = [town.consent(terms) for _ in range(12)]
    foreign = batch[5].grant._replace(countersignature=batch[6].grant.countersignature)
    grants = [one.grant if one is not batch[5] else foreign for one in batch]
    town.send("relay", consents.grant_batch(terms, grants))
    happened.given = [one for one in batch if one is not batch[5]]
    happened.given.append(town.grant(desk.terms(happened.use_case, 1)))
    own = town.consent(desk.terms(happened.use_case, 1))
    town.send(own.signer, consents.grant(own.terms, own.own, own.grant.countersignature))
    happened.given.append(own)


def change_minds(desk: Desk, happened: Happened) -> None:
    """Every way to stop, and one consent that is stopped before it arrives."""
    town, consents = desk.town, desk.town.contracts.consents
    domain = town.city.domains.consents
    by_signer, by_signature, by_code, by_mandate, in_batch, also = happened.given[:6]
    happened.revoked = by_code
    town.send(by_signer.signer, consents.revoke(by_signer.terms, by_signer.own))
    signature = sign_revocation(domain, by_signature.signer, by_signature.consent.id)
    town.send("mallory", consents.revoke_by_signature(by_signature.terms, by_signature.own, signature))
    town.send("mallory", consents.revoke_by_code(by_code.terms, by_code.own, by_code.code.value))
    town.send("ombudsman", consents.revoke_by_mandate(by_mandate.terms, [by_mandate.own], b"\x61" * 32))
    stopped = [
        revocation_by_code(in_batch.own, in_batch.code),
        revocation_by_signature(also.own, sign_revocation(domain, also.signer, also.consent.id)),
        revocation_by_code(in_batch.own, in_batch.code),
    ]
    town.send("relay", consents.revoke_batch(in_batch.terms, stopped))
    late = town.consent(desk.terms(happened.use_case))
    town.send("mallory", consents.revoke_by_code(late.terms, late.own, late.code.value))


def rotate_keys(desk: Desk) -> None:
    town, journal = desk.town, desk.town.contracts.journal
    fresh = Ed25519Attestor(secrets.token_bytes(32))
    town.send_later("admin", journal.set_attestor(desk.attestor.public_key, False), ADMIN_WAIT)
    town.send_later("admin", journal.set_attestor(fresh.public_key, True), ADMIN_WAIT)
    desk.attestor = fresh
    town.keys["registrar"] = LocalSigner.fresh()
    town.replace_registrar(town.keys["registrar"].address)


def refund(desk: Desk, happened: Happened) -> None:
    """One refunded early with a reason, one by a stranger at its deadline."""
    town, settlement = desk.town, desk.town.contracts.settlement
    early = desk.order(happened.licence, happened.tariff, ["persons", "trips"])
    reason = desk.text("reason", "There is no answer that may leave.")
    town.send("settler", settlement.refund_early(early, reason))
    happened.refunded = desk.order(
        happened.licence, happened.tariff, ["persons", "trips"], deadline=town.clock.now + 30
    )
    town.pass_time(30)
    town.send("mallory", settlement.refund(happened.refunded))


def serve_the_public(desk: Desk, happened: Happened) -> None:
    """Bikes: nobody's consent, no cohort, the general tariff."""
    licence = desk.town.buy(happened.public_use_case, 1)
    order = desk.order(licence, 1, ["bikes"])
    desk.settle(order, happened.public_use_case, personal=False)


def pay_out(desk: Desk, happened: Happened) -> None:
    town, contracts = desk.town, desk.town.contracts
    lab, settlement = town.keys["lab"], contracts.settlement
    town.send("mallory", settlement.withdraw(lab.address))
    town.send("clinic", settlement.withdraw_share(happened.tariff, 1))
    town.send("mallory", settlement.withdraw_share(happened.tariff, 0))
    town.send("lab", contracts.credit.transfer(contracts.settlement.address, 5))
    town.send("treasurer", settlement.reconcile(lab.address, 3, b"\x62" * 32))
    town.send("lab", contracts.credit.transfer(town.keys["treasurer"].address, 4 * CREDIT))
    town.send("treasurer", contracts.credit.redeem(4 * CREDIT, b"\x63" * 32))


def tidy_up(desk: Desk, happened: Happened) -> None:
    """Stop and go on; a notice, a licence and somebody's rows end."""
    town, contracts = desk.town, desk.town.contracts
    town.send("guardian", contracts.consents.pause())
    town.send_later("admin", contracts.consents.unpause(), ADMIN_WAIT)
    town.send("guardian", contracts.settlement.pause())
    town.send_later("admin", contracts.settlement.unpause(), ADMIN_WAIT)
    assert happened.tree is not None
    erased = happened.tree.inclusion(happened.tree.leaves[2])
    town.send("otto", contracts.datasets.erase_leaf(1, 1, erased.index, erased.leaf, erased.path))
    second = town.buy(happened.use_case, happened.tariff)
    town.send("otto", contracts.licences.terminate(second, desk.text("reason", "Bought by mistake.")))
    notice = happened.given[-1].terms.statement
    town.send("otto", contracts.use_cases.retire_notice(happened.use_case, notice))
    town.grant(desk.terms(happened.use_case, 3))
    desk.record(who="citizen", did="uses", outcome="shown")
