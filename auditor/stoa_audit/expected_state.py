"""What the contracts must hold if the events say everything: variable by variable."""

from collections.abc import Iterator
from typing import Any

from stoa_audit.contracts import NAMES, contract_abi
from stoa_audit.digests import NOBODY, ZERO, keccak
from stoa_audit.signatures import word
from stoa_audit.storage import Layout, Slots
from stoa_audit.world import OrderState, Status, UseCase, World

Value = tuple[tuple[Any, ...], Any]
"""(path, value), as Layout.put takes them."""


def expected_slots(world: World) -> dict[str, Slots]:
    """Slot by slot, per contract."""
    found: dict[str, Slots] = {}
    for name in NAMES:
        layout, slots = Layout(contract_abi(name).layout), dict[int, tuple[int, int]]()
        for path, value in VALUES[name](world):
            layout.put(slots, path, value)
        found[name] = slots
    return found


def access(world: World) -> Iterator[Value]:
    for (role, account), (_, since) in world.roles.items():
        yield ("_roles", role, "members", account, "since"), since


def participants(world: World) -> Iterator[Value]:
    yield ("count",), len(world.participants)
    for one in world.participants.values():
        yield (
            ("_participants", one.number),
            {"account": one.account, "class": one.class_, "status": one.status, "name": one.name},
        )
        yield ("idOf", one.account), one.number
        yield ("isFrozen", one.account), one.status == Status.FROZEN
        if one.status != Status.JOINED:
            yield ("_named", one.name), one.number


def datasets(world: World) -> Iterator[Value]:
    yield ("count",), len(world.datasets)
    for one in world.datasets.values():
        yield (
            ("_datasets", one.number),
            {
                "steward": one.steward,
                "topic": one.topic,
                "subject": one.subject,
                "sensitive": one.sensitive,
                "personal": one.personal,
                "versions": len(one.versions),
                "metadata": one.metadata,
            },
        )
        for number, version in one.versions.items():
            yield (
                ("_versions", one.number, number),
                {
                    "root": version.root,
                    "leaves": version.leaves,
                    "rows": version.rows,
                    "publishedAt": version.published_at,
                    "content": version.content,
                },
            )
            for index in version.erased:
                yield ("_erased", one.number, number, index), True
    for steward, time in world.deliveries.items():
        yield ("lastDeliveryOf", steward), time


def use_cases(world: World) -> Iterator[Value]:
    yield ("count",), len(world.use_cases)
    yield ("ruleCount",), len(world.rules)
    for number, rule in world.rules.items():
        retired = rule.retired_in is not None
        fields = ("purpose", "classes", "longestDays", "retentionDays", "text")
        yield (
            ("_rules", number),
            {field: _zero(rule.terms[field]) if retired else rule.terms[field] for field in fields},
        )
    for one in world.use_cases.values():
        yield ("_useCases", one.number), _use_case(one)
        for statement, notice in one.notices.items():
            binding = keccak(word(notice.scope) + word(one.recipient))[:29]
            yield (
                ("_notices", one.number, statement),
                {
                    "binding": bytes(29) if notice.retired_in is not None else binding,
                    "kind": notice.kind,
                    "scope": notice.scope,
                },
            )
    for number in {one.applicant for one in world.use_cases.values()}:
        applicant = world.participants[number]
        yield (
            ("_applicants", number),
            {
                "account": applicant.account,
                "class": applicant.class_,
                "frozen": applicant.status == Status.FROZEN,
            },
        )


def _use_case(one: UseCase) -> dict[str, Any]:
    asked = one.application
    return {
        "applicant": one.applicant,
        "state": one.state,
        "personal": one.personal,
        "sensitive": one.sensitive,
        "outputClass": asked["outputClass"],
        "longestDays": one.longest_days,
        "retentionDays": asked["retentionDays"],
        "minimumCohort": one.minimum_cohort,
        "consentScope": one.consent_scope,
        "requiredScope": one.required_scope,
        "objectionScope": one.objection_scope,
        "recipient": one.recipient,
        "purpose": asked["purpose"],
        "routine": asked["routine"],
        "terms": asked["terms"],
    }


def _zero(value: Any) -> Any:
    return ZERO if isinstance(value, bytes) else 0


def consents(world: World) -> Iterator[Value]:
    yield ("registrar",), world.registrar or NOBODY
    yield ("paused",), world.grants_paused
    for id_, one in world.consents.items():
        yield (
            ("_slots", id_),
            {
                "useCase": one.use_case,
                "scope": one.grant["scope"],
                "objection": one.grant["objection"],
                "validUntil": one.grant["validUntil"],
                "grantedIn": one.granted_in,
                "revokedIn": one.revoked_in or 0,
            },
        )
    for id_, tombstone in world.tombstones.items():
        yield ("_slots", id_), {"grantedIn": 0, "revokedIn": tombstone.revoked_in}


def credit(world: World) -> Iterator[Value]:
    yield ("_totalSupply",), sum(world.balances.values())
    yield ("minted",), world.minted
    yield ("redeemed",), world.redeemed
    for account, balance in world.balances.items():
        yield ("_balances", account), balance
    for line in world.statement_lines:
        yield ("_used", line), True


def licences(world: World) -> Iterator[Value]:
    yield ("count",), len(world.licences)
    for one in world.licences.values():
        yield ("_owners", one.number), one.licensee
        yield (
            ("_licences", one.number),
            {
                "useCase": one.use_case,
                "startsAt": one.starts_at,
                "endsAt": one.ends_at,
                "quota": one.quota,
                "used": one.used,
                "discount": one.discount,
                "terminated": one.terminated_in is not None,
            },
        )


def journal(world: World) -> Iterator[Value]:
    if world.anchors:
        last = world.anchors[-1]
        yield ("_latest",), {"size": last.size, "anchoredAt": last.anchored_at, "root": last.root}
    for (kind, name), key in world.keys.items():
        if kind == "settler":
            yield ("isSettler", name), key.trusted
        if kind == "attestor":
            yield ("isAttestor", bytes.fromhex(name[2:])), key.trusted


def settlement(world: World) -> Iterator[Value]:
    yield ("_paused",), world.sales_paused
    yield ("owed",), world.escrowed + world.unreleased + sum(world.credits.values())
    yield ("tariffCount",), len(world.tariffs)
    for number, tariff in world.tariffs.items():
        yield ("_tariffs", number), tariff.terms
        yield ("earned", number), tariff.earned
        for party in tariff.parties:
            yield ("released", number, party), tariff.released.get(party, 0)
            yield ("accrued", number, party), tariff.accrued.get(party, 0)
        yield ("divided", number), tariff.divided
    for (use_case, class_), number in world.current.items():
        unit_price = world.tariffs[number].terms["unitPrice"]
        yield ("_current", use_case, class_), {"number": number, "unitPrice": unit_price}
    for account, amount in world.credits.items():
        yield ("credits", account), amount
    yield from _orders(world)


def _orders(world: World) -> Iterator[Value]:
    for id_, order in world.orders.items():
        fields = ("cap", "licence", "tariff", "deadline", "discount")
        kept = {field: order.terms[field] for field in fields}
        yield ("_orders", id_), {**kept, "openedIn": order.opened_in, "state": order.state}
        if order.state == OrderState.SETTLED and order.outcome is not None:
            words = (order.charge, *order.outcome.values())
            yield ("outcomeOf", id_), keccak(b"".join(map(word, words)))


VALUES = {
    "CityAccess": access,
    "Participants": participants,
    "Datasets": datasets,
    "UseCases": use_cases,
    "Consents": consents,
    "CityCredit": credit,
    "Licences": licences,
    "Journal": journal,
    "Settlement": settlement,
}
