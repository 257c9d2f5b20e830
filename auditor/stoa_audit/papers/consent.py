"""The consent receipt: both halves, both signatures, and the block that took it."""

import unicodedata
from typing import Any

from stoa_audit.abi_words import decoded
from stoa_audit.contracts import contract_abi
from stoa_audit.digests import hexed, keccak, unhexed
from stoa_audit.fields import Fields
from stoa_audit.node import Node
from stoa_audit.papers.paper import Paper, Proven
from stoa_audit.rules.consents import CONSENT, COUNTERSIGNATURE, last_day
from stoa_audit.signatures import signer_of, struct_hash

FIELDS = (
    *("stoa", "city", "genesis", "newest", "consent", "terms", "own", "objection"),
    *("signature", "countersignature", "granted", "revoked"),
)
SENTENCES = ("statement", "recipient", "until")
TERMS = (*SENTENCES, "useCase", "scope", "validUntil", "deadline")
OWN = ("signer", "commitment", "revocationHash")


def check_consent(paper: Paper) -> None:
    fields = paper.fields.only(FIELDS)
    terms, own = _terms(fields.inner("terms")), _own(fields.inner("own"))
    id_, place = fields.digest("consent"), f"consent {fields.text('consent')}"
    domain = paper.city.domain("Consents")
    digest = domain.digest(struct_hash(CONSENT, [*terms.values(), *own.values()]))
    check = paper.report["consent.terms"]
    check.expect(digest == id_, place, f"its sentences and numbers make {hexed(digest)}")
    date = fields.inner("terms").text("until")
    check.expect(last_day(terms["validUntil"]) == date, place, f"does not end on {date}")
    _check_signatures(paper, id_, terms, own, place)
    _, granted = paper.proven(fields.inner("granted"), "Consents", ("ConsentGranted",))
    expected = {"id": id_, **terms, **own, "objection": fields.flag("objection")}
    _check_event(paper, granted, expected, place)
    check, revoked = paper.report["consent.ledger"], fields.optional("revoked")
    if revoked is None:
        check.notes.append(
            f"granted in block {granted.header.number}, not revoked when this receipt was made"
        )
    else:
        _, ended = paper.proven(revoked, "Consents", ("ConsentRevoked",))
        _check_event(paper, ended, {"id": id_, "useCase": terms["useCase"]}, place)
        check.notes.append(
            f"granted in block {granted.header.number}, revoked in block {ended.header.number}"
        )
    if paper.node is not None:
        check.notes.append(_now(paper, paper.node, id_))


def _now(paper: Paper, node: Node, id_: bytes) -> str:
    """How the consent stands today, by the node's word."""
    function = contract_abi("Consents").function_named["consent"]
    asked = {"to": paper.city.addresses["Consents"], "data": hexed(function.selector + id_)}
    answer = node.ask("eth_call", asked, "latest")
    said = decoded(function.outputs, unhexed(str(answer), "the node's answer"), "the node's answer")["_0"]
    ended = f"revoked in block {said['revokedIn']}" if said["revokedIn"] else "not revoked"
    return f"by the node's word, today: {ended}, valid until {said['validUntil']} (unix seconds)"


def _terms(fields: Fields) -> dict[str, Any]:
    """As the ledger knows them: sentences by their hashes."""
    fields.only(TERMS)
    sentences = {name: keccak(unicodedata.normalize("NFC", fields.text(name)).encode()) for name in SENTENCES}
    return {**sentences, **{name: fields.whole(name) for name in TERMS[len(SENTENCES) :]}}


def _own(fields: Fields) -> dict[str, Any]:
    fields.only(OWN)
    return {
        "signer": fields.address("signer"),
        "commitment": fields.digest("commitment"),
        "revocationHash": fields.digest("revocationHash"),
    }


def _check_signatures(
    paper: Paper, id_: bytes, terms: dict[str, Any], own: dict[str, Any], place: str
) -> None:
    check, domain = paper.report["consent.signatures"], paper.city.domain("Consents")
    signature = paper.fields.optional("signature")
    if signature is None:
        check.notes.append("sent by the citizen's own key: the receipt carries no signature of hers")
    else:
        signer = _signer(signature, id_)
        check.expect(signer == own["signer"], place, f"was signed by {signer or 'nobody'}")
    digest = domain.digest(struct_hash(COUNTERSIGNATURE, [terms["useCase"], own["commitment"], id_]))
    registrar = _signer(paper.fields.inner("countersignature"), digest)
    paper.expect_trusted(check, "registrar", registrar, place)


def _signer(fields: Fields, digest: bytes) -> str | None:
    fields.only(("r", "vs"))
    return signer_of(digest, fields.digest("r"), fields.digest("vs"))


def _check_event(paper: Paper, proven: Proven, expected: dict[str, Any], place: str) -> None:
    for name, value in expected.items():
        paper.report["consent.ledger"].expect(
            proven.values[name] == value,
            place,
            f"{name} is {_shown(value)}, the ledger says {_shown(proven.values[name])}",
        )


def _shown(value: Any) -> str:
    return hexed(value) if isinstance(value, bytes) else str(value)
