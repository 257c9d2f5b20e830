"""A city in this process for tests: the real contracts on the devnet's own engine, with everybody's keys at hand."""

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

from ledger.abi import Call, Event, LogFields
from ledger.bindings import (
    Application,
    Decision,
    Grant,
    Join,
    LicenceQuote,
    Notice,
    OrderQuote,
    Outcome,
    Own,
    Payee,
    Payment,
    Registration,
    Source,
    Tariff,
    Terms,
    VersionForm,
)
from ledger.city import City, Contracts
from ledger.consents import SignedConsent, countersign, grant_of, sign_consent, terms_of
from ledger.deploy import Officers, deploy
from ledger.devnet.chain import Devnet
from ledger.devnet.provider import InProcessProvider
from ledger.digests import text_digest
from ledger.enums import AGGREGATES, Class, Ground, Meter, NoticeKind
from ledger.keys import Ed25519Attestor, LocalSigner
from ledger.node import Node, Receipt
from ledger.payments import licence_quote_id, order_id, pay
from ledger.revocation_code import RevocationCode
from ledger.roles import DEVNET, Profile
from ledger.transactions import DirectSender, sign_transaction
from ledger.typed_data import (
    application_digest,
    join_digest,
    registration_digest,
    signed,
    struct_hash,
    version_digest,
)

DAY = 86_400
START = 1_793_000_000
"""The first second of a test city: 26 October 2026."""
STATEMENT = "I allow Lab to learn how people of my age group and district travel."
CREDIT = 1_000_000
CANCEL_TYPE = "CancelAuthorization(address authorizer,bytes32 nonce)"
ATTESTOR_SEED = bytes(range(32))

Occurred = TypeVar("Occurred", bound=Event)

ROLES = (
    "city",
    "admin",
    "otto",
    "olga",
    "treasurer",
    "guardian",
    "settler",
    "ombudsman",
    "relay",
    "registrar",
)
ORGANISATIONS = ("lab", "clinic", "mallory")


class Clock:
    """The chain's clock, moved by tests that are about time."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@dataclass
class Given:
    """A consent as Anna holds it after granting: key, code and both halves."""

    signer: LocalSigner
    code: RevocationCode
    consent: SignedConsent
    grant: Grant

    @property
    def terms(self) -> Terms:
        return self.consent.terms

    @property
    def own(self) -> Own:
        return self.consent.own


class Trade(NamedTuple):
    use_case: int
    tariff: int
    licence: int


@dataclass
class Town:
    devnet: Devnet
    node: Node
    clock: Clock
    keys: dict[str, LocalSigner]
    city: City
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    rewinds_to: int | None = None
    """The block that the chain goes back to when the test is over."""
    databases: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    """The servers of PostgreSQL, and the blocks, for which there are databases to copy."""
    offices: dict[int, Path] = field(default_factory=dict[int, Path])
    """Databases that follow the ledger to one of these blocks, to be copied (`tests.office`)."""

    @classmethod
    def found(cls, profile: Profile = DEVNET) -> "Town":
        clock = Clock()
        devnet = Devnet.in_memory(clock=clock)
        return cls.on(Node(InProcessProvider(devnet)), devnet, clock, profile)

    @classmethod
    def on(cls, node: Node, devnet: Devnet, clock: Clock, profile: Profile = DEVNET) -> "Town":
        """Founded on a chain that is there; `devnet` serves the tests that make its blocks or take it back."""
        keys = {name: LocalSigner.fresh() for name in (*ROLES, *ORGANISATIONS, "deployer")}
        officers = Officers(
            city=keys["city"].address,
            admin=keys["admin"].address,
            operators=(keys["otto"].address, keys["olga"].address),
            treasurer=keys["treasurer"].address,
            guardian=keys["guardian"].address,
            settler=keys["settler"].address,
            ombudsman=keys["ombudsman"].address,
            carriers=(keys["relay"].address,),
        )
        city = deploy(
            node,
            keys["deployer"],
            name="Testopolis",
            officers=officers,
            registrar=keys["registrar"].address,
            attestor=Ed25519Attestor(ATTESTOR_SEED).public_key,
            profile=profile,
        )
        return cls(devnet, node, clock, keys, city)

    @contextmanager
    def rewinding(self) -> Generator["Town"]:
        """What happens inside is forgotten at the end: the chain, its clock, who joined, whose keys were made."""
        snapshot, now, founded = self.devnet.snapshot(), self.clock.now, self.rewinds_to
        self.rewinds_to = self.node.head().number
        keys, numbers = dict(self.keys), dict(self.numbers)
        try:
            yield self
        finally:
            self.devnet.revert(snapshot)
            self.clock.now, self.rewinds_to = now, founded
            self.keys, self.numbers = keys, numbers

    def keep_office(self, folder: Path) -> None:
        """Let offices that open at this block, to be rewound to it, begin with copies of these databases."""
        self.offices[self.node.head().number] = folder

    @property
    def contracts(self) -> Contracts:
        return Contracts(self.city, self.node)

    def send(self, who: str | LocalSigner, call: Call, gas: int = 10_000_000) -> Receipt:
        signer = self.keys[who] if isinstance(who, str) else who
        return DirectSender(self.node, signer).send(call, gas)

    def send_together(self, *sent: tuple[str, Call]) -> list[Receipt]:
        """Send transactions that one block holds, in this order. A refused one has a receipt that says so."""
        raws: list[bytes] = []
        nonces: dict[str, int] = {}
        for who, call in sent:
            signer = self.keys[who]
            nonce = nonces.get(who, self.node.nonce(signer.address))
            nonces[who] = nonce + 1
            transaction = sign_transaction(
                signer, chain_id=self.city.chain_id, nonce=nonce, to=call.to, data=call.data
            )
            raws.append(transaction.raw)
        hashes = [answer.result() for answer in self.devnet.sequencer.intake.submit_all(raws)]
        receipts = [receipt for each in hashes if (receipt := self.node.receipt(each)) is not None]
        assert len(receipts) == len(sent)
        assert len({receipt.block_number for receipt in receipts}) == 1
        return receipts

    def send_later(self, who: str, call: Call, delay: int) -> Receipt:
        """An act that waits: schedule it, let `delay` seconds pass, do it."""
        self.send(who, self.contracts.access.schedule(call.to, call.data, 0))
        self.pass_time(delay)
        return self.send(who, call)

    def replace_registrar(self, successor: str) -> None:
        """Two roles, one after the other: the guardian dismisses, the administrator names the next."""
        self.send("guardian", self.contracts.consents.dismiss_registrar())
        self.send_later("admin", self.contracts.consents.set_registrar(successor), 2)

    def pass_time(self, seconds: int) -> None:
        self.clock.now += seconds
        self.devnet.mine()

    @property
    def soon(self) -> int:
        return self.clock.now + 600

    # Organisations

    def join(self, name: str, class_: Class, *, admit: bool = True) -> int:
        form = Join(class_, text_digest(name), self.keys[name].address, self.soon)
        signature = signed(self.keys[name], join_digest(self.city.domains.participants, form))
        self.send("relay", self.contracts.participants.join(form, signature))
        number = self.contracts.participants.id_of(self.keys[name].address)
        self.numbers[name] = number
        if admit:
            self.send("otto", self.contracts.participants.admit(number))
        return number

    def freeze(self, name: str) -> Receipt:
        return self.send("guardian", self.contracts.participants.freeze(self.numbers[name], b"\x41" * 32))

    # Data

    def registration(self, *, subject: bool = True, sensitive: bool = False) -> Registration:
        return Registration(
            steward=1,
            topic=3,
            subject=subject,
            sensitive=sensitive,
            metadata=secrets.token_bytes(32),
            salt=secrets.token_bytes(32),
            deadline=self.soon,
        )

    def dataset(self, *, subject: bool = True, sensitive: bool = False) -> int:
        form = self.registration(subject=subject, sensitive=sensitive)
        signature = signed(self.keys["city"], registration_digest(self.city.domains.datasets, form))
        self.send("relay", self.contracts.datasets.register(form, signature))
        return self.contracts.datasets.count()

    def public_dataset(self) -> int:
        number = self.dataset(subject=False)
        for operator in ("otto", "olga"):
            self.send(operator, self.contracts.datasets.declare_not_personal(number, b"\x01" * 32))
        return number

    def publish(self, dataset: int, root: bytes = b"\x05" * 32, leaves: int = 3, rows: int = 9) -> int:
        form = VersionForm(dataset, root, leaves, rows, secrets.token_bytes(32), self.soon)
        signature = signed(self.keys["city"], version_digest(self.city.domains.datasets, form))
        self.send("relay", self.contracts.datasets.publish_version(form, signature))
        return self.contracts.datasets.dataset(dataset).versions

    def deliver(self, name: str) -> None:
        """`name` registers a dataset of its own and publishes a version of it."""
        domain, key, datasets = self.city.domains.datasets, self.keys[name], self.contracts.datasets
        form = self.registration()._replace(steward=self.numbers[name])
        self.send("relay", datasets.register(form, signed(key, registration_digest(domain, form))))
        version = VersionForm(datasets.count(), b"\x05" * 32, 3, 9, b"\x06" * 32, self.soon)
        self.send("relay", datasets.publish_version(version, signed(key, version_digest(domain, version))))

    # Use cases

    def application(self, applicant: str, sources: list[Source], **changes: object) -> Application:
        form = Application(
            applicant=self.numbers[applicant],
            purpose=text_digest("https://w3id.org/dpv#ImproveTransportMobility"),
            sources=sources,
            scope=b"\x11" * 32,
            data_from=0,
            data_until=0,
            minimum_cohort=10,
            longest_days=90,
            retention_days=365,
            output_class=AGGREGATES,
            routine=b"\x12" * 32,
            terms=b"\x13" * 32,
            salt=secrets.token_bytes(32),
            deadline=self.soon,
        )
        return form._replace(**changes)

    def apply(self, applicant: str, sources: list[Source], **changes: object) -> int:
        form = self.application(applicant, sources, **changes)
        signature = signed(self.keys[applicant], application_digest(self.city.domains.use_cases, form))
        self.send("relay", self.contracts.use_cases.apply(form, signature))
        return self.contracts.use_cases.count()

    def decision(self, *, allowed: bool = True, minimum_cohort: int = 10, longest_days: int = 90) -> Decision:
        return Decision(allowed, minimum_cohort, longest_days, b"\x21" * 32, b"\x22" * 32)

    def allow(self, use_case: int, *, minimum_cohort: int = 10, longest_days: int = 90) -> None:
        decision = self.decision(minimum_cohort=minimum_cohort, longest_days=longest_days)
        self.send("otto", self.contracts.use_cases.decide(use_case, decision))

    def notice(self, use_case: int, statement: str = STATEMENT, scope: int = 1) -> None:
        self.send("otto", self.contracts.use_cases.publish_notice(use_case, self.notice_of(statement, scope)))

    @staticmethod
    def notice_of(statement: str = STATEMENT, scope: int = 1, kind: int = NoticeKind.CONSENT) -> Notice:
        return Notice(b"en\0\0\0", kind, scope, text_digest(statement))

    def open_use_case(self, applicant: str = "lab") -> int:
        """A personal use case on one dataset, allowed, with a notice; the applicant joins when it has not."""
        if applicant not in self.numbers:
            self.join(applicant, Class.COMMERCIAL)
        number = self.apply(applicant, [Source(self.dataset(), Ground.CONSENT, False)])
        self.allow(number)
        self.notice(number)
        return number

    def close(self, use_case: int) -> Receipt:
        return self.send("otto", self.contracts.use_cases.close(use_case, b"\x42" * 32))

    # Consents

    def terms(self, use_case: int, recipient: str = "lab", **changes: object) -> Terms:
        midnight = self.clock.now // DAY * DAY
        terms = terms_of(
            statement=STATEMENT,
            recipient=recipient,
            use_case=use_case,
            scope=1,
            valid_until=midnight + 30 * DAY,
            deadline=self.soon,
        )
        return terms._replace(**changes)

    def consent(self, terms: Terms) -> Given:
        """Signed and countersigned, not sent."""
        domain = self.city.domains.consents
        signer, code = LocalSigner.fresh(), RevocationCode.fresh()
        consent = sign_consent(domain, signer, terms, commitment=secrets.token_bytes(32), code=code)
        return Given(
            signer, code, consent, grant_of(consent, countersign(domain, self.keys["registrar"], consent))
        )

    def grant(self, terms: Terms) -> Given:
        given = self.consent(terms)
        self.send("relay", self.contracts.consents.grant_by_signature(terms, given.grant))
        return given

    def grant_many(self, terms: Terms, count: int) -> list[Given]:
        given = [self.consent(terms) for _ in range(count)]
        for start in range(0, count, 100):
            grants = [one.grant for one in given[start : start + 100]]
            self.send("relay", self.contracts.consents.grant_batch(terms, grants))
        return given

    # Money

    def tariff(self, use_case: int = 0, **changes: object) -> Tariff:
        tariff = Tariff(
            use_case=use_case,
            class_=Class.COMMERCIAL,
            meter=Meter.RUN,
            licence_price=100 * CREDIT,
            unit_price=10 * CREDIT,
            licence_days=90,
            quota=100,
            sharing_discount=0,
            sharing_days=0,
            payees=[],
        )
        return tariff._replace(**changes)

    def set_tariff(self, use_case: int = 0, **changes: object) -> int:
        self.send("otto", self.contracts.settlement.set_tariff(self.tariff(use_case, **changes)))
        return self.contracts.settlement.tariff_count()

    def fund(self, name: str, amount: int = 10_000 * CREDIT) -> None:
        line = secrets.token_bytes(32)
        self.send("treasurer", self.contracts.credit.mint(self.keys[name].address, amount, line))

    def licence_quote(self, use_case: int, tariff: int, **changes: object) -> LicenceQuote:
        price = self.contracts.settlement.tariff(tariff).licence_price
        return LicenceQuote(use_case, tariff, price, self.soon, secrets.token_bytes(32))._replace(**changes)

    def licence_call(self, quote: LicenceQuote, buyer: str = "lab") -> Call:
        payment = self.payment(buyer, quote.price, licence_quote_id(quote))
        return self.contracts.settlement.buy_licence(quote, payment)

    def payment(self, buyer: str, amount: int, nonce: bytes, *, bound: bool = True) -> Payment:
        return pay(
            self.city.domains.credit,
            self.keys[buyer],
            self.city.addresses["Settlement"],
            amount=amount,
            nonce=nonce,
            valid_before=self.soon,
            bound=bound,
        )

    def cancel_payment(self, buyer: str, nonce: bytes) -> Call:
        key = self.keys[buyer]
        digest = self.city.domains.credit.digest(struct_hash(CANCEL_TYPE, [key.address, nonce]))
        signature = key.sign(digest)
        return self.contracts.credit.cancel_authorization(
            key.address, nonce, signature[64], signature[:32], signature[32:64]
        )

    def buy(self, use_case: int, tariff: int, buyer: str = "lab") -> int:
        self.send("relay", self.licence_call(self.licence_quote(use_case, tariff), buyer))
        return self.contracts.licences.count()

    def order_quote(self, licence: int, tariff: int, **changes: object) -> OrderQuote:
        quote = OrderQuote(
            licence=licence,
            tariff=tariff,
            request=b"\x31" * 32,
            cap=12 * CREDIT,
            deadline=self.clock.now + 3600,
            salt=secrets.token_bytes(32),
        )
        return quote._replace(**changes)

    def order_call(self, quote: OrderQuote, buyer: str = "lab") -> Call:
        return self.contracts.settlement.open_order(quote, self.payment(buyer, quote.cap, order_id(quote)))

    def order(self, licence: int, tariff: int, buyer: str = "lab", **changes: object) -> bytes:
        quote = self.order_quote(licence, tariff, **changes)
        self.send("relay", self.order_call(quote, buyer))
        return order_id(quote)

    def outcome(self, **changes: object) -> Outcome:
        outcome = Outcome(
            units=1,
            result=secrets.token_bytes(32),
            manifest=secrets.token_bytes(32),
            consent_block=self.node.head().number,
            consent_root=secrets.token_bytes(32),
            cohort_size=3000,
        )
        return outcome._replace(**changes)

    def anchor(self) -> None:
        size = self.contracts.journal.latest().size + 1
        self.send("settler", self.contracts.journal.anchor(size, secrets.token_bytes(32)))

    def settle(self, order: bytes, **changes: object) -> Receipt:
        return self.send("settler", self.contracts.settlement.settle(order, self.outcome(**changes)))

    def trade(self, **tariff: object) -> Trade:
        """Lab with an allowed use case, funds, a tariff and a licence; the journal is anchored."""
        use_case = self.open_use_case()
        number = self.set_tariff(use_case, **tariff)
        self.fund("lab")
        self.anchor()
        return Trade(use_case, number, self.buy(use_case, number))


def events(receipt: Receipt, kind: type[Occurred]) -> list[Occurred]:
    """The events of one kind in a transaction's receipt."""
    return [
        kind.decoded(LogFields(log.topics, log.data))
        for log in receipt.logs
        if log.topics[0] == kind.topic_zero()
    ]


def payee(number: int, basis_points: int) -> Payee:
    return Payee(number, basis_points)
