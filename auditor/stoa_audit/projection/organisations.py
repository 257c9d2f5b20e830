"""Rows about organisations, data and use cases, as the ledger makes them."""

from collections.abc import Iterator
from typing import Any

from stoa_audit.digests import hexed
from stoa_audit.world import UseCase, World

Row = dict[str, Any]


def ledger(world: World) -> Iterator[Row]:
    city = world.city
    yield {
        "id": 1,
        "chain_id": city.chain_id,
        "genesis": hexed(city.genesis),
        "city_digest": hexed(city.digest),
    }


def blocks(world: World) -> Iterator[Row]:
    for number in range(world.city.first_block, len(world.hashes)):
        yield {
            "number": number,
            "hash": hexed(world.hashes[number]),
            "parent": hexed(world.hashes[number - 1]) if number else hexed(bytes(32)),
            "timestamp": world.times[number],
        }


def participants(world: World) -> Iterator[Row]:
    for one in world.participants.values():
        yield {
            "number": one.number,
            "account": one.account,
            "class_": one.class_,
            "status": int(one.status),
            "name_digest": hexed(one.name),
            "joined_in": one.joined_in,
        }


def roles(world: World) -> Iterator[Row]:
    for (role, account), (delay, since) in world.roles.items():
        yield {"role": role, "account": account, "delay": delay, "since": since}


def keys(world: World) -> Iterator[Row]:
    for (kind, name), key in world.keys.items():
        yield {"kind": kind, "key": name, "trusted": key.trusted, "changed_in": key.changed_in}


def datasets(world: World) -> Iterator[Row]:
    for one in world.datasets.values():
        yield {
            "number": one.number,
            "steward": one.steward,
            "topic": one.topic,
            "subject": one.subject,
            "sensitive": one.sensitive,
            "personal": one.personal,
            "versions": len(one.versions),
            "metadata_digest": hexed(one.metadata),
            "registered_in": one.registered_in,
        }


def versions(world: World) -> Iterator[Row]:
    for dataset in world.datasets.values():
        for number, one in dataset.versions.items():
            yield {
                "dataset": dataset.number,
                "number": number,
                "root": hexed(one.root),
                "leaves": one.leaves,
                "rows": one.rows,
                "content_digest": hexed(one.content),
                "published_in": one.published_in,
                "published_at": one.published_at,
            }


def erased(world: World) -> Iterator[Row]:
    for dataset in world.datasets.values():
        for number, version in dataset.versions.items():
            for position, (leaf, block) in version.erased.items():
                yield {
                    "dataset": dataset.number,
                    "version": number,
                    "position": position,
                    "leaf": hexed(leaf),
                    "erased_in": block,
                }


def rules(world: World) -> Iterator[Row]:
    for number, rule in world.rules.items():
        yield {
            "number": number,
            "purpose": hexed(rule.terms["purpose"]),
            "classes": rule.terms["classes"],
            "longest_days": rule.terms["longestDays"],
            "retention_days": rule.terms["retentionDays"],
            "text_digest": hexed(rule.terms["text"]),
            "retired_in": rule.retired_in,
        }


def notices(world: World) -> Iterator[Row]:
    for use_case in world.use_cases.values():
        for statement, notice in use_case.notices.items():
            yield {
                "use_case": use_case.number,
                "statement": hexed(statement),
                "language": notice.language.rstrip(b"\0").decode("ascii", "replace"),
                "kind": notice.kind,
                "scope": notice.scope,
                "published_in": notice.published_in,
                "retired_in": notice.retired_in,
            }


def use_cases(world: World) -> Iterator[Row]:
    for one in world.use_cases.values():
        asked = one.application
        yield {
            "number": one.number,
            "applicant": one.applicant,
            "state": int(one.state),
            "purpose": hexed(asked["purpose"]),
            "sources": [
                [source["dataset"], source["ground"], int(source["optional"])] for source in asked["sources"]
            ],
            "scope_digest": hexed(asked["scope"]),
            "data_from": asked["dataFrom"],
            "data_until": asked["dataUntil"],
            "minimum_cohort": one.minimum_cohort,
            "longest_days": one.longest_days,
            "retention_days": asked["retentionDays"],
            "routine_digest": hexed(asked["routine"]),
            "terms_digest": hexed(asked["terms"]),
            **_decision(one),
            "applied_in": one.applied_in,
            "decided_in": one.decided_in,
            "closed_in": one.closed_in,
        }


def _decision(use_case: UseCase) -> Row:
    decision = use_case.decision
    return {
        "recipient": None if decision is None else hexed(use_case.recipient),
        "reason": None if decision is None else hexed(decision["reason"]),
        "conditions": None if decision is None else hexed(decision["conditions"]),
        "rule": use_case.rule or None,
        "decided_by": use_case.decided_by or None,
        "seconded_by": use_case.seconded_by or None,
    }
