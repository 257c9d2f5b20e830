"""Cohorts: whose consents each answer used, computed again from the ledger alone."""

from collections.abc import Iterator

from stoa_audit.digests import ZERO, hexed
from stoa_audit.merkle import ordered_root
from stoa_audit.report import Report
from stoa_audit.world import Order, OrderState, UseCase, World


def check_cohorts(world: World, report: Report) -> None:
    check = report["orders.cohort"]
    known: dict[tuple[int, int], tuple[bytes, int]] = {}
    for order in settled_orders(world):
        place = f"order {hexed(order.id)}"
        fault = _fault(world, order, known)
        check.expect(fault is None, place, fault or "")
    check.covered = f"{check.count + check.wrong} settled orders, {len(known)} cohorts"
    check.ran = True


def settled_orders(world: World) -> Iterator[Order]:
    return (order for order in world.orders.values() if order.state == OrderState.SETTLED)


def _fault(world: World, order: Order, known: dict[tuple[int, int], tuple[bytes, int]]) -> str | None:
    assert order.outcome is not None
    assert order.ended_in is not None
    outcome = order.outcome
    use_case = world.use_cases[world.licences[order.terms["licence"]].use_case]
    block = outcome["consentBlock"]
    if not order.opened_in <= block <= order.ended_in:
        return f"reads consents at block {block}, which is not between its opening and its settlement"
    if not use_case.personal:
        empty = outcome["consentRoot"] == ZERO and outcome["cohortSize"] == 0
        return None if empty else "names a cohort although its use case is not about persons"
    root, size = _cohort(world, use_case.number, block, known)
    if size != outcome["cohortSize"]:
        return f"names a cohort of {outcome['cohortSize']}, at block {block} {size} consents were in force"
    if root != outcome["consentRoot"]:
        return f"names another root than that of the {size} consents in force at block {block}"
    agreed = sum(not one.grant["objection"] for one in world.in_force(use_case.number, block))
    if needs_consents(use_case) and agreed < use_case.minimum_cohort:
        return f"was answered over {agreed} consents, the decision asks for {use_case.minimum_cohort}"
    return None


def needs_consents(use_case: UseCase) -> bool:
    """Whether nobody's rows can be used without her consent. On another legal ground everybody's are, but those of
    whoever objects: that enough people are left is the gate's to see, for the ledger does not know how many there are.
    """
    return use_case.required_scope != 0 or use_case.objection_scope == 0


def _cohort(
    world: World, use_case: int, block: int, known: dict[tuple[int, int], tuple[bytes, int]]
) -> tuple[bytes, int]:
    if (use_case, block) not in known:
        ids = world.cohort(use_case, block)
        known[use_case, block] = ordered_root(ids), len(ids)
    return known[use_case, block]


def check_open_orders(world: World, report: Report, grace: int) -> None:
    """An order that is neither settled nor refunded has time left. Anyone may refund it from its deadline on."""
    check = report["orders.ended"]
    now = world.times[-1]
    waiting = [order for order in world.orders.values() if order.state == OrderState.ESCROWED]
    for order in waiting:
        place, overdue = f"order {hexed(order.id)}", now - order.terms["deadline"]
        check.expect(
            overdue < grace, place, f"is open {overdue} s after its deadline: not settled, not refunded"
        )
        if 0 <= overdue < grace:
            check.notes.append(f"{place} is {overdue} s past its deadline: anyone may refund it")
    ended = len(world.orders) - len(waiting)
    check.covered = f"{ended} ended, {len(waiting)} open"
