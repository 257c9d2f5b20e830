"""What Anna and Lab hold proves itself, and stops proving anything when one word of it is changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from stoa_audit.errors import UnreadableError
from stoa_audit.node import Node
from stoa_audit.papers.examine import examine
from stoa_audit.report import Exit, Report

from ledger.digests import canonical
from ledger.keys import LocalSigner
from ledger.typed_data import countersignature_digest, signed
from tests.auditor import papers
from tests.auditor.conftest import Honest
from tests.town import Town

Json = dict[str, Any]
Change = Callable[[Json], Any]


@pytest.fixture
def check(tmp_path: Path, honest: Honest) -> Callable[..., Report]:
    def run(paper: Json, *, node: bool = True, city: bytes | None = None) -> Report:
        path = tmp_path / "paper.json"
        path.write_bytes(orjson.dumps(paper))
        return examine(path, Node(honest.ask) if node else None, city or honest.town.city.digest)

    return run


def test_a_consent_receipt_holds(honest: Honest, check: Callable[..., Report]) -> None:
    receipt = papers.consent_receipt(honest, honest.happened.given[8])

    report = check(receipt, city=honest.town.city.digest)

    assert report.exit is Exit.HOLDS
    assert "not revoked when this receipt was made" in report["consent.ledger"].notes[0]


def test_a_receipt_of_a_revoked_consent_says_so(honest: Honest, check: Callable[..., Report]) -> None:
    assert honest.happened.revoked is not None
    receipt = papers.consent_receipt(honest, honest.happened.revoked, revoked=True)

    report = check(receipt)

    assert report.exit is Exit.HOLDS
    assert "revoked in block" in report["consent.ledger"].notes[0]


def test_a_receipt_of_a_consent_that_the_citizen_sent_herself_needs_no_signature(
    honest: Honest, check: Callable[..., Report]
) -> None:
    receipt = papers.consent_receipt(honest, honest.happened.given[-1], signed=False)

    assert check(receipt).exit is Exit.HOLDS


def test_without_a_node_a_receipt_proves_all_but_that_the_chain_goes_on(
    honest: Honest, check: Callable[..., Report]
) -> None:
    report = check(papers.consent_receipt(honest, honest.happened.given[8]), node=False)

    assert report.exit is Exit.INCOMPLETE
    assert [gap.id for gap in report.gaps] == ["paper.chain"]


def test_a_settled_purchase_receipt_holds(honest: Honest, check: Callable[..., Report]) -> None:
    report = check(papers.purchase_receipt(honest, honest.happened.settled))

    assert report.exit is Exit.HOLDS
    assert report["order.paid"].count == 5


def test_a_receipt_signed_by_a_later_attestor_holds_by_the_ledger(
    honest: Honest, check: Callable[..., Report]
) -> None:
    receipt = papers.purchase_receipt(honest, honest.happened.settled_later)

    assert check(receipt).exit is Exit.HOLDS
    offline = check(receipt, node=False)
    assert "not the city's first: name a node to look it up" in offline["order.statement"].gap


def test_a_refunded_purchase_receipt_holds(honest: Honest, check: Callable[..., Report]) -> None:
    report = check(papers.purchase_receipt(honest, honest.happened.refunded))

    assert report.exit is Exit.HOLDS


def test_anna_proves_that_she_was_used_and_then_that_she_was_not(
    honest: Honest, check: Callable[..., Report]
) -> None:
    assert honest.happened.revoked is not None
    anna = honest.happened.revoked.consent.id

    before = check(papers.cohort_proof(honest, honest.happened.settled, anna))
    after = check(papers.cohort_proof(honest, honest.happened.settled_later, anna))

    assert (before.exit, after.exit) == (Exit.HOLDS, Exit.HOLDS)
    assert before["cohort.proof"].notes == ["was used: one of 13 consents at block " + block_of(before)]
    assert after["cohort.proof"].notes[0].startswith("was NOT used: not among 7 consents")


def block_of(report: Report) -> str:
    return report["cohort.proof"].notes[0].rsplit(" ", 1)[1]


def test_everybody_can_prove_on_which_side_she_is(honest: Honest, check: Callable[..., Report]) -> None:
    order = honest.happened.settled_later
    for given in honest.happened.given:
        assert check(papers.cohort_proof(honest, order, given.consent.id), node=False).findings == []
    for stranger in (bytes(32), b"\xff" * 32):
        assert check(papers.cohort_proof(honest, order, stranger), node=False).findings == []


def test_a_proof_of_exclusion_is_small(honest: Honest) -> None:
    proof = papers.cohort_proof(honest, honest.happened.settled_later, b"\x7f" * 32)

    assert len(canonical(proof["excluded"])) < 2_000


# Changed papers


def other_seal(paper: Json) -> None:
    paper["newest"] = (
        paper["newest"][:200] + ("0" if paper["newest"][200] != "0" else "1") + paper["newest"][201:]
    )


def set_in(*path: Any, value: Any) -> Change:
    def change(paper: Json) -> None:
        inner: Any = paper
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value

    return change


CONSENT_LIES: dict[str, tuple[Change, str]] = {
    "another sentence": (set_in("terms", "statement", value="I allow lab to sell my data."), "consent.terms"),
    "another recipient": (set_in("terms", "recipient", value="mallory"), "consent.terms"),
    "another date": (set_in("terms", "until", value="2027-01-01"), "consent.terms"),
    "another end": (set_in("terms", "validUntil", value=1_893_456_000), "consent.terms"),
    "another id": (set_in("consent", value="0x" + "11" * 32), "consent.terms"),
    "another commitment": (set_in("own", "commitment", value="0x" + "11" * 32), "consent.terms"),
    "another signature": (set_in("signature", "r", value="0x" + "11" * 32), "consent.signatures"),
    "another countersignature": (
        set_in("countersignature", "r", value="0x" + "11" * 32),
        "consent.signatures",
    ),
    "no countersignature": (set_in("countersignature", "r", value="0x" + "00" * 32), "consent.signatures"),
    "an objection": (set_in("objection", value=True), "consent.ledger"),
    "evidence of another log": (set_in("granted", "log", value=1), "consent.ledger"),
    "evidence of no log": (set_in("granted", "log", value=99), "consent.ledger"),
    "evidence of another transaction": (set_in("granted", "transaction", value=1), "consent.ledger"),
    "evidence without its proof": (set_in("granted", "proof", value=[]), "consent.ledger"),
    "a revocation that is a grant": (
        lambda paper: paper.update(revoked=paper["granted"]),
        "consent.ledger",
    ),
    "an unsealed newest block": (other_seal, "paper.seals"),
    "another genesis": (lambda paper: paper.update(genesis=paper["newest"]), "paper.city"),
    "an unknown field": (set_in("extra", value=1), "consent.ledger"),
    "a field of another kind": (set_in("terms", "useCase", value="1"), "consent.ledger"),
    "a header that is none": (set_in("granted", "header", value="0xc0"), "consent.ledger"),
}


@pytest.mark.parametrize("kind", CONSENT_LIES)
def test_a_changed_consent_receipt_is_named(kind: str, honest: Honest, check: Callable[..., Report]) -> None:
    change, wanted = CONSENT_LIES[kind]
    receipt = papers.consent_receipt(honest, honest.happened.given[8])
    change(receipt)

    report = check(receipt)

    assert report.exit is Exit.WRONG
    assert report[wanted].finding is not None


def test_a_countersignature_of_a_stranger_is_named(honest: Honest, check: Callable[..., Report]) -> None:
    given = honest.happened.given[8]
    receipt = papers.consent_receipt(honest, given)
    domain = honest.town.city.domains.consents
    digest = countersignature_digest(domain, given.terms.use_case, given.own.commitment, given.consent.id)
    receipt["countersignature"] = papers.compact_form(signed(LocalSigner.fresh(), digest))

    report = check(receipt)

    assert "whom the city never trusted as registrar" in str(report["consent.signatures"].finding)


PURCHASE_LIES: dict[str, tuple[Change, str]] = {
    "another cap": (set_in("quote", "cap", value="1"), "order.quote"),
    "another request": (set_in("quote", "request", value="0x" + "11" * 32), "order.quote"),
    "another order": (set_in("order", value="0x" + "11" * 32), "order.quote"),
    "a higher charge": (set_in("paid", "charge", value="10000000"), "order.paid"),
    "less back": (set_in("paid", "back", value="1"), "order.paid"),
    "parts that are not the whole": (set_in("paid", "shares", 0, "amount", value="1"), "order.paid"),
    "a part that is not its share": (set_in("paid", "shares", 1, "basisPoints", value=9_999), "order.paid"),
    "no statement": (set_in("statement", value=None), "order.statement"),
    "a statement nobody signed": (set_in("statement", "signatures", value=[]), "order.statement"),
    "an amount that is none": (set_in("paid", "charge", value="1e3"), "order.statement"),
    "the opening as the end": (lambda paper: paper.update(ended=paper["opened"]), "order.statement"),
}


@pytest.mark.parametrize("kind", PURCHASE_LIES)
def test_a_changed_purchase_receipt_is_named(kind: str, honest: Honest, check: Callable[..., Report]) -> None:
    change, wanted = PURCHASE_LIES[kind]
    receipt = papers.purchase_receipt(honest, honest.happened.settled)
    change(receipt)

    report = check(receipt)

    assert report.exit is Exit.WRONG
    assert report[wanted].finding is not None


def test_a_statement_about_another_order_is_named(honest: Honest, check: Callable[..., Report]) -> None:
    receipt = papers.purchase_receipt(honest, honest.happened.settled)
    receipt["statement"] = papers.purchase_receipt(honest, honest.happened.settled_later)["statement"]

    assert "its statement says another" in str(check(receipt)["order.statement"].finding)


COHORT_LIES: dict[str, Change] = {
    "another index": lambda paper: paper["included"].update(index=paper["included"]["index"] ^ 1),
    "a longer path": lambda paper: paper["included"]["path"].append("0x" + "00" * 32),
    "both at once": set_in("excluded", value={"below": None, "above": None}),
    "neither": set_in("included", value=None),
    "excluded by nobody": lambda paper: paper.update(included=None, excluded={"below": None, "above": None}),
    "another consent": set_in("consent", value="0x" + "7f" * 32),
    "another order": set_in("order", value="0x" + "7f" * 32),
}


@pytest.mark.parametrize("kind", COHORT_LIES)
def test_a_changed_cohort_proof_is_named(kind: str, honest: Honest, check: Callable[..., Report]) -> None:
    proof = papers.cohort_proof(honest, honest.happened.settled, honest.happened.given[0].consent.id)
    COHORT_LIES[kind](proof)

    assert check(proof).exit is Exit.WRONG


def test_a_receipt_shows_a_rewritten_ledger(
    honest: Honest, town: Town, check: Callable[..., Report], tmp_path: Path
) -> None:
    """The holder's newest block is not in the chain that the node serves now."""
    (tmp_path / "paper.json").write_bytes(
        orjson.dumps(papers.consent_receipt(honest, honest.happened.given[8]))
    )

    report = examine(tmp_path / "paper.json", Node(town.devnet.rpc), None)

    assert report.exit in {Exit.WRONG, Exit.INCOMPLETE}
    chain = report["paper.chain"]
    assert "is not in the node's chain" in str(chain.finding) or "does not have block" in chain.gap


def test_a_receipt_is_of_nobodys_city_until_somebody_names_one(honest: Honest, tmp_path: Path) -> None:
    (tmp_path / "paper.json").write_bytes(
        orjson.dumps(papers.consent_receipt(honest, honest.happened.given[8]))
    )

    report = examine(tmp_path / "paper.json", Node(honest.ask), None)

    assert report.exit is Exit.INCOMPLETE
    assert [gap.id for gap in report.gaps] == ["paper.city"]


def test_another_city_than_the_expected_one_is_named(honest: Honest, check: Callable[..., Report]) -> None:
    report = check(papers.consent_receipt(honest, honest.happened.given[8]), city=bytes(32))

    assert report["paper.city"].finding is not None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"stoa": "ticket/1"}', b'{"stoa": "consent-receipt/1"}']
)
def test_what_is_no_paper_is_unreadable(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "paper.json").write_bytes(content)

    with pytest.raises(UnreadableError, match="INVALID"):
        examine(tmp_path / "paper.json", None, None)
