"""Notices are made again from the terms and the templates of the decision, and compared with the published ones."""

import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stoa_audit.checks.notices import Template as Audited
from stoa_audit.digests import keccak
from stoa_audit.errors import InvalidError
from stoa_audit.fields import Fields
from stoa_audit.report import Exit, Report, Status

from ledger.bindings import Source
from ledger.digests import canonical, hexed, sha256, text_digest, unhexed
from ledger.enums import Class, Ground
from marketplace.use_cases.notices import TEMPLATES, NoticeFacts
from marketplace.use_cases.purposes import PURPOSES
from tests.auditor.bundles import Copy
from tests.auditor.conftest import Audit, Honest, named
from tests.auditor.desk import STATEMENTS, TEMPLATE, Desk
from tests.auditor.history import found_datasets

DAYS = st.dates(date(1970, 1, 1), date(2999, 12, 30))
RENDERED = "notices.rendered"


def at(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def path_of(document: Any) -> str:
    return f"documents/sha256/{sha256(canonical(document)).hex()}"


@pytest.fixture
def verdict(desk: Desk, tmp_path: Path, audit: Audit) -> Callable[[], Report]:
    return lambda: audit(desk.export(tmp_path / "bundle"), desk.town.devnet.rpc)


@pytest.fixture
def undecided(desk: Desk) -> int:
    """Lab asked for two datasets; one may be left out."""
    desk.join("lab", Class.COMMERCIAL)
    persons, trips, *_ = found_datasets(desk)
    sources = [Source(persons, Ground.CONSENT, False), Source(trips, Ground.CONSENT, True)]
    return desk.apply("lab", sources)


def test_every_published_notice_is_made_again_and_counted(honest: Honest, audit: Audit) -> None:
    check = audit(honest.bundle)[RENDERED]

    assert check.status is Status.HOLDS
    assert check.count == 2
    assert check.covered == f"2 published, use cases: {honest.happened.use_case}"
    assert check.notes == [
        f'template {hexed(sha256(canonical(TEMPLATE)))} (en, consent): "{TEMPLATE["sentence"]}"'
    ]


def test_a_sentence_that_the_terms_do_not_make_is_named(
    desk: Desk, undecided: int, verdict: Callable[[], Report]
) -> None:
    """The ledger takes whatever digest the operator publishes, and people sign it."""
    desk.decide(undecided)
    desk.notice(undecided, 1)
    milder = STATEMENTS[3].replace("the age group and the trips", "the age group")
    desk.notice(undecided, 3, milder.replace("5", "50"))

    report = verdict()

    digest = hexed(text_digest(milder.replace("5", "50")))
    assert named(report, RENDERED, f"notice {digest} of use case {undecided} (en, scope 3): ")
    assert f'the terms make "{STATEMENTS[3]}", published is "{milder.replace("5", "50")}"' in str(
        report[RENDERED].finding
    )
    assert (report[RENDERED].wrong, report[RENDERED].count) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"sentence": STATEMENTS[3]}, "the template does not say {recipient}"),
        ({"sentence": TEMPLATE["sentence"].replace("{k}", "5")}, "the template does not say {k}"),
        ({"sentence": TEMPLATE["sentence"] + "{extra}"}, "nobody knows what {extra} stands for"),
        ({"purposes": {}}, "the template has no words for the purpose"),
        ({"language": "de"}, "its decision names 0 templates for the language 'en' and the kind consent"),
        ({"kind": "objection"}, "its decision names 0 templates for the language 'en'"),
        ({"kind": "advert"}, "this is no template of a notice"),
        ({"stoa": "notice-template/2"}, "this is no template of a notice"),
        ({"extra": 1}, "nobody knows the field 'extra'"),
    ],
)
def test_a_template_that_could_say_anything_is_named(
    changes: dict[str, Any],
    fragment: str,
    desk: Desk,
    undecided: int,
    verdict: Callable[[], Report],
) -> None:
    decide_by(desk, undecided, {**TEMPLATE, **changes})
    desk.notice(undecided, 3)

    assert named(verdict(), RENDERED, fragment)


def test_two_templates_for_one_language_are_named(
    desk: Desk, undecided: int, verdict: Callable[[], Report]
) -> None:
    decide_by(desk, undecided, TEMPLATE, {**TEMPLATE, "sentence": TEMPLATE["sentence"] + " Truly."})
    desk.notice(undecided, 3)

    assert named(verdict(), RENDERED, "its decision names 2 templates for the language 'en'")


def test_a_decision_without_templates_leaves_its_notices_unchecked(
    desk: Desk, undecided: int, verdict: Callable[[], Report]
) -> None:
    decide_with(desk, undecided, desk.document("conditions", ["k 5"]))
    desk.notice(undecided, 3)

    report = verdict()

    assert report.exit is Exit.INCOMPLETE
    assert report[RENDERED].gap == f"the decision on use case {undecided} names no template"


def decide_by(desk: Desk, use_case: int, *templates: dict[str, Any]) -> None:
    kept = [desk.document("notice-template", one) for one in templates]
    decide_with(desk, use_case, desk.conditions(*kept))


def decide_with(desk: Desk, use_case: int, conditions: bytes) -> None:
    reason = desk.text("reason", "It serves the city and singles nobody out.")
    decision = desk.town.decision(minimum_cohort=5)._replace(reason=reason, conditions=conditions)
    desk.town.send("otto", desk.town.contracts.use_cases.decide(use_case, decision))


# The bundle, changed


def test_a_tampered_sentence_is_named_with_what_it_should_say(copy: Copy, audit: Audit) -> None:
    path = f"documents/keccak256/{text_digest(STATEMENTS[3]).hex()}"
    copy.write(path, copy.read(path).replace(b"Totals of 5", b"Totals of 9"))

    report = audit(copy.folder)

    assert named(report, RENDERED, f'the terms make "{STATEMENTS[3]}", published is "I allow lab')
    assert report["documents.digests"].finding is not None


@pytest.mark.parametrize("what", ["template", "description"])
def test_a_tampered_document_behind_a_sentence_is_named(
    what: str, honest: Honest, copy: Copy, audit: Audit
) -> None:
    path = document_behind(what, honest, copy)
    copy.write(path, copy.read(path).replace(b"age group", b"AGE GROUP").replace(b"counted", b"COUNTED"))

    assert named(audit(copy.folder), RENDERED, "does not have its digest")


@pytest.mark.parametrize(
    ("what", "gap"),
    [
        ("template", "a template of use case 1 is not in the bundle"),
        ("conditions", "the conditions of the decision on use case 1 is not in the bundle"),
        ("description", "the description of dataset 1 is not in the bundle"),
        ("recipient", "the recipient's name of use case 1 is not in the bundle"),
    ],
)
def test_a_missing_document_leaves_its_notices_unchecked(
    what: str, gap: str, honest: Honest, copy: Copy, audit: Audit
) -> None:
    copy.remove(document_behind(what, honest, copy))

    report = audit(copy.folder)

    assert report.exit is Exit.INCOMPLETE
    assert report[RENDERED].status is Status.NOT_CHECKED
    assert gap in report[RENDERED].gap


def document_behind(what: str, honest: Honest, copy: Copy) -> str:
    match what:
        case "template":
            return path_of(TEMPLATE)
        case "recipient":
            return f"documents/keccak256/{text_digest('lab').hex()}"
        case "conditions":
            rows = copy.lines("projection/use_cases.jsonl")
            row = next(one for one in rows if one["number"] == honest.happened.use_case)
            return f"documents/sha256/{row['conditions'][2:]}"
        case _:
            rows = copy.lines("projection/datasets.jsonl")
            return f"documents/sha256/{rows[0]['metadata_digest'][2:]}"


# Two renderers, written apart


def audited(template: dict[str, Any]) -> Audited:
    return Audited.parsed(sha256(canonical(template)), Fields(template, "template"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: f"{one.language}-{one.kind.name}")
def test_the_citys_templates_are_ones_that_the_auditor_takes(template: Any) -> None:
    found = audited(orjson.loads(canonical(template.document)))

    for purpose in PURPOSES:
        assert found.purpose(keccak(purpose.iri.encode())) == purpose.phrases[template.language]


@given(
    recipient=st.text(min_size=1, max_size=30),
    titles=st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=8),
    scope=st.integers(1, 255),
    k=st.integers(1, 1000),
    template=st.sampled_from(TEMPLATES),
    period=st.none() | st.tuples(DAYS, DAYS).map(sorted),
)
def test_both_renderers_make_the_same_sentence(
    recipient: str, titles: list[str], scope: int, k: int, template: Any, period: list[date] | None
) -> None:
    """Also where a name looks like a blank, and where letters can be written in two ways."""
    scope = scope & (1 << len(titles)) - 1 or 1
    facts = NoticeFacts(
        recipient="{k}" + recipient,
        purpose=PURPOSES[0].iri,
        titles=tuple({template.language: title} for title in titles),
        k=k,
        period=None if period is None else (period[0].isoformat(), period[1].isoformat()),
    )
    first, until = (0, 0) if period is None else (at(period[0]), at(period[1] + timedelta(days=1)))

    made = template.statement(facts, scope)

    chosen = [title for bit, title in enumerate(titles) if scope >> bit & 1]
    listed = ", ".join(chosen[:-1]) + template.conjunction + chosen[-1] if chosen[1:] else chosen[0]
    values = {
        "recipient": "{k}" + recipient,
        "data": listed + audited(orjson.loads(canonical(template.document))).days(first, until),
        "purpose": PURPOSES[0].phrases[template.language],
        "k": str(k),
    }
    assert made == audited(orjson.loads(canonical(template.document))).filled(values)
    assert unicodedata.is_normalized("NFC", made)
    assert period is None or f"{period[0]}" in made


def test_a_template_without_words_for_days_cannot_ask_for_some_days() -> None:
    with pytest.raises(InvalidError, match="cannot say which days"):
        audited(TEMPLATE).days(86_400, 172_800)


def test_a_templates_words_for_days_say_both() -> None:
    with pytest.raises(InvalidError, match="once each"):
        audited({**TEMPLATE, "period": " since {first}"})


def test_an_unknown_purpose_has_no_words() -> None:
    with pytest.raises(InvalidError, match="no words for the purpose"):
        audited(TEMPLATE).purpose(unhexed("0x" + "11" * 32))
