"""Credit, tariffs, licences, orders and pots."""

from stoa_audit.digests import NOBODY, ZERO, hexed
from stoa_audit.replay.following import present, require
from stoa_audit.world import Happening, Licence, Movement, Order, OrderState, Tariff, World


def transferred(world: World, event: Happening) -> None:
    payer, payee, value = event.values["from"], event.values["to"], event.values["value"]
    if payer != NOBODY:
        rest = world.balances.get(payer, 0) - value
        require(rest >= 0, f"{payer} paid more than it had")
        world.balances[payer] = rest
    if payee != NOBODY:
        world.balances[payee] = world.balances.get(payee, 0) + value


def minted(world: World, event: Happening) -> None:
    _use_line(world, event.values["statementLine"])
    world.minted += event.values["amount"]
    _move(world, event, "minted", event.values["to"], hexed(event.values["statementLine"]))


def redeemed(world: World, event: Happening) -> None:
    _use_line(world, event.values["statementLine"])
    world.redeemed += event.values["amount"]
    _move(world, event, "redeemed", event.values["from"], hexed(event.values["statementLine"]))


def _use_line(world: World, line: bytes) -> None:
    require(
        any(line) and line not in world.statement_lines, f"bank statement line {hexed(line)} was used twice"
    )
    world.statement_lines.add(line)


def tariff_set(world: World, event: Happening) -> None:
    number, terms = event.values["tariff"], event.values["terms"]
    require(number == len(world.tariffs) + 1, f"tariff {number} is not the next one")
    world.tariffs[number] = Tariff(number, terms, event.place.block)
    world.current[terms["useCase"], terms["class"]] = number


def licence_issued(world: World, event: Happening) -> None:
    values = event.values
    number = values["id"]
    require(number == len(world.licences) + 1, f"licence {number} is not the next one")
    world.licences[number] = Licence(
        number=number,
        use_case=values["useCase"],
        licensee=values["licensee"],
        starts_at=event.place.timestamp,
        ends_at=values["endsAt"],
        quota=values["quota"],
        discount=values["discount"],
        terms=values["terms"],
        issued_in=event.place.block,
    )


def licence_bought(world: World, event: Happening) -> None:
    values = event.values
    licence = present(world.licences.get(values["licence"]), f"licence {values['licence']} never was")
    tariff = present(world.tariffs.get(values["tariff"]), f"tariff {values['tariff']} never was")
    require(
        licence.price is None and licence.licensee == values["buyer"],
        f"licence {licence.number} was bought twice, or by somebody else than its holder",
    )
    licence.tariff, licence.price, licence.quote = values["tariff"], values["price"], values["quote"]
    tariff.earned += values["price"]


def licence_terminated(world: World, event: Happening) -> None:
    number = event.values["id"]
    licence = present(world.licences.get(number), f"licence {number} never was")
    require(licence.terminated_in is None, f"licence {number} was terminated twice")
    licence.terminated_in = event.place.block
    world.reasons.append((event.values["reason"], f"terminating licence {number}"))


def order_opened(world: World, event: Happening) -> None:
    values = event.values
    id_ = values["id"]
    require(id_ not in world.orders, f"order {hexed(id_)} was opened twice")
    require(values["licence"] in world.licences, f"order {hexed(id_)} names a licence that never was")
    require(values["tariff"] in world.tariffs, f"order {hexed(id_)} names a tariff that never was")
    world.orders[id_] = Order(id_, values, event.place.block, event.place.timestamp)
    world.licences[values["licence"]].used += 1


def order_settled(world: World, event: Happening) -> None:
    values = event.values
    order = _escrowed(world, event)
    order.state, order.charge, order.outcome = OrderState.SETTLED, values["charge"], values["outcome"]
    require(values["charge"] <= order.terms["cap"], f"order {hexed(order.id)} was charged above its cap")
    _end(order, event)
    world.tariffs[values["tariff"]].earned += values["charge"]
    _credit(world, order.terms["buyer"], order.terms["cap"] - values["charge"])


def order_refunded(world: World, event: Happening) -> None:
    order = _escrowed(world, event)
    order.state, order.reason = OrderState.REFUNDED, event.values["reason"]
    _end(order, event)
    world.reasons.append((order.reason or ZERO, f"refunding order {hexed(order.id)} early"))
    world.licences[order.terms["licence"]].used -= 1
    _credit(world, order.terms["buyer"], event.values["amount"])


def withdrawn(world: World, event: Happening) -> None:
    account, amount = event.values["account"], event.values["amount"]
    require(0 < amount <= world.credits.get(account, 0), f"{account} withdrew more than its credit")
    _credit(world, account, -amount)
    _move(world, event, "withdrawn", account, "")


def share_withdrawn(world: World, event: Happening) -> None:
    values = event.values
    tariff = present(world.tariffs.get(values["tariff"]), f"tariff {values['tariff']} never was")
    require(values["party"] in tariff.parties, f"tariff {tariff.number} has no party {values['party']}")
    party = values["party"]
    tariff.divide()
    tariff.released[party] = tariff.released.get(party, 0) + values["amount"]
    _move(world, event, "share", values["account"], f"{values['tariff']}/{party}")


def reconciled(world: World, event: Happening) -> None:
    _credit(world, event.values["payer"], event.values["amount"])
    _move(world, event, "reconciled", event.values["payer"], hexed(event.values["evidence"]))


def paused(world: World, _event: Happening) -> None:
    world.sales_paused = True


def unpaused(world: World, _event: Happening) -> None:
    world.sales_paused = False


def _escrowed(world: World, event: Happening) -> Order:
    id_ = event.values["id"]
    order = present(world.orders.get(id_), f"order {hexed(id_)} ended without being opened")
    require(order.state == OrderState.ESCROWED, f"order {hexed(id_)} ended twice")
    require(
        order.terms["licence"] == event.values["licence"], f"order {hexed(id_)} ended under another licence"
    )
    return order


def _end(order: Order, event: Happening) -> None:
    place = event.place
    order.ended_in, order.ended_at, order.ended_index = place.block, place.timestamp, place.index


def _credit(world: World, account: str, amount: int) -> None:
    if amount:
        world.credits[account] = world.credits.get(account, 0) + amount


def _move(world: World, event: Happening, kind: str, account: str, reference: str) -> None:
    place = event.place
    world.movements.append(
        Movement(place.block, place.index, kind, account, event.values["amount"], reference)
    )
