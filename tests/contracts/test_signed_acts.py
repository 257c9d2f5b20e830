"""Acts of organisations, carried by anyone: join, register, publish a version, apply.

SignedActs
├── given an act that its actor signed
│   ├── it is done, whoever carries it, until its deadline's own second
│   └── it is done once
└── when anything about the signature is wrong
    └── it refuses: another signer, another chain, another contract, malleable, empty, altered, too late
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ledger.abi import Call
from ledger.bindings import Signature, Source, VersionForm
from ledger.digests import text_digest
from ledger.enums import Class, Ground
from ledger.keys import LocalSigner
from ledger.typed_data import (
    Domain,
    application_digest,
    join_digest,
    recovered,
    registration_digest,
    signed,
    version_digest,
)
from tests.contracts.refusals import FORGERIES, NOBODY, Forgery, refused
from tests.town import Join, Town


@dataclass(frozen=True)
class Act:
    """A signed form: who must sign it, over what, and how it is carried."""

    actor: LocalSigner
    form: Any
    domain: Domain
    digest: Callable[[Domain, Any], bytes]
    call: Callable[[Any, Signature], Call]

    def signed_by(self, signer: LocalSigner) -> Call:
        return self.call(self.form, signed(signer, self.digest(self.domain, self.form)))


def joining(town: Town) -> Act:
    form = Join(Class.COMMERCIAL, text_digest("lab"), town.keys["lab"].address, town.soon)
    domain = town.city.domains.participants
    return Act(town.keys["lab"], form, domain, join_digest, town.contracts.participants.join)


def registering(town: Town) -> Act:
    domain = town.city.domains.datasets
    form = town.registration()
    return Act(town.keys["city"], form, domain, registration_digest, town.contracts.datasets.register)


def publishing(town: Town) -> Act:
    domain = town.city.domains.datasets
    form = VersionForm(town.dataset(), b"\x05" * 32, 3, 9, b"\x06" * 32, town.soon)
    return Act(town.keys["city"], form, domain, version_digest, town.contracts.datasets.publish_version)


def applying(town: Town) -> Act:
    town.join("lab", Class.COMMERCIAL)
    domain = town.city.domains.use_cases
    form = town.application("lab", [Source(town.dataset(), Ground.CONSENT, False)])
    return Act(town.keys["lab"], form, domain, application_digest, town.contracts.use_cases.apply)


@pytest.fixture(params=[joining, registering, publishing, applying])
def act(request: pytest.FixtureRequest, town: Town) -> Act:
    make: Callable[[Town], Act] = request.param
    return make(town)


def test_an_act_is_done_whoever_carries_it(town: Town, act: Act) -> None:
    receipt = town.send("mallory", act.signed_by(act.actor))

    assert len(receipt.logs) == 1


def test_an_act_is_in_time_until_its_deadlines_own_second(town: Town, act: Act) -> None:
    town.pass_time(act.form.deadline - town.clock.now)

    assert len(town.send("relay", act.signed_by(act.actor)).logs) == 1


def test_an_act_after_its_deadline_is_refused(town: Town, act: Act) -> None:
    town.pass_time(act.form.deadline - town.clock.now + 1)

    with refused("ActExpired", deadline=act.form.deadline, now_=town.clock.now):
        town.send("relay", act.signed_by(act.actor))


def test_a_replayed_act_is_refused(town: Town, act: Act) -> None:
    town.send("relay", act.signed_by(act.actor))

    with refused("ActRepeated", act=act.digest(act.domain, act.form)):
        town.send("mallory", act.signed_by(act.actor))


@pytest.mark.parametrize("forgery", FORGERIES)
def test_an_act_that_its_actor_did_not_sign_is_refused(town: Town, act: Act, forgery: Forgery) -> None:
    digest = act.digest(act.domain, act.form)
    forged = forgery(act.actor, digest)

    with refused("NotSignedBy", actor=act.actor.address, recovered=recovered(digest, forged) or NOBODY):
        town.send("relay", act.call(act.form, forged))


def test_an_act_of_somebody_else_is_refused(town: Town, act: Act) -> None:
    with refused("NotSignedBy", actor=act.actor.address, recovered=town.keys["mallory"].address):
        town.send("mallory", act.signed_by(town.keys["mallory"]))


@pytest.mark.parametrize("change", [{"chain_id": 1}, {"contract": NOBODY}, {"name": "Stoa"}])
def test_an_act_for_another_chain_or_contract_is_refused(
    town: Town, act: Act, change: dict[str, object]
) -> None:
    elsewhere = replace(act.domain, **change)  # pyright: ignore[reportArgumentType]
    there = signed(act.actor, act.digest(elsewhere, act.form))
    seen = recovered(act.digest(act.domain, act.form), there)

    with refused("NotSignedBy", actor=act.actor.address, recovered=seen):
        town.send("relay", act.call(act.form, there))


def test_an_altered_act_is_refused(town: Town, act: Act) -> None:
    signature = signed(act.actor, act.digest(act.domain, act.form))
    altered = act.form._replace(deadline=act.form.deadline + 1)
    seen = recovered(act.digest(act.domain, altered), signature)

    with refused("NotSignedBy", actor=act.actor.address, recovered=seen):
        town.send("relay", act.call(altered, signature))


def test_every_word_of_an_application_is_signed(town: Town) -> None:
    act = applying(town)
    other = Source(act.form.sources[0].dataset, Ground.CONTRACT, True)
    words = {
        "purpose": b"\x01" * 32,
        "sources": [other],
        "scope": b"\x01" * 32,
        "data_until": 1,
        "minimum_cohort": 11,
        "longest_days": 89,
        "retention_days": 364,
        "routine": b"\x01" * 32,
        "terms": b"\x01" * 32,
        "salt": b"\x01" * 32,
    }
    signature = signed(act.actor, act.digest(act.domain, act.form))
    for word, value in words.items():
        altered = act.form._replace(**{word: value})
        seen = recovered(act.digest(act.domain, altered), signature)
        with refused("NotSignedBy", actor=act.actor.address, recovered=seen):
            town.send("relay", act.call(altered, signature))
