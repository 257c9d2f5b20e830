"""A town with a house beside it: documents, an access log, a projection, statements, and the bundle of it all.

`Town` acts on the ledger; the desk does what a city does off the ledger, honestly unless a test tells it what to say.
"""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from ledger.bindings import OrderQuote, Outcome, Registration, Source, Terms
from ledger.digests import canonical, hexed, sha256, text_digest
from ledger.enums import Class, Ground
from ledger.keys import Ed25519Attestor
from ledger.payments import order_id
from ledger.tree import OrderedTree, root_of_log
from ledger.typed_data import registration_digest, signed
from marketplace.catalogue import artefacts
from marketplace.consent import queries as consents
from marketplace.house import House
from marketplace.projector import Projector
from marketplace.provenance import access_log, bundle, statements
from marketplace.provenance.queries import block
from marketplace.provenance.tables import AccessRow
from tests import small_city
from tests.town import ATTESTOR_SEED, Town

ANSWER = {"v": 1, "cells": [[12], [7], None], "honesty": {"label": "simulated"}}
STATEMENTS = {
    1: "I allow lab to have the age group about me counted so that it can improve transport. Totals of 5, no less.",
    3: "I allow lab to have the age group and the trips about me counted so that it can improve transport. "
    "Totals of 5, no less.",
}
TEMPLATE: dict[str, Any] = {
    "stoa": "notice-template/1",
    "language": "en",
    "kind": "consent",
    "sentence": "I allow {recipient} to have {data} about me counted so that it can {purpose}. "
    "Totals of {k}, no less.",
    "and": " and ",
    "purposes": {"https://w3id.org/dpv#ImproveTransportMobility": "improve transport"},
}
CALLED = {"persons": "the age group", "trips": "the trips"}


@dataclass
class Desk:
    town: Town
    house: House
    projector: Projector
    attestor: Ed25519Attestor = field(default_factory=lambda: Ed25519Attestor(ATTESTOR_SEED))
    salts: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    quotes: dict[bytes, OrderQuote] = field(default_factory=dict[bytes, OrderQuote])

    @classmethod
    def of(cls, town: Town, folder: Path) -> "Desk":
        house = House.of(town.city, folder)
        return cls(town, house, Projector(house.database, town.node, town.city))

    # Documents

    def text(self, kind: str, text: str) -> bytes:
        with self.house.database.writing() as session:
            return artefacts.keep_text(session, kind, text)

    def document(self, kind: str, document: Any) -> bytes:
        with self.house.database.writing() as session:
            return artefacts.keep_document(session, kind, document)

    # Organisations and data

    def join(self, name: str, class_: Class, *, admit: bool = True) -> int:
        self.text("name", name)
        return self.town.join(name, class_, admit=admit)

    def dataset(self, name: str, *, subject: bool = True, sensitive: bool = False) -> int:
        town = self.town
        called = {"en": CALLED[name]} if name in CALLED else {"de": name}
        description = {**small_city.PERSONS, "name": name, "sensitive": sensitive, "called": called}
        metadata = self.document("dataset", description)
        form = Registration(1, 3, subject, sensitive, metadata, secrets.token_bytes(32), town.soon)
        signature = signed(town.keys["city"], registration_digest(town.city.domains.datasets, form))
        town.send("relay", town.contracts.datasets.register(form, signature))
        return town.contracts.datasets.count()

    def version(self, dataset: int, leaves: int = 5) -> OrderedTree:
        tree = OrderedTree(secrets.token_bytes(32) for _ in range(leaves))
        self.town.publish(dataset, tree.root, leaves, 3 * leaves)
        return tree

    # Use cases

    def apply(self, applicant: str, sources: list[Source], **changes: object) -> int:
        documents = {
            "routine": self.document("routine", {"v": 1, "measured": secrets.token_hex(4)}),
            "scope": self.document("scope", {"v": 1, "output": "aggregates"}),
            "terms": self.document("terms", {"v": 1, "permission": "use for the stated purpose"}),
        }
        return self.town.apply(applicant, sources, **{"minimum_cohort": 5, **documents, **changes})

    def decide(self, use_case: int, *, allowed: bool = True, by: tuple[str, ...] = ("otto",)) -> None:
        decision = self.town.decision(allowed=allowed, minimum_cohort=5)._replace(
            reason=self.text("reason", "It serves the city and singles nobody out."),
            conditions=self.conditions(self.document("notice-template", TEMPLATE)),
        )
        for operator in by:
            self.town.send(operator, self.town.contracts.use_cases.decide(use_case, decision))

    def conditions(self, *templates: bytes) -> bytes:
        named = [hexed(digest) for digest in templates]
        return self.document("conditions", {"v": 1, "conditions": ["k 5"], "notices": named})

    def notice(self, use_case: int, scope: int, statement: str = "") -> None:
        statement = statement or STATEMENTS[scope]
        self.text("notice", statement)
        self.town.notice(use_case, statement, scope)

    def personal_use_case(self, datasets: list[int]) -> int:
        """Lab may count people; a second dataset is optional."""
        sources = [Source(number, Ground.CONSENT, place > 0) for place, number in enumerate(datasets)]
        number = self.apply("lab", sources)
        self.decide(number)
        for scope in STATEMENTS if len(datasets) > 1 else [1]:
            self.notice(number, scope)
        return number

    def terms(self, use_case: int, scope: int = 1) -> Terms:
        return self.town.terms(use_case, statement=text_digest(STATEMENTS[scope]), scope=scope)

    # Orders

    def order(self, licence: int, tariff: int, names: list[str], **changes: Any) -> bytes:
        town = self.town
        use_case = town.contracts.use_cases.use_case(town.contracts.licences.licence(licence).use_case)
        request = {
            "v": 1,
            "useCase": town.contracts.licences.licence(licence).use_case,
            "routine": "0x" + use_case.routine.hex(),
            "versions": dict.fromkeys(names, 1),
        }
        quote = town.order_quote(licence, tariff, request=self.document("request", request), **changes)
        town.send("relay", town.order_call(quote))
        self.quotes[order_id(quote)] = quote
        return order_id(quote)

    def cohort_root(self, use_case: int, at: int) -> tuple[bytes, int]:
        with self.house.database.reading() as session:
            found = consents.cohort_at(session, use_case, block(session, at))
        return found.root, len(found)

    def record(self, **said: Any) -> None:
        with self.house.database.writing() as session:
            access_log.record(session, **said)

    def record_run(self, order: bytes, use_case: int, at: int, *outcomes: str) -> None:
        purpose = self.town.contracts.use_cases.use_case(use_case).purpose
        for outcome in outcomes:
            self.record(
                who="role:analysis",
                did="run",
                outcome=outcome,
                use_case=use_case,
                purpose=purpose,
                order=order,
                block=at,
            )

    def anchor(self) -> None:
        """Anchor the whole log as it is."""
        root, size = self.log_head()
        self.town.send("settler", self.town.contracts.journal.anchor(size, root))

    def log_head(self) -> tuple[bytes, int]:
        with self.house.database.reading() as session:
            entries = list(session.scalars(select(AccessRow.entry).order_by(AccessRow.number)))
        return root_of_log(entries), len(entries)

    def settle(self, order: bytes, use_case: int, *, personal: bool = True, **lies: object) -> Outcome:
        """Run, record, anchor and settle: at the newest block, over the cohort in force, unless told otherwise."""
        at = self.projector.catch_up().number
        root, size = self.cohort_root(use_case, at) if personal else (bytes(32), 0)
        self.salts[order] = secrets.token_bytes(32)
        honest = Outcome(
            units=1,
            result=sha256(self.salts[order] + sha256(canonical(ANSWER))),
            manifest=secrets.token_bytes(32),
            consent_block=at,
            consent_root=root,
            cohort_size=size,
        )
        outcome = honest._replace(**lies)
        self.record_run(order, use_case, outcome.consent_block, "started", "sealed")
        self.anchor()
        self.town.send("settler", self.town.contracts.settlement.settle(order, outcome))
        self.attest(order)
        return outcome

    def attest(self, order: bytes) -> None:
        self.projector.catch_up()
        with self.house.database.writing() as session:
            statements.keep(session, self.house, self.attestor, order)

    # The bundle

    def export(self, target: Path) -> Path:
        self.projector.catch_up()
        bundle.export(self.house, self.town.node, target)
        return target

    def close(self) -> None:
        self.house.close()
