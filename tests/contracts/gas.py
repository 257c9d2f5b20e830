"""Every operation of the contracts, ready to be measured: gas of a real transaction, 21,000 and calldata included.

An operation is measured on a stage that is put back afterwards. What it needs beforehand it does itself, so that
"first" (the storage it writes was empty) and "warm" (it was not) are said by the code and not by luck.
"""

import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from ledger.abi import Call
from ledger.bindings import Join, Payment, Rule, Source, Terms, VersionForm
from ledger.consents import revocation_by_code, revocation_by_signature, sign_revocation
from ledger.digests import text_digest
from ledger.enums import Class, Ground
from ledger.keys import LocalSigner
from ledger.roles import DEVNET, Role
from ledger.transactions import sign_transaction
from ledger.tree import OrderedTree
from ledger.typed_data import application_digest, join_digest, registration_digest, signed, version_digest
from tests.town import CREDIT, DAY, Given, Town, Trade, payee

REASON = b"\x61" * 32
PRICE, CAP = 100 * CREDIT, 12 * CREDIT
PAYEES = ("clinic", "depot", "power", "bikes")
"""As many as a tariff may have."""
PER_BLOCK = 100
ALLOWED_GROWTH = 200
"""Gas between two measurements of one operation: digests with more or fewer zero bytes in them."""


class Stage(NamedTuple):
    """A city that has sold a licence, settled an order and taken a consent; Lab has credits and a credit."""

    town: Town
    trade: Trade
    terms: Terms

    @classmethod
    def set(cls, town: Town) -> "Stage":
        for name in PAYEES:
            town.keys.setdefault(name, LocalSigner.fresh())
            town.join(name, Class.SUPPLIER)
        payees = [payee(town.numbers[name], 1_500) for name in PAYEES]
        trade = town.trade(payees=payees, quota=1_000_000)
        town.fund("lab", 2_000_000 * CREDIT)
        town.settle(town.order(trade.licence, trade.tariff))
        stage = cls(town, trade, town.terms(trade.use_case))
        town.grant(stage.terms)
        return stage

    def fill(self, consents: int, licences: int, orders: int) -> None:
        """Have this many more of each, all for the one use case, tariff, buyer and licence."""
        town, trade = self.town, self.trade
        before = town.contracts.licences.count(), town.contracts.licences.licence(trade.licence).used
        given = town.grant_many(self.terms, consents)
        quotes = (town.licence_quote(trade.use_case, trade.tariff) for _ in range(licences))
        self._carry(town.licence_call(quote) for quote in quotes)
        opened = (town.order_quote(trade.licence, trade.tariff) for _ in range(orders))
        self._carry(town.order_call(quote) for quote in opened)
        assert all(town.contracts.consents.is_in_force(each.consent.id) for each in given)
        after = town.contracts.licences.count(), town.contracts.licences.licence(trade.licence).used
        assert after == (before[0] + licences, before[1] + orders)

    def _carry(self, calls: Generator[Call]) -> None:
        """Send these, a hundred to a block, without asking about each."""
        town, relay = self.town, self.town.keys["relay"]
        nonce = town.node.nonce(relay.address)
        while block := [call for call, _ in zip(calls, range(PER_BLOCK), strict=False)]:
            raws = [
                sign_transaction(
                    relay, chain_id=town.city.chain_id, nonce=nonce + n, to=call.to, data=call.data
                ).raw
                for n, call in enumerate(block)
            ]
            nonce += len(block)
            hashes = [answer.result() for answer in town.devnet.sequencer.intake.submit_all(raws)]
            last = town.node.receipt(hashes[-1])
            assert last is not None
            assert last.succeeded

    # What operations need

    def carry(self, call: Call) -> int:
        return self.by("relay", call)

    def by(self, who: str | LocalSigner, call: Call) -> int:
        return self.town.send(who, call).gas_used

    def officially(self, call: Call) -> int:
        """An administrator's act, after its wait."""
        return self.town.send_later("admin", call, DEVNET.execution_delay[Role.ADMIN]).gas_used

    def granted(self) -> Given:
        return self.town.grant(self.terms)

    def ordered(self) -> bytes:
        return self.town.order(self.trade.licence, self.trade.tariff)

    def stock_payment(self, amount: int) -> Payment:
        return self.town.payment("lab", amount, secrets.token_bytes(32), bound=False)

    def newcomer(self) -> Trade:
        """Another buyer with credits, whose tariff has sold nothing: use case and tariff, no licence."""
        town = self.town
        town.keys["newcomer"] = LocalSigner.fresh()
        use_case = town.open_use_case("newcomer")
        town.fund("newcomer")
        return Trade(use_case, town.set_tariff(use_case), 0)

    def applied(self, *, public: bool = False) -> int:
        dataset = self.town.public_dataset() if public else self.town.dataset()
        ground = Ground.NOT_PERSONAL if public else Ground.CONSENT
        return self.town.apply("lab", [Source(dataset, ground, False)])


@dataclass(frozen=True)
class Operation:
    verb: str
    """Contract and function, such as Settlement.settle."""
    case: str
    """What distinguishes it from other measurements of the same verb; empty when there is one only."""
    measure: Callable[[Stage], int]
    budget: int | None

    @property
    def name(self) -> str:
        return f"{self.verb}, {self.case}" if self.case else self.verb


OPERATIONS: list[Operation] = []

Measure = Callable[[Stage], int]


def operation(verb: str, case: str = "", *, budget: int | None = None) -> Callable[[Measure], Measure]:
    def register(measure: Measure) -> Measure:
        OPERATIONS.append(Operation(verb, case, measure, budget))
        return measure

    return register


def measured(stage: Stage) -> dict[str, int]:
    """Gas by operation, each on the stage as it is."""
    return {each.name: _alone(stage, each) for each in OPERATIONS}


def _alone(stage: Stage, each: Operation) -> int:
    with stage.town.rewinding():
        return each.measure(stage)


@contextmanager
def stage_with(town: Town, existing: int) -> Generator[Stage]:
    """A stage on which so many consents, licences and orders exist."""
    with town.rewinding():
        stage = Stage.set(town)
        stage.fill(existing - 1, existing - 1, existing - 1)
        yield stage


@contextmanager
def _city_of_its_own() -> Generator[Town]:
    """A city in which nothing has happened."""
    town = Town.found()
    with town.devnet:
        yield town


# Consents


@operation("Consents.grantBySignature", "relayed", budget=82_000)
def _(stage: Stage) -> int:
    given = stage.town.consent(stage.terms)
    return stage.carry(stage.town.contracts.consents.grant_by_signature(stage.terms, given.grant))


@operation("Consents.grant", "by her own transaction")
def _(stage: Stage) -> int:
    given = stage.town.consent(stage.terms)
    call = stage.town.contracts.consents.grant(stage.terms, given.own, given.grant.countersignature)
    return stage.by(given.signer, call)


def _grant_together(stage: Stage, count: int) -> int:
    grants = [stage.town.consent(stage.terms).grant for _ in range(count)]
    return stage.carry(stage.town.contracts.consents.grant_batch(stage.terms, grants)) // count


@operation("Consents.grantBatch", "each of 10")
def _(stage: Stage) -> int:
    return _grant_together(stage, 10)


@operation("Consents.grantBatch", "each of 100", budget=45_000)
def _(stage: Stage) -> int:
    return _grant_together(stage, 100)


@operation("Consents.revoke", "by the signer", budget=38_000)
def _(stage: Stage) -> int:
    given = stage.granted()
    return stage.by(given.signer, stage.town.contracts.consents.revoke(given.terms, given.own))


@operation("Consents.revokeBySignature", budget=43_000)
def _(stage: Stage) -> int:
    given = stage.granted()
    signature = sign_revocation(stage.town.city.domains.consents, given.signer, given.consent.id)
    return stage.carry(stage.town.contracts.consents.revoke_by_signature(given.terms, given.own, signature))


@operation("Consents.revokeByCode", budget=38_000)
def _(stage: Stage) -> int:
    given = stage.granted()
    return stage.carry(stage.town.contracts.consents.revoke_by_code(given.terms, given.own, given.code.value))


@operation("Consents.revokeByCode", "before the grant arrived")
def _(stage: Stage) -> int:
    given = stage.town.consent(stage.terms)
    return stage.carry(stage.town.contracts.consents.revoke_by_code(given.terms, given.own, given.code.value))


@operation("Consents.revokeByMandate", "one")
def _(stage: Stage) -> int:
    given = stage.granted()
    call = stage.town.contracts.consents.revoke_by_mandate(given.terms, [given.own], REASON)
    return stage.by("ombudsman", call)


@operation("Consents.revokeByMandate", "each of 100")
def _(stage: Stage) -> int:
    owns = [given.own for given in stage.town.grant_many(stage.terms, 100)]
    call = stage.town.contracts.consents.revoke_by_mandate(stage.terms, owns, REASON)
    return stage.by("ombudsman", call) // 100


@operation("Consents.revokeBatch", "each of 100, by code")
def _(stage: Stage) -> int:
    revocations = [
        revocation_by_code(given.own, given.code) for given in stage.town.grant_many(stage.terms, 100)
    ]
    return stage.carry(stage.town.contracts.consents.revoke_batch(stage.terms, revocations)) // 100


@operation("Consents.revokeBatch", "each of 100, by signature")
def _(stage: Stage) -> int:
    domain = stage.town.city.domains.consents
    revocations = [
        revocation_by_signature(given.own, sign_revocation(domain, given.signer, given.consent.id))
        for given in stage.town.grant_many(stage.terms, 100)
    ]
    return stage.carry(stage.town.contracts.consents.revoke_batch(stage.terms, revocations)) // 100


@operation("Consents.setRegistrar")
def _(stage: Stage) -> int:
    stage.town.send("guardian", stage.town.contracts.consents.dismiss_registrar())
    return stage.officially(stage.town.contracts.consents.set_registrar(stage.town.keys["relay"].address))


@operation("Consents.dismissRegistrar")
def _(stage: Stage) -> int:
    return stage.by("guardian", stage.town.contracts.consents.dismiss_registrar())


@operation("Consents.pause")
def _(stage: Stage) -> int:
    return stage.by("guardian", stage.town.contracts.consents.pause())


@operation("Consents.unpause")
def _(stage: Stage) -> int:
    stage.by("guardian", stage.town.contracts.consents.pause())
    return stage.officially(stage.town.contracts.consents.unpause())


# Licences and orders


@operation("Settlement.setTariff", "four payees")
def _(stage: Stage) -> int:
    terms = stage.town.contracts.settlement.tariff(stage.trade.tariff)
    return stage.by("otto", stage.town.contracts.settlement.set_tariff(terms))


@operation("Settlement.buyLicence", "warm", budget=172_000)
def _(stage: Stage) -> int:
    return stage.carry(stage.town.licence_call(stage.town.licence_quote(*stage.trade[:2])))


@operation("Settlement.buyLicence", "a new buyer from a new tariff", budget=245_000)
def _(stage: Stage) -> int:
    trade = stage.newcomer()
    quote = stage.town.licence_quote(trade.use_case, trade.tariff)
    return stage.carry(stage.town.licence_call(quote, "newcomer"))


@operation("Settlement.buyLicence", "first of a city", budget=245_000)
def _(stage: Stage) -> int:
    with _city_of_its_own() as town:
        use_case = town.open_use_case()
        tariff = town.set_tariff(use_case)
        town.fund("lab")
        return town.send("relay", town.licence_call(town.licence_quote(use_case, tariff))).gas_used


@operation("Settlement.buyLicence", "warm, with a discount for data shared")
def _(stage: Stage) -> int:
    town, trade = stage.town, stage.trade
    town.deliver("lab")
    tariff = town.set_tariff(trade.use_case, sharing_discount=500, sharing_days=30)
    quotes = [town.licence_quote(trade.use_case, tariff, price=95 * CREDIT) for _ in range(2)]
    stage.carry(town.licence_call(quotes[0]))
    return stage.carry(town.licence_call(quotes[1]))


@operation("Settlement.buyLicenceFor", "warm")
def _(stage: Stage) -> int:
    quote = stage.town.licence_quote(*stage.trade[:2])
    return stage.carry(stage.town.contracts.settlement.buy_licence_for(quote, stage.stock_payment(PRICE)))


@operation("Settlement.openOrder", budget=125_000)
def _(stage: Stage) -> int:
    quote = stage.town.order_quote(stage.trade.licence, stage.trade.tariff)
    return stage.carry(stage.town.order_call(quote))


@operation("Settlement.openOrderFor")
def _(stage: Stage) -> int:
    quote = stage.town.order_quote(stage.trade.licence, stage.trade.tariff)
    return stage.carry(stage.town.contracts.settlement.open_order_for(quote, stage.stock_payment(CAP)))


@operation("Settlement.settle", "warm", budget=95_000)
def _(stage: Stage) -> int:
    return stage.town.settle(stage.ordered()).gas_used


@operation("Settlement.settle", "first, the buyer's credit empty", budget=114_000)
def _(stage: Stage) -> int:
    order = stage.ordered()
    stage.carry(stage.town.contracts.settlement.withdraw(stage.town.keys["lab"].address))
    return stage.town.settle(order).gas_used


@operation("Settlement.settle", "first, credit and pot empty")
def _(stage: Stage) -> int:
    tariff = stage.town.set_tariff(stage.trade.use_case)
    order = stage.town.order(stage.trade.licence, tariff)
    stage.carry(stage.town.contracts.settlement.withdraw(stage.town.keys["lab"].address))
    return stage.town.settle(order).gas_used


@operation("Settlement.settle", "at the cap")
def _(stage: Stage) -> int:
    return stage.town.settle(stage.ordered(), units=2).gas_used


@operation("Settlement.refund", "at the deadline")
def _(stage: Stage) -> int:
    order = stage.ordered()
    stage.town.pass_time(DAY)
    return stage.by("mallory", stage.town.contracts.settlement.refund(order))


@operation("Settlement.refundEarly")
def _(stage: Stage) -> int:
    return stage.by("settler", stage.town.contracts.settlement.refund_early(stage.ordered(), REASON))


@operation("Settlement.withdraw")
def _(stage: Stage) -> int:
    return stage.carry(stage.town.contracts.settlement.withdraw(stage.town.keys["lab"].address))


def _withdraw_share(stage: Stage, party: int) -> int:
    return stage.carry(stage.town.contracts.settlement.withdraw_share(stage.trade.tariff, party))


@operation("Settlement.withdrawShare", "first, divides among four")
def _(stage: Stage) -> int:
    return _withdraw_share(stage, 1)


@operation("Settlement.withdrawShare", "warm, divides among four")
def _(stage: Stage) -> int:
    for party in range(5):
        _withdraw_share(stage, party)
    stage.town.settle(stage.ordered())
    return _withdraw_share(stage, 1)


@operation("Settlement.withdrawShare", "warm, divided already")
def _(stage: Stage) -> int:
    for party in range(5):
        _withdraw_share(stage, party)
    stage.town.settle(stage.ordered())
    _withdraw_share(stage, 0)
    return _withdraw_share(stage, 1)


@operation("Settlement.reconcile")
def _(stage: Stage) -> int:
    settlement, lab = stage.town.contracts.settlement, stage.town.keys["lab"].address
    stage.by("lab", stage.town.contracts.credit.transfer(settlement.address, PRICE))
    return stage.by("treasurer", settlement.reconcile(lab, PRICE, REASON))


@operation("Settlement.pause")
def _(stage: Stage) -> int:
    return stage.by("guardian", stage.town.contracts.settlement.pause())


@operation("Settlement.unpause")
def _(stage: Stage) -> int:
    stage.by("guardian", stage.town.contracts.settlement.pause())
    return stage.officially(stage.town.contracts.settlement.unpause())


@operation("Licences.terminate")
def _(stage: Stage) -> int:
    return stage.by("otto", stage.town.contracts.licences.terminate(stage.trade.licence, REASON))


# Credits


def _mint(stage: Stage, to: str) -> int:
    return stage.by("treasurer", stage.town.contracts.credit.mint(to, PRICE, secrets.token_bytes(32)))


@operation("CityCredit.mint", "warm")
def _(stage: Stage) -> int:
    return _mint(stage, stage.town.keys["lab"].address)


@operation("CityCredit.mint", "first")
def _(stage: Stage) -> int:
    return _mint(stage, LocalSigner.fresh().address)


@operation("CityCredit.redeem")
def _(stage: Stage) -> int:
    _mint(stage, stage.town.keys["treasurer"].address)
    _mint(stage, stage.town.keys["treasurer"].address)
    call = stage.town.contracts.credit.redeem(PRICE, secrets.token_bytes(32))
    stage.by("treasurer", stage.town.contracts.credit.redeem(1, secrets.token_bytes(32)))
    return stage.by("treasurer", call)


# Organisations


def _join(stage: Stage, name: str) -> int:
    town = stage.town
    town.keys[name] = LocalSigner.fresh()
    form = Join(Class.COMMERCIAL, text_digest(name), town.keys[name].address, town.soon)
    signature = signed(town.keys[name], join_digest(town.city.domains.participants, form))
    return stage.carry(town.contracts.participants.join(form, signature))


@operation("Participants.join")
def _(stage: Stage) -> int:
    return _join(stage, "newcomer")


@operation("Participants.admit")
def _(stage: Stage) -> int:
    _join(stage, "newcomer")
    participants = stage.town.contracts.participants
    return stage.by("otto", participants.admit(participants.count()))


@operation("Participants.freeze")
def _(stage: Stage) -> int:
    return stage.town.freeze("lab").gas_used


@operation("Participants.unfreeze")
def _(stage: Stage) -> int:
    stage.town.freeze("lab")
    call = stage.town.contracts.participants.unfreeze(stage.town.numbers["lab"], REASON)
    return stage.by("otto", call)


# Data


@operation("Datasets.register")
def _(stage: Stage) -> int:
    form = stage.town.registration()
    signature = signed(stage.town.keys["city"], registration_digest(stage.town.city.domains.datasets, form))
    return stage.carry(stage.town.contracts.datasets.register(form, signature))


def _publish(stage: Stage, dataset: int, root: bytes, leaves: int) -> int:
    form = VersionForm(dataset, root, leaves, 3 * leaves, secrets.token_bytes(32), stage.town.soon)
    signature = signed(stage.town.keys["city"], version_digest(stage.town.city.domains.datasets, form))
    return stage.carry(stage.town.contracts.datasets.publish_version(form, signature))


@operation("Datasets.publishVersion", "second")
def _(stage: Stage) -> int:
    dataset = stage.town.dataset()
    _publish(stage, dataset, secrets.token_bytes(32), 4_000)
    return _publish(stage, dataset, secrets.token_bytes(32), 4_000)


@operation("Datasets.eraseLeaf", "of 4,096")
def _(stage: Stage) -> int:
    tree = OrderedTree(sorted(secrets.token_bytes(32) for _ in range(4_096)))
    dataset = stage.town.dataset()
    _publish(stage, dataset, tree.root, 4_096)
    proof = tree.inclusion(tree.leaves[17])
    call = stage.town.contracts.datasets.erase_leaf(dataset, 1, proof.index, proof.leaf, proof.path)
    return stage.by("otto", call)


@operation("Datasets.declareNotPersonal", "the second person")
def _(stage: Stage) -> int:
    dataset = stage.town.dataset(subject=False)
    call = stage.town.contracts.datasets.declare_not_personal(dataset, REASON)
    stage.by("otto", call)
    return stage.by("olga", call)


# Use cases


@operation("UseCases.apply_", "one dataset")
def _(stage: Stage) -> int:
    town = stage.town
    form = town.application("lab", [Source(town.dataset(), Ground.CONSENT, False)])
    signature = signed(town.keys["lab"], application_digest(town.city.domains.use_cases, form))
    return stage.carry(town.contracts.use_cases.apply(form, signature))


@operation("UseCases.decide")
def _(stage: Stage) -> int:
    return stage.by("otto", stage.town.contracts.use_cases.decide(stage.applied(), stage.town.decision()))


def _publish_rule(stage: Stage) -> int:
    rule = Rule(bytes(32), 1 << Class.COMMERCIAL, 90, 365, REASON)
    return stage.by("otto", stage.town.contracts.use_cases.publish_rule(rule))


@operation("UseCases.decideByRule")
def _(stage: Stage) -> int:
    use_case = stage.applied(public=True)
    _publish_rule(stage)
    return stage.carry(stage.town.contracts.use_cases.decide_by_rule(use_case, 1))


@operation("UseCases.publishRule")
def _(stage: Stage) -> int:
    return _publish_rule(stage)


@operation("UseCases.retireRule")
def _(stage: Stage) -> int:
    _publish_rule(stage)
    return stage.by("otto", stage.town.contracts.use_cases.retire_rule(1))


def _publish_notice(stage: Stage, statement: str) -> int:
    notice = stage.town.notice_of(statement)
    return stage.by("otto", stage.town.contracts.use_cases.publish_notice(stage.trade.use_case, notice))


@operation("UseCases.publishNotice")
def _(stage: Stage) -> int:
    return _publish_notice(stage, "Lab may learn it.")


@operation("UseCases.retireNotice")
def _(stage: Stage) -> int:
    _publish_notice(stage, "Lab may learn it.")
    call = stage.town.contracts.use_cases.retire_notice(
        stage.trade.use_case, text_digest("Lab may learn it.")
    )
    return stage.by("otto", call)


@operation("UseCases.close")
def _(stage: Stage) -> int:
    return stage.town.close(stage.trade.use_case).gas_used


# The journal


@operation("Journal.anchor", "warm")
def _(stage: Stage) -> int:
    return _anchor(stage)


@operation("Journal.anchor", "first of a city")
def _(stage: Stage) -> int:
    with _city_of_its_own() as town:
        return town.send("settler", town.contracts.journal.anchor(1, secrets.token_bytes(32))).gas_used


@operation("Journal.setAttestor")
def _(stage: Stage) -> int:
    return stage.officially(stage.town.contracts.journal.set_attestor(b"\x71" * 32, True))


@operation("Journal.setSettler")
def _(stage: Stage) -> int:
    return stage.officially(stage.town.contracts.journal.set_settler(stage.town.keys["relay"].address, True))


def _anchor(stage: Stage) -> int:
    journal = stage.town.contracts.journal
    call = journal.anchor(journal.latest().size + 1, secrets.token_bytes(32))
    return stage.by("settler", call)
