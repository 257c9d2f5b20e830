"""The purchase receipt: what was quoted, paid, answered and charged, and who got which part."""

from typing import Any

from stoa_audit import dsse
from stoa_audit.digests import canonical, hexed
from stoa_audit.fields import Fields
from stoa_audit.papers.paper import Paper, Proven
from stoa_audit.rules.payments import ORDER_QUOTE
from stoa_audit.signatures import struct_hash

FIELDS = ("stoa", "city", "genesis", "newest", "order", "quote", "opened", "ended", "statement", "paid")


def check_purchase(paper: Paper) -> None:
    fields = paper.fields.only(FIELDS)
    order, place = fields.digest("order"), f"order {fields.text('order')}"
    quote = _quote(fields.inner("quote"))
    check = paper.report["order.quote"]
    id_ = struct_hash(ORDER_QUOTE, list(quote.values()))
    check.expect(id_ == order, place, f"its quote makes {hexed(id_)}")
    _, opened = paper.proven(fields.inner("opened"), "Settlement", ("OrderOpened",))
    for name, value in {**quote, "id": order}.items():
        if name != "salt":
            check.expect(opened.values[name] == value, place, f"{name} differs from what the ledger says")
    name, ended = paper.proven(fields.inner("ended"), "Settlement", ("OrderSettled", "OrderRefunded"))
    paper.report["order.ended"].expect(ended.values["id"] == order, place, "ended is another order")
    settled = name == "OrderSettled"
    _check_paid(paper, quote["cap"], ended, place, settled=settled)
    _check_statement(paper, ended, place, settled=settled)


def _quote(fields: Fields) -> dict[str, Any]:
    fields.only(("licence", "tariff", "request", "cap", "deadline", "salt"))
    return {
        "licence": fields.whole("licence"),
        "tariff": fields.whole("tariff"),
        "request": fields.digest("request"),
        "cap": fields.amount("cap"),
        "deadline": fields.whole("deadline"),
        "salt": fields.digest("salt"),
    }


def _check_paid(paper: Paper, cap: int, ended: Proven, place: str, *, settled: bool) -> None:
    """Charge and what came back are the cap; the parts are the charge, to the micro-credit."""
    check = paper.report["order.paid"]
    paid = paper.fields.inner("paid").only(("back", "cap", "charge", "shares"))
    charge = ended.values["charge"] if settled else 0
    check.expect(paid.amount("cap") == cap, place, "its cap is not that of the quote")
    check.expect(paid.amount("charge") == charge, place, f"was charged {charge}, the receipt says otherwise")
    check.expect(
        paid.amount("back") == cap - charge, place, f"{cap - charge} came back, the receipt says otherwise"
    )
    shares = [
        Fields(entry, f"{paid.place}, share {index}").only(("amount", "basisPoints", "party"))
        for index, entry in enumerate(paid.list("shares"))
    ]
    whole = sum(share.amount("amount") for share in shares)
    check.expect(whole == charge, place, f"its parts are {whole} and not {charge}")
    payees = [share for share in shares if share.whole("party") != 0]
    for share in payees:
        due = charge * share.whole("basisPoints") // 10_000
        check.expect(share.amount("amount") == due, place, f"party {share.whole('party')} is due {due}")
    if not settled:
        back = ended.values["amount"]
        paper.report["order.ended"].expect(back == cap, place, f"{back} of {cap} were refunded")


def _check_statement(paper: Paper, ended: Proven, place: str, *, settled: bool) -> None:
    check = paper.report["order.statement"]
    envelope = paper.fields.optional("statement")
    if envelope is None or not settled:
        check.expect(envelope is None and not settled, place, "has a statement exactly if it was settled")
        return
    payload, keys = dsse.opened(envelope)
    paper.expect_trusted(check, "attestor", hexed(keys[0]) if keys else None, place)
    said = Fields.parsed(payload, envelope.place)
    check.expect(
        canonical(said.document, said.place) == payload, place, "its statement is not canonical JSON"
    )
    predicate = said.inner("predicate")
    outcome = ended.values["outcome"]
    expected = {
        "order": hexed(ended.values["id"]),
        "licence": ended.values["licence"],
        "tariff": ended.values["tariff"],
        "charge": str(ended.values["charge"]),
        "units": outcome["units"],
        "result": hexed(outcome["result"]),
        "manifest": hexed(outcome["manifest"]),
        "consentBlock": outcome["consentBlock"],
        "consentRoot": hexed(outcome["consentRoot"]),
        "cohortSize": outcome["cohortSize"],
        "city": hexed(paper.city.digest),
        "request": paper.fields.inner("quote").text("request"),
    }
    for name, value in expected.items():
        check.expect(
            predicate.document.get(name) == value, place, f"its statement says another {name} than the ledger"
        )
