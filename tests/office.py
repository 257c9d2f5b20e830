"""A city's whole back office in this process: databases, outbox, projector, registrar and analysis on a `Town`."""

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from ledger.bindings import Join, Terms
from ledger.consents import Opening, SignedConsent, grant_of, sign_consent
from ledger.digests import text_digest
from ledger.enums import Class
from ledger.keys import Ed25519Attestor, LocalSigner
from ledger.outbox.sender import Sender
from ledger.payments import licence_quote_id, order_id, pay
from ledger.relay import BATCHERS
from ledger.revocation_code import RevocationCode
from ledger.storage import Database, open_database, sqlite_url
from ledger.typed_data import application_digest, join_digest, signed
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue import service as datasets
from marketplace.catalogue.description import parse_description
from marketplace.consent import service as consents
from marketplace.consent.service import Whose
from marketplace.house import House
from marketplace.licences import service as licences
from marketplace.orders import service as orders
from marketplace.orders.runs import Workbench
from marketplace.participants import queries as participants
from marketplace.participants import service as participation
from marketplace.projector import Projector
from marketplace.provenance import access_log
from marketplace.registrar import service as registrar
from marketplace.registrar.rules import SHARED
from marketplace.schema import upgrade
from marketplace.use_cases import service as use_cases
from marketplace.use_cases.purposes import purpose_named
from tests import postgres
from tests.town import ATTESTOR_SEED, CREDIT, Town


def _begin_with_copies(town: Town, folder: Path) -> None:
    """Put databases into `folder` that follow the ledger already: made once for every block that tests begin at."""
    begin = town.node.head().number
    if town.rewinds_to != begin:
        return
    if begin not in town.offices:
        made = Path(tempfile.mkdtemp(prefix="stoa-office-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        house = House.of(town.city, made)
        registry = open_database(sqlite_url(made / "registrar.db"), erasing=True)
        upgrade(registry, "registrar")
        registry.dispose()
        Projector(house.database, town.node, town.city).catch_up()
        house.close()
        town.keep_office(made)
    shutil.copytree(town.offices[begin], folder, dirs_exist_ok=True)


def fresh_databases(town: Town, server: str, name: str) -> tuple[str, str]:
    """The URLs of a main database and a vault on PostgreSQL that follow the ledger already, like those above."""
    begin = town.node.head().number
    patterns = [f"stoa_{id(town)}_{begin}_{which}" for which in ("main", "vault")]
    if (server, begin) not in town.databases:
        urls = [postgres.fresh_database(server, pattern) for pattern in patterns]
        with tempfile.TemporaryDirectory(prefix="stoa-office-") as folder:
            house = House.of(town.city, Path(folder), database_url=urls[0], vault_url=urls[1])
            Projector(house.database, town.node, town.city).catch_up()
            house.close()
        town.databases.add((server, begin))
    copies = [postgres.fresh_database(server, f"{name}_{like}", like=like) for like in patterns]
    return copies[0], copies[1]


@dataclass
class Paper:
    """What Anna holds after saying yes."""

    id: bytes
    code: RevocationCode
    signer: LocalSigner
    consent: SignedConsent


class Office:
    def __init__(
        self, town: Town, folder: Path, *, database_url: str | None = None, vault_url: str | None = None
    ) -> None:
        self.town = town
        if database_url is None:
            _begin_with_copies(town, folder)
        self.house = House.of(town.city, folder, database_url=database_url, vault_url=vault_url)
        self.registry = Database(open_database(sqlite_url(folder / "registrar.db"), erasing=True))
        upgrade(self.registry.engine, "registrar")
        keys = town.keys
        signers = {
            "revoker": keys.setdefault("revoker", LocalSigner.fresh()),
            "relay": keys["relay"],
            "operator": keys["otto"],
            "deputy": keys["olga"],
            "guardian": keys["guardian"],
            "treasurer": keys["treasurer"],
            "settler": keys["settler"],
            "ombudsman": keys["ombudsman"],
        }
        self.sender = Sender(
            self.house.database, town.node, signers, access=town.contracts.access, batchers=BATCHERS
        )
        self.projector = Projector(self.house.database, town.node, town.city)
        self.workbench = Workbench(self.house, Ed25519Attestor(ATTESTOR_SEED))
        self.projector.catch_up()

    def pump(self, rounds: int = 12, *, analysis: bool = False) -> None:
        """Send, project, and (if asked) analyse until nothing moves."""
        for _ in range(rounds):
            moved = self.sender.step()
            self.projector.catch_up()
            if analysis:
                moved = self.workbench.step() or moved
            if not moved:
                return

    def anchor(self) -> None:
        with self.house.database.writing() as session:
            access_log.anchor(session, self.house)
        self.pump()

    def join(self, name: str, class_: Class) -> int:
        signer = self.town.keys.setdefault(name, LocalSigner.fresh())
        form = Join(class_, text_digest(name), signer.address, self.town.soon)
        signature = signed(signer, join_digest(self.town.city.domains.participants, form))
        with self.house.database.writing() as session:
            participation.join(session, self.house, form=form, name=name, signature=signature)
        self.pump()
        with self.house.database.writing() as session:
            participation.admit_waiting(session, self.house, set(Class))
        self.pump()
        number = self.town.contracts.participants.id_of(signer.address)
        self.town.numbers[name] = number
        return number

    def dataset(
        self, description: bytes, source: Path, *, public: bool = False, table: str | None = None
    ) -> int:
        parsed = parse_description(description)
        signer = self.town.keys["city"]
        with self.house.database.writing() as session:
            datasets.register(session, self.house, description=parsed, steward=1, signer=signer)
        self.pump()
        with self.house.database.reading() as session:
            found = catalogue.dataset_named(session, parsed.name)
        if public:
            for operator in ("operator", "deputy"):
                with self.house.database.writing() as session:
                    reason = "Counts of things, not of people."
                    datasets.declare_not_personal(
                        session, self.house, found.number, reason, operator=operator
                    )
            self.pump()
        self.deliver(parsed.name, source, table=table)
        return found.number

    def deliver(self, name: str, source: Path, *, table: str | None = None) -> None:
        with self.house.database.writing() as session:
            found = catalogue.dataset_named(session, name)
            datasets.publish(
                session, self.house, dataset=found, source=source, signer=self.town.keys["city"], table=table
            )
        self.pump()

    def apply(self, applicant: str, routine: bytes, **changes: object) -> int:
        request = use_cases.Request(
            applicant=self.town.numbers[applicant],
            routine=routine,
            **{
                "purpose": purpose_named("ImproveTransportMobility"),
                "minimum_cohort": 10,
                "longest_days": 90,
                "retention_days": 365,
                **changes,
            },
        )
        with self.house.database.writing() as session:
            prepared = use_cases.prepare(session, request)
            digest = application_digest(self.town.city.domains.use_cases, prepared.form)
            use_cases.apply(
                session,
                self.house,
                form=prepared.form,
                documents=prepared.documents,
                signature=signed(self.town.keys[applicant], digest),
            )
        self.pump()
        return self.town.contracts.use_cases.count()

    def allow(self, number: int, **conditions: int) -> None:
        with self.house.database.writing() as session:
            use_cases.decide(
                session,
                self.house,
                number,
                allowed=True,
                reason="Useful, and safe at this size.",
                **conditions,
            )
        self.pump()
        with self.house.database.writing() as session:
            use_cases.publish_notices(session, self.house, number)
        self.pump()

    def register(self, kind: str, keys: list[str], age: int = 40) -> None:
        with self.registry.writing() as session:
            resident = "anna" if kind in SHARED else ""
            registrar.enrol(session, [registrar.Entry(kind, key, age, resident) for key in keys])

    def agree(self, session: Session, kind: str, key: str, terms: Terms) -> None:
        """Of what several share: everybody who was registered agrees at the desk."""
        if kind in SHARED:
            registrar.agree_at_desk(
                session,
                kind=kind,
                key=key,
                resident="anna",
                use_case=terms.use_case,
                scope=terms.scope,
                valid_until=terms.valid_until,
                now=self.town.clock.now,
            )

    def say_yes(
        self,
        use_case: int,
        key: str,
        kind: str = "person",
        *,
        until: int | None = None,
        scope: int | None = None,
    ) -> Paper:
        """Anna at the desk: signed, countersigned, queued. `pump` takes it to the ledger."""
        domain = self.town.city.domains.consents
        with self.house.database.reading() as session:
            terms, _, _ = consents.offered_terms(
                session, use_case, language="en", scope=scope, valid_until=until
            )
        with self.registry.writing() as session:
            person = registrar.person_at_desk(session, kind=kind, key=key)
            whose = registrar.registered(session, person, use_case)
            self.agree(session, kind, key, terms)
            opening = Opening.of(whose.reference)
            signer, code = LocalSigner.fresh(), RevocationCode.fresh()
            consent = sign_consent(domain, signer, terms, commitment=opening.commitment, code=code)
            countersignature = registrar.countersign_for(
                session,
                person,
                registrar.Ask(terms, consent.own, consent.signature, opening.salt),
                registrar.Pen(
                    domain,
                    self.town.keys["registrar"],
                    self.town.contracts.consents.consent,
                    self.town.clock.now,
                    registrar.objections_on(self.town.contracts),
                ),
            )
        with self.house.database.writing() as session, self.house.vault.writing() as vault:
            consents.submit(
                session,
                vault,
                self.house,
                terms=terms,
                grant=grant_of(consent, countersignature),
                whose=Whose(whose.kind, whose.key, whose.reference),
                salt=opening.salt,
                code=code,
                assisted=True,
            )
        return Paper(consent.id, code, signer, consent)

    def stop(self, code: RevocationCode) -> None:
        with self.house.database.writing() as session:
            consents.revoke_by_code(session, self.house, code)
        self.pump()

    def buy_licence(self, buyer: str, use_case: int) -> int:
        signer = self.town.keys[buyer]
        with self.house.database.writing() as session:
            participant = participants.by_number(session, self.town.numbers[buyer])
            quote, _ = licences.quote(session, use_case, participant)
            payment = pay(
                self.town.city.domains.credit,
                signer,
                self.town.city.addresses["Settlement"],
                amount=quote.price,
                nonce=licence_quote_id(quote),
                valid_before=quote.deadline,
            )
            licences.buy(session, self.house, buyer=participant, quoted=quote, payment=payment)
        self.pump()
        return self.town.contracts.licences.count()

    def order(
        self, buyer: str, licence: int, *, versions: dict[str, int] | None = None, seconds: int = 3600
    ) -> bytes:
        signer = self.town.keys[buyer]
        with self.house.database.writing() as session:
            participant = participants.by_number(session, self.town.numbers[buyer])
            offer = orders.quote(
                session, licence=licence, buyer=participant, versions=versions, seconds=seconds
            )
            payment = pay(
                self.town.city.domains.credit,
                signer,
                self.town.city.addresses["Settlement"],
                amount=offer.quote.cap,
                nonce=order_id(offer.quote),
                valid_before=self.town.soon,
            )
            id_ = orders.place_order(
                session,
                self.house,
                buyer=participant,
                quoted=offer.quote,
                request=offer.request,
                payment=payment,
            )
        self.pump()
        return id_

    def result(self, buyer: str, id_: bytes) -> bytes:
        with self.house.database.reading() as session:
            participant = participants.by_number(session, self.town.numbers[buyer])
        return orders.result(self.house, id_=id_, buyer=participant)

    def fund(self, buyer: str, amount: int = 1_000) -> None:
        self.town.fund(buyer, amount * CREDIT)
        self.projector.catch_up()

    def close(self) -> None:
        self.house.close()
        self.registry.close()
