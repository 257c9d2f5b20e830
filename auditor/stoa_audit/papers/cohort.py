"""The cohort proof: that a consent was, or was not, among those that an order used."""

from stoa_audit.fields import Fields
from stoa_audit.merkle import Member, holds, lacks
from stoa_audit.papers.paper import Paper

FIELDS = ("stoa", "city", "genesis", "newest", "consent", "order", "settled", "included", "excluded")


def check_cohort(paper: Paper) -> None:
    fields = paper.fields.only(FIELDS)
    consent, order = fields.digest("consent"), fields.digest("order")
    place = f"consent {fields.text('consent')}, order {fields.text('order')}"
    _, settled = paper.proven(fields.inner("settled"), "Settlement", ("OrderSettled",))
    paper.report["cohort.order"].expect(settled.values["id"] == order, place, "settled is another order")
    outcome = settled.values["outcome"]
    root, size = outcome["consentRoot"], outcome["cohortSize"]
    check = paper.report["cohort.proof"]
    included, excluded = fields.optional("included"), fields.optional("excluded")
    if (included is None) == (excluded is None):
        check.failed(place, "says both or neither of included and excluded")
    elif included is not None:
        member = _member(included.only(("index", "path")), consent)
        check.expect(holds(root, size, member), place, "is not shown to be in the cohort")
        check.notes.append(f"was used: one of {size} consents at block {outcome['consentBlock']}")
    elif excluded is not None:
        excluded.only(("above", "below"))
        below, above = _neighbour(excluded, "below"), _neighbour(excluded, "above")
        check.expect(
            lacks(root, size, consent, below, above), place, "is not shown to be outside of the cohort"
        )
        check.notes.append(f"was NOT used: not among {size} consents at block {outcome['consentBlock']}")


def _member(fields: Fields, leaf: bytes) -> Member:
    return Member(leaf, fields.whole("index"), tuple(fields.hex_list("path")))


def _neighbour(fields: Fields, name: str) -> Member | None:
    found = fields.optional(name)
    return None if found is None else _member(found.only(("index", "leaf", "path")), found.digest("leaf"))
