"""The play's people: who is asked, what they answer, and their keys.

The people are synthetic and their answers are played. Their papers (key, revocation code) are kept in one encrypted
file, because somebody has to hold what each of them would hold at home.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from api.home import Home
from api.registrar.client import RegistrarAtDesk
from ledger.bindings import Grant, Terms
from ledger.consents import Opening, sign_consent
from ledger.keys import LocalSigner, write_private
from ledger.revocation_code import RevocationCode
from ledger.typed_data import Domain
from marketplace.consent.service import Member, Whose
from marketplace.registrar.service import Ask, DeskAsk
from marketplace.sources.cache import verified_folder
from marketplace.sources.catalogue import TRAVEL
from marketplace.sources.played_answers import PlayedAnswers, played_answers
from marketplace.sources.travel import Person, read_persons

SEED = 7
NONCE_BYTES = 12
AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Paper:
    """What somebody holds after saying yes."""

    person: int
    consent: str
    code: str
    secret: str | None = None
    """The key, for the few who keep it; most throw it away after signing."""
    salt: str | None = None
    valid_until: int = 0
    deadline: int = 0
    """With these the desk makes the same consent again when it was interrupted before the city took it."""
    sent: dict[str, Any] | None = None
    """What a device sent, to be sent again when there was no answer."""


class Papers:
    """The encrypted file of everybody's papers."""

    def __init__(self, home: Home) -> None:
        self._path = home.folder / "played" / "papers"
        self._key = home.wallets.signer("played-citizens").secret

    def read(self) -> list[Paper]:
        if not self._path.exists():
            return []
        sealed = self._path.read_bytes()
        plain = AESGCM(self._key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], b"papers")
        return [Paper(**one) for one in json.loads(plain)]

    def add(self, papers: Sequence[Paper]) -> None:
        """Keep these; whoever signed anew before her first consent arrived holds the new paper alone."""
        kept = {paper.person: paper for paper in [*self.read(), *papers]}
        plain = json.dumps([asdict(paper) for paper in kept.values()]).encode()
        nonce = os.urandom(NONCE_BYTES)
        write_private(self._path, nonce + AESGCM(self._key).encrypt(nonce, plain, b"papers"))


def asked_people(cache: Path | None = None) -> list[Person]:
    """Everybody of 16 and over: nobody younger is asked."""
    return [person for person in read_persons(verified_folder(TRAVEL, cache)) if person.may_be_asked]


def answers(people: Sequence[Person]) -> PlayedAnswers:
    return played_answers([person.person_id for person in people], SEED)


@dataclass(frozen=True, slots=True)
class Signed:
    """A consent signed by a played citizen's own key, and its paper."""

    ask: DeskAsk
    whose: Whose
    code: RevocationCode
    paper: Paper


def sign_all(domain: Domain, terms: Terms, references: dict[int, bytes]) -> list[Signed]:
    """Each person's own fresh key signs her own consent."""
    return [
        signed_with(
            domain,
            terms,
            person,
            Opening.of(reference),
            signer=LocalSigner.fresh(),
            code=RevocationCode.fresh(),
        )
        for person, reference in references.items()
    ]


def signed_with(
    domain: Domain, terms: Terms, person: int, opening: Opening, *, signer: LocalSigner, code: RevocationCode
) -> Signed:
    consent = sign_consent(domain, signer, terms, commitment=opening.commitment, code=code)
    return Signed(
        ask=DeskAsk("person", str(person), Ask(terms, consent.own, consent.signature, opening.salt)),
        whose=Whose("person", str(person), opening.reference),
        code=code,
        paper=Paper(
            person,
            consent.id.hex(),
            str(code),
            secret=signer.secret.hex(),
            salt=opening.salt.hex(),
            valid_until=terms.valid_until,
            deadline=terms.deadline,
        ),
    )


def signed_again(
    domain: Domain, terms: Terms, references: dict[int, bytes], papers: Sequence[Paper]
) -> list[Signed]:
    """The consents of these papers once more, under the terms they were signed with: each is the same consent."""
    signed: list[Signed] = []
    for paper in papers:
        assert paper.secret is not None
        assert paper.salt is not None
        opening = Opening(references[paper.person], bytes.fromhex(paper.salt))
        signer, code = LocalSigner(bytes.fromhex(paper.secret)), RevocationCode.parse(paper.code)
        signed.append(signed_with(domain, terms, paper.person, opening, signer=signer, code=code))
    return signed


def references_of(desk: RegistrarAtDesk, use_case: int, people: Sequence[int]) -> dict[int, bytes]:
    """What each person's commitment is to, for this use case."""
    found: dict[int, bytes] = {}
    for start in range(0, len(people), AT_ONCE):
        part = [("person", str(person)) for person in people[start : start + AT_ONCE]]
        found |= {int(key): one.reference for (_, key), one in desk.references(use_case, part).items()}
    return found


def countersigned(desk: RegistrarAtDesk, signed: Sequence[Signed]) -> list[Member]:
    """The registrar's countersignature for each, asked for in batches as the desk does."""
    members: list[Member] = []
    for start in range(0, len(signed), AT_ONCE):
        part = signed[start : start + AT_ONCE]
        for one, answer in zip(part, desk.countersign([one.ask for one in part]), strict=True):
            if isinstance(answer, Exception):
                raise answer
            grant = Grant(one.ask.ask.own, one.ask.ask.signature, answer)
            members.append(Member(grant, one.whose, one.ask.ask.salt, one.code))
    return members
