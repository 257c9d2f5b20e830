"""What everything hangs on. What is wrong with an applicant's signature is in test_signed_acts.py.

UseCases
├── apply: keeps the terms for ever; refuses what is malformed, a small cohort, a wrong ground
├── decide: one person, two for sensitive data; final; conditions only tighten
├── decideByRule: anyone, at once, when nothing is personal and a published rule fits
├── publishNotice · retireNotice: for an admissible choice of scope, once
└── close: ends licences, orders and consents; open orders run out
"""

from itertools import product

import pytest

from ledger.bindings import (
    DecisionProposed,
    Notice,
    NoticePublished,
    NoticeRetired,
    Rule,
    RulePublished,
    RuleRetired,
    Source,
    UseCaseApplied,
    UseCaseClosed,
    UseCaseDecided,
)
from ledger.digests import text_digest
from ledger.enums import AGGREGATES, Class, Ground, NoticeKind, Status, UseCaseState
from ledger.node import Receipt
from ledger.typed_data import application_digest, signed
from tests.contracts.refusals import NOBODY, refused
from tests.town import Town, events

REASON = b"\x61" * 32
COMMERCIAL = 1 << Class.COMMERCIAL


@pytest.fixture
def lab(town: Town) -> int:
    return town.join("lab", Class.COMMERCIAL)


def personal(town: Town, *, optional: bool = False, ground: int = Ground.CONSENT) -> Source:
    return Source(town.dataset(), ground, optional)


def public(town: Town, *, sensitive: bool = False) -> Source:
    number = town.dataset(subject=False, sensitive=sensitive)
    for operator in ("otto", "olga"):
        town.send(operator, town.contracts.datasets.declare_not_personal(number, REASON))
    return Source(number, Ground.NOT_PERSONAL, False)


def state(town: Town, use_case: int) -> int:
    return town.contracts.use_cases.use_case(use_case).state


def applied(town: Town, *sources: Source, **changes: object) -> int:
    return town.apply("lab", list(sources), **changes)


# Applying


def test_an_application_is_kept_as_it_was_signed(town: Town, lab: int) -> None:
    consented, optional = personal(town), personal(town, optional=True)
    duty, open_ = personal(town, ground=Ground.PUBLIC_TASK), public(town)
    number = applied(town, consented, optional, duty, open_)

    kept = town.contracts.use_cases.use_case(number)
    assert (kept.applicant, kept.state, kept.personal, kept.sensitive) == (
        lab,
        UseCaseState.APPLIED,
        True,
        False,
    )
    assert (kept.consent_scope, kept.required_scope, kept.objection_scope) == (0b0011, 0b0001, 0b0100)
    assert (kept.output_class, kept.longest_days, kept.retention_days) == (AGGREGATES, 90, 365)
    assert (kept.minimum_cohort, kept.recipient) == (10, bytes(32))
    assert (kept.routine, kept.terms) == (b"\x12" * 32, b"\x13" * 32)
    assert town.contracts.use_cases.bounds_of(number) == (kept.terms, 90)


def test_the_event_carries_the_whole_application(town: Town, lab: int) -> None:
    source = personal(town)
    form = town.application("lab", [source], data_from=5, data_until=9)
    signature = signed(town.keys["lab"], application_digest(town.city.domains.use_cases, form))

    receipt = town.send("mallory", town.contracts.use_cases.apply(form, signature))

    assert events(receipt, UseCaseApplied) == [
        UseCaseApplied(1, lab, form.purpose, form._replace(sources=(source,)))
    ]


def test_a_changed_application_is_another_use_case(town: Town, lab: int) -> None:
    source = personal(town)
    first = applied(town, source)
    town.allow(first)

    second = applied(town, source, minimum_cohort=9)

    assert second == first + 1
    assert state(town, second) == UseCaseState.APPLIED


def test_an_applicant_must_be_admitted_and_not_frozen(town: Town) -> None:
    number = town.join("lab", Class.COMMERCIAL, admit=False)
    with refused("WrongStatus", id=number, status=Status.JOINED):
        applied(town, personal(town))
    town.send("otto", town.contracts.participants.admit(number))
    town.freeze("lab")
    with refused("WrongStatus", id=number, status=Status.FROZEN):
        applied(town, personal(town))


def test_an_unknown_applicant_is_refused(town: Town) -> None:
    town.numbers["lab"] = 9
    with refused("WrongStatus", id=9, status=Status.NONE):
        applied(town, personal(town))


@pytest.mark.parametrize("output", [0, 2, 255])
def test_only_aggregates_leave_the_city(town: Town, lab: int, output: int) -> None:
    with refused("UnknownOutputClass", outputClass=output):
        applied(town, personal(town), output_class=output)


def test_a_use_case_has_a_duration(town: Town, lab: int) -> None:
    with refused("NoDuration"):
        applied(town, personal(town), longest_days=0)


def test_a_period_does_not_end_before_it_begins(town: Town, lab: int) -> None:
    with refused("WrongPeriod", {"from": 10, "until": 9}):
        applied(town, personal(town), data_from=10, data_until=9)


def test_a_use_case_has_a_source(town: Town, lab: int) -> None:
    with refused("NoSources"):
        applied(town)


def test_sources_ascend_so_that_a_scope_bit_means_one_dataset(town: Town, lab: int) -> None:
    first, second = personal(town), personal(town)
    for sources in ((second, first), (first, first), (first._replace(dataset=0),)):
        with refused("SourcesNotAscending"):
            applied(town, *sources)


def test_an_unknown_dataset_is_refused(town: Town, lab: int) -> None:
    with refused("UnknownDataset", id=99):
        applied(town, Source(99, Ground.CONSENT, False))


def test_eight_sources_are_taken_and_nine_refused(town: Town, lab: int) -> None:
    sources = [personal(town) for _ in range(9)]

    applied(town, *sources[:8])

    with refused("TooManySources", sources=9, optional_=0):
        applied(town, *sources)


def test_three_optional_sources_are_taken_and_four_refused(town: Town, lab: int) -> None:
    sources = [personal(town, optional=True) for _ in range(4)]

    applied(town, *sources[:3])

    with refused("TooManySources", sources=4, optional_=4):
        applied(town, *sources)


@pytest.mark.parametrize("ground", [each for each in Ground if each is not Ground.NOT_PERSONAL])
def test_a_ground_fits_the_dataset(town: Town, lab: int, ground: Ground) -> None:
    mine, open_ = personal(town), public(town)

    with refused("WrongGround", dataset=mine.dataset, ground=Ground.NOT_PERSONAL):
        applied(town, mine._replace(ground=Ground.NOT_PERSONAL))
    with refused("WrongGround", dataset=open_.dataset, ground=ground):
        applied(town, open_._replace(ground=ground))
    applied(town, mine._replace(ground=ground))


def test_no_personal_answer_is_about_fewer_than_five(town: Town, lab: int) -> None:
    with refused("CohortBelowFloor", minimumCohort=4, floor=5):
        applied(town, personal(town), minimum_cohort=4)
    applied(town, personal(town), minimum_cohort=5)
    applied(town, public(town), minimum_cohort=0)


# Deciding


def test_one_person_decides_and_the_recipients_name_is_kept(town: Town, lab: int) -> None:
    number = applied(town, personal(town))
    decision = town.decision()

    receipt = town.send("otto", town.contracts.use_cases.decide(number, decision))

    otto, name = town.keys["otto"].address, text_digest("lab")
    assert events(receipt, UseCaseDecided) == [UseCaseDecided(number, decision, name, 0, otto, NOBODY)]
    assert state(town, number) == UseCaseState.ALLOWED
    assert town.contracts.use_cases.use_case(number).recipient == name


def test_conditions_can_tighten(town: Town, lab: int) -> None:
    number = applied(town, personal(town))

    town.allow(number, minimum_cohort=40, longest_days=30)

    kept = town.contracts.use_cases.use_case(number)
    assert (kept.minimum_cohort, kept.longest_days) == (40, 30)


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.parametrize(("cohort", "days"), [(9, 90), (10, 91)])
def test_conditions_cannot_loosen(town: Town, lab: int, allowed: bool, cohort: int, days: int) -> None:
    number = applied(town, personal(town))
    looser = town.decision(allowed=allowed, minimum_cohort=cohort, longest_days=days)

    with refused("ConditionLoosened", minimumCohort=cohort, longestDays=days):
        town.send("otto", town.contracts.use_cases.decide(number, looser))


def test_nothing_is_allowed_for_no_time(town: Town, lab: int) -> None:
    number = applied(town, personal(town))

    with refused("NoDuration"):
        town.allow(number, longest_days=0)


@pytest.mark.parametrize("allowed", [True, False])
def test_a_decision_is_final(town: Town, lab: int, allowed: bool) -> None:
    number = applied(town, personal(town))
    town.send("otto", town.contracts.use_cases.decide(number, town.decision(allowed=allowed)))
    decided = UseCaseState.ALLOWED if allowed else UseCaseState.DENIED

    for second_thought in (True, False):
        with refused("WrongUseCaseState", id=number, state=decided):
            again = town.decision(allowed=second_thought)
            town.send("olga", town.contracts.use_cases.decide(number, again))
    assert state(town, number) == decided


def test_an_unknown_use_case_cannot_be_decided_closed_or_noticed(town: Town) -> None:
    use_cases = town.contracts.use_cases
    for call in (
        use_cases.decide(5, town.decision()),
        use_cases.close(5, REASON),
        use_cases.publish_notice(5, town.notice_of()),
        use_cases.decide_by_rule(5, 1),
    ):
        with refused("UnknownUseCase", id=5):
            town.send("otto", call)


@pytest.mark.parametrize("allowed", [True, False])
def test_two_persons_decide_about_sensitive_data(town: Town, lab: int, allowed: bool) -> None:
    number = applied(town, personal(town), Source(town.dataset(sensitive=True), Ground.CONSENT, False))
    decision = town.decision(allowed=allowed)
    call = town.contracts.use_cases.decide(number, decision)

    proposed = town.send("otto", call)

    otto, olga = town.keys["otto"].address, town.keys["olga"].address
    assert [(event.id, event.by) for event in events(proposed, DecisionProposed)] == [(number, otto)]
    assert events(proposed, UseCaseDecided) == []
    assert state(town, number) == UseCaseState.APPLIED
    with refused("SecondPersonNeeded", first=otto):
        town.send("otto", call)

    decided = town.send("olga", call)

    assert events(decided, UseCaseDecided) == [
        UseCaseDecided(number, decision, text_digest("lab"), 0, otto, olga)
    ]


def test_two_persons_must_decide_the_same(town: Town, lab: int) -> None:
    number = applied(town, Source(town.dataset(sensitive=True), Ground.CONSENT, False))
    use_cases = town.contracts.use_cases
    town.send("otto", use_cases.decide(number, town.decision(minimum_cohort=20)))

    town.send("olga", use_cases.decide(number, town.decision(minimum_cohort=30)))

    assert state(town, number) == UseCaseState.APPLIED
    town.send("otto", use_cases.decide(number, town.decision(minimum_cohort=30)))
    assert town.contracts.use_cases.use_case(number).minimum_cohort == 30


def test_one_person_cannot_be_the_second_through_the_access_manager(town: Town, lab: int) -> None:
    number = applied(town, Source(town.dataset(sensitive=True), Ground.CONSENT, False))
    call = town.contracts.use_cases.decide(number, town.decision())
    town.send("otto", call)

    with refused("ActsAreDirect"):
        town.send("otto", town.contracts.access.execute(call.to, call.data))
    assert state(town, number) == UseCaseState.APPLIED


# Deciding by rule


def rule(town: Town, **changes: object) -> int:
    terms = Rule(bytes(32), COMMERCIAL, 90, 365, REASON)._replace(**changes)
    town.send("otto", town.contracts.use_cases.publish_rule(terms))
    return town.contracts.use_cases.rule_count()


def test_a_published_rule_allows_at_once_and_anyone_may_invoke_it(town: Town, lab: int) -> None:
    number, ruled = applied(town, public(town), minimum_cohort=0), rule(town)

    receipt = town.send("mallory", town.contracts.use_cases.decide_by_rule(number, ruled))

    (event,) = events(receipt, UseCaseDecided)
    assert (event.rule, event.by, event.second) == (ruled, town.keys["mallory"].address, NOBODY)
    assert (event.decision.allowed, event.decision.reason) == (True, REASON)
    assert (event.decision.minimum_cohort, event.decision.longest_days) == (0, 90)
    assert state(town, number) == UseCaseState.ALLOWED


def test_a_rule_for_a_purpose_fits_that_purpose(town: Town, lab: int) -> None:
    purpose = text_digest("https://w3id.org/dpv#ImproveTransportMobility")
    number, ruled = applied(town, public(town)), rule(town, purpose=purpose)

    town.send("relay", town.contracts.use_cases.decide_by_rule(number, ruled))

    assert state(town, number) == UseCaseState.ALLOWED


@pytest.mark.parametrize(
    "narrower",
    [
        {"purpose": b"\x01" * 32},
        {"classes": 1 << Class.SUPPLIER},
        {"classes": 0},
        {"longest_days": 89},
        {"retention_days": 364},
    ],
)
def test_a_rule_that_does_not_fit_decides_nothing(town: Town, lab: int, narrower: dict[str, object]) -> None:
    number, ruled = applied(town, public(town)), rule(town, **narrower)

    with refused("RuleDoesNotApply", id=number, rule=ruled):
        town.send("relay", town.contracts.use_cases.decide_by_rule(number, ruled))
    assert state(town, number) == UseCaseState.APPLIED


def test_no_rule_decides_about_personal_data(town: Town, lab: int) -> None:
    ruled, open_, mine = rule(town), public(town), personal(town)
    sources = sorted([open_, mine], key=lambda source: source.dataset)
    number = applied(town, *sources)

    with refused("RuleDoesNotApply", id=number, rule=ruled):
        town.send("relay", town.contracts.use_cases.decide_by_rule(number, ruled))


def test_data_that_was_personal_when_applied_for_stays_so(town: Town, lab: int) -> None:
    dataset, ruled = town.dataset(subject=False), rule(town)
    number = applied(town, Source(dataset, Ground.CONSENT, False))
    for operator in ("otto", "olga"):
        town.send(operator, town.contracts.datasets.declare_not_personal(dataset, REASON))

    with refused("RuleDoesNotApply", id=number, rule=ruled):
        town.send("relay", town.contracts.use_cases.decide_by_rule(number, ruled))


def test_no_rule_decides_about_sensitive_data(town: Town, lab: int) -> None:
    number, ruled = applied(town, public(town, sensitive=True)), rule(town)

    with refused("RuleDoesNotApply", id=number, rule=ruled):
        town.send("relay", town.contracts.use_cases.decide_by_rule(number, ruled))


def test_an_unpublished_or_retired_rule_decides_nothing(town: Town, lab: int) -> None:
    number, ruled = applied(town, public(town)), rule(town)
    use_cases = town.contracts.use_cases

    with refused("RuleDoesNotApply", id=number, rule=ruled + 1):
        town.send("relay", use_cases.decide_by_rule(number, ruled + 1))
    retired = town.send("otto", use_cases.retire_rule(ruled))
    assert events(retired, RuleRetired) == [RuleRetired(ruled)]
    with refused("RuleDoesNotApply", id=number, rule=ruled):
        town.send("relay", use_cases.decide_by_rule(number, ruled))
    with refused("RuleDoesNotApply", id=0, rule=ruled):
        town.send("otto", use_cases.retire_rule(ruled))


def test_what_a_rule_allowed_stays_allowed_when_it_is_retired(town: Town, lab: int) -> None:
    number, ruled = applied(town, public(town)), rule(town)
    town.send("relay", town.contracts.use_cases.decide_by_rule(number, ruled))

    town.send("otto", town.contracts.use_cases.retire_rule(ruled))

    assert state(town, number) == UseCaseState.ALLOWED


def test_a_frozen_applicant_is_not_helped_by_a_rule(town: Town, lab: int) -> None:
    number, ruled = applied(town, public(town)), rule(town)
    town.freeze("lab")

    with refused("WrongStatus", id=lab, status=Status.FROZEN):
        town.send("relay", town.contracts.use_cases.decide_by_rule(number, ruled))


def test_a_rule_is_published_with_all_its_terms(town: Town) -> None:
    terms = Rule(b"\x01" * 32, 6, 7, 8, REASON)

    receipt = town.send("otto", town.contracts.use_cases.publish_rule(terms))

    assert events(receipt, RulePublished) == [RulePublished(1, terms)]
    with refused("NoDuration"):
        town.send("otto", town.contracts.use_cases.publish_rule(terms._replace(longest_days=0)))


# Notices


def publish(town: Town, number: int, notice: Notice) -> Receipt:
    return town.send("otto", town.contracts.use_cases.publish_notice(number, notice))


def test_a_notice_is_published_for_a_language_and_a_scope(town: Town, lab: int) -> None:
    number = applied(town, personal(town))
    town.allow(number)
    notice = town.notice_of()

    receipt = publish(town, number, notice)

    assert events(receipt, NoticePublished) == [
        NoticePublished(number, notice.statement, b"en\0\0\0", NoticeKind.CONSENT, 1)
    ]
    granted = town.contracts.use_cases.require_grantable(number, notice.statement, text_digest("lab"), 1)
    assert granted == (90, False)


@pytest.mark.parametrize("before", [UseCaseState.APPLIED, UseCaseState.DENIED, UseCaseState.CLOSED])
def test_a_notice_needs_an_allowed_use_case(town: Town, lab: int, before: UseCaseState) -> None:
    number = applied(town, personal(town))
    if before is not UseCaseState.APPLIED:
        allowed = before is UseCaseState.CLOSED
        town.send("otto", town.contracts.use_cases.decide(number, town.decision(allowed=allowed)))
    if before is UseCaseState.CLOSED:
        town.close(number)

    with refused("WrongUseCaseState", id=number, state=before):
        publish(town, number, town.notice_of())


def test_a_statement_is_published_once(town: Town, lab: int) -> None:
    number = applied(town, personal(town))
    town.allow(number)
    notice = town.notice_of()
    publish(town, number, notice)

    with refused("NoticeAlreadyPublished", id=number, statement=notice.statement):
        publish(town, number, notice)


def test_every_choice_of_optional_datasets_is_admissible_and_no_other(town: Town, lab: int) -> None:
    """Sources: one required, three that may be left out, one used without consent, one not personal."""
    sources = [
        personal(town),
        *(personal(town, optional=True) for _ in range(3)),
        personal(town, ground=Ground.PUBLIC_TASK),
        public(town),
    ]
    number = applied(town, *sources)
    town.allow(number)
    admissible = {1 | a << 1 | b << 2 | c << 3 for a, b, c in product((0, 1), repeat=3)}

    for scope in range(64):
        notice = town.notice_of(f"Choice {scope}.", scope)
        if scope in admissible:
            publish(town, number, notice)
        else:
            with refused("NoticeScopeNotAdmissible", id=number, scope=scope):
                publish(town, number, notice)


def test_an_objection_is_about_what_is_used_without_consent(town: Town, lab: int) -> None:
    sources = [personal(town), personal(town, ground=Ground.PUBLIC_TASK), public(town)]
    number = applied(town, *sources)
    town.allow(number)

    publish(town, number, town.notice_of("I object.", 0b010, NoticeKind.OBJECTION))

    for scope in (0b001, 0b011, 0b100, 0b110, 0):
        with refused("NoticeScopeNotAdmissible", id=number, scope=scope):
            publish(town, number, town.notice_of(f"No {scope}.", scope, NoticeKind.OBJECTION))


def test_a_notice_says_what_it_asks_for(town: Town, lab: int) -> None:
    number = applied(town, personal(town))
    town.allow(number)

    with refused("NoticeScopeNotAdmissible", id=number, scope=1):
        publish(town, number, town.notice_of(kind=NoticeKind.NONE))


def test_a_use_case_without_personal_data_has_no_notices(town: Town, lab: int) -> None:
    number = applied(town, public(town))
    town.allow(number)

    for kind in (NoticeKind.CONSENT, NoticeKind.OBJECTION):
        with refused("NoticeScopeNotAdmissible", id=number, scope=1):
            publish(town, number, town.notice_of(kind=kind))


def test_a_notice_is_retired_once_and_for_good(town: Town, lab: int) -> None:
    number = applied(town, personal(town))
    town.allow(number)
    notice = town.notice_of()
    retire = town.contracts.use_cases.retire_notice(number, notice.statement)
    with refused("NoticeNotPublished", id=number, statement=notice.statement):
        town.send("otto", retire)
    publish(town, number, notice)

    receipt = town.send("otto", retire)

    assert events(receipt, NoticeRetired) == [NoticeRetired(number, notice.statement)]
    with refused("NoticeIsRetired", id=number, statement=notice.statement):
        town.send("otto", retire)
    with refused("NoticeAlreadyPublished", id=number, statement=notice.statement):
        publish(town, number, notice)


def test_a_consent_outlives_its_notice(town: Town) -> None:
    number = town.open_use_case()
    given = town.grant(town.terms(number))

    town.send("otto", town.contracts.use_cases.retire_notice(number, given.terms.statement))

    assert town.contracts.consents.is_in_force(given.consent.id)


# Closing


def test_a_use_case_is_closed_once(town: Town, lab: int) -> None:
    number = applied(town, personal(town))
    with refused("WrongUseCaseState", id=number, state=UseCaseState.APPLIED):
        town.close(number)
    town.allow(number)

    receipt = town.close(number)

    assert [event.id for event in events(receipt, UseCaseClosed)] == [number]
    with refused("WrongUseCaseState", id=number, state=UseCaseState.CLOSED):
        town.close(number)


def test_a_closed_use_case_takes_no_licence_and_no_order_and_its_open_order_runs_out(town: Town) -> None:
    use_case, tariff, licence = town.trade()
    order = town.order(licence, tariff)
    closed = {"id": use_case, "state": UseCaseState.CLOSED}

    town.close(use_case)

    with refused("WrongUseCaseState", closed):
        town.buy(use_case, tariff)
    with refused("WrongUseCaseState", closed):
        town.order(licence, tariff)
    town.settle(order)


@pytest.mark.parametrize("decide", [None, False])
def test_no_licence_is_sold_for_a_use_case_that_is_not_allowed(
    town: Town, lab: int, decide: bool | None
) -> None:
    number = applied(town, personal(town))
    if decide is not None:
        town.send("otto", town.contracts.use_cases.decide(number, town.decision(allowed=decide)))
    tariff = town.set_tariff(number)
    town.fund("lab")
    found = UseCaseState.APPLIED if decide is None else UseCaseState.DENIED

    with refused("WrongUseCaseState", id=number, state=found):
        town.buy(number, tariff)


def test_a_granted_consent_stays_in_force_until_its_end_when_the_use_case_is_closed(town: Town) -> None:
    """Nothing new can use it; ending it is hers."""
    number = town.open_use_case()
    given = town.grant(town.terms(number))

    town.close(number)

    assert town.contracts.consents.is_in_force(given.consent.id)


@pytest.mark.parametrize("who", ["mallory", "otto", "guardian", "lab"])
def test_only_participants_says_who_is_frozen(town: Town, lab: int, who: str) -> None:
    with refused("NotParticipants", caller=town.keys[who].address):
        town.send(who, town.contracts.use_cases.set_applicant_frozen(lab, False))
