"""Use cases, the rules that allow some of them, and notices."""

from stoa_audit.digests import NOBODY
from stoa_audit.replay.following import present, require
from stoa_audit.world import (
    GROUND_CONSENT,
    GROUND_NOT_PERSONAL,
    Decided,
    Happening,
    Notice,
    Rule,
    UseCase,
    World,
)


def applied(world: World, event: Happening) -> None:
    number, asked = event.values["id"], event.values["application"]
    require(number == len(world.use_cases) + 1, f"use case {number} is not the next one")
    require(asked["applicant"] in world.participants, f"use case {number} has an applicant that never joined")
    made = UseCase(
        number=number,
        application=asked,
        personal=False,
        sensitive=False,
        consent_scope=0,
        required_scope=0,
        objection_scope=0,
        minimum_cohort=asked["minimumCohort"],
        longest_days=asked["longestDays"],
        applied_in=event.place.block,
    )
    for bit, source in enumerate(asked["sources"]):
        _read_source(world, made, 1 << bit, source["dataset"], source["ground"], source["optional"])
    world.use_cases[number] = made


def _read_source(world: World, made: UseCase, bit: int, dataset: int, ground: int, optional: bool) -> None:
    require(dataset in world.datasets, f"use case {made.number} names dataset {dataset}, which never was")
    found = world.datasets[dataset]
    made.sensitive = made.sensitive or found.sensitive
    require(
        found.personal != (ground == GROUND_NOT_PERSONAL),
        f"use case {made.number} has a wrong ground for dataset {dataset}",
    )
    if not found.personal:
        return
    made.personal = True
    if ground != GROUND_CONSENT:
        made.objection_scope |= bit
        return
    made.consent_scope |= bit
    if not optional:
        made.required_scope |= bit


def proposed(world: World, event: Happening) -> None:
    _in(world, event.values["id"], Decided.APPLIED).proposal = (event.values["by"], event.values["decision"])


def decided(world: World, event: Happening) -> None:
    values = event.values
    found = _in(world, values["id"], Decided.APPLIED)
    decision = values["decision"]
    require(
        decision["minimumCohort"] >= found.minimum_cohort and decision["longestDays"] <= found.longest_days,
        f"the decision on use case {found.number} loosens what was applied for",
    )
    found.state = Decided.ALLOWED if decision["allowed"] else Decided.DENIED
    found.minimum_cohort = decision["minimumCohort"]
    found.longest_days = decision["longestDays"]
    found.decision = decision
    found.recipient = values["recipient"]
    found.rule = values["rule"]
    found.decided_by = values["by"]
    found.seconded_by = "" if values["second"] == NOBODY else values["second"]
    found.decided_in = event.place.block
    found.proposal = None


def closed(world: World, event: Happening) -> None:
    found = _in(world, event.values["id"], Decided.ALLOWED)
    found.state = Decided.CLOSED
    found.closed_in = event.place.block
    world.reasons.append((event.values["reason"], f"closing use case {found.number}"))


def rule_published(world: World, event: Happening) -> None:
    number = event.values["rule"]
    require(number == len(world.rules) + 1, f"rule {number} is not the next one")
    world.rules[number] = Rule(event.values["terms"])


def rule_retired(world: World, event: Happening) -> None:
    number = event.values["rule"]
    rule = present(world.rules.get(number), f"rule {number} never was")
    require(rule.retired_in is None, f"rule {number} is retired twice")
    rule.retired_in = event.place.block


def notice_published(world: World, event: Happening) -> None:
    values = event.values
    found = _in(world, values["id"], Decided.ALLOWED)
    require(
        values["statement"] not in found.notices, f"a notice of use case {found.number} is published twice"
    )
    found.notices[values["statement"]] = Notice(
        values["language"], values["kind"], values["scope"], event.place.block
    )


def notice_retired(world: World, event: Happening) -> None:
    use_case = present(world.use_cases.get(event.values["id"]), "a notice of no use case is retired")
    statement = event.values["statement"]
    notice = present(use_case.notices.get(statement), "a notice that never was is retired")
    require(notice.retired_in is None, f"a notice of use case {use_case.number} is retired twice")
    notice.retired_in = event.place.block


def _in(world: World, number: int, state: Decided) -> UseCase:
    found = present(world.use_cases.get(number), f"use case {number} never was")
    require(found.state == state, f"use case {number} was not {state.name.lower()}")
    return found
