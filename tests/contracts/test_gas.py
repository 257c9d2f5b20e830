"""Gas: what each operation costs, that it stays so, and that it does not depend on how many citizens there are.

Gas is not money here, it is how much a block can hold. `python -m tests.contracts.gas_snapshot --write` accepts new
figures; `python -m benchmarks.gas_growth` measures with 10,000 consents, licences and orders.
"""

import json
from typing import Any

import pytest

from ledger.artifacts import FOLDER, artifact
from ledger.deploy import ORDER
from tests.contracts import gas_snapshot
from tests.contracts.gas import ALLOWED_GROWTH, OPERATIONS, measured, stage_with
from tests.town import Town

MANY = 100
"""Enough to see growth: whatever reads one more slot per consent, licence or order costs 2,100 gas more for each of
them, and a tree or a list of levels at least two more slots per doubling."""

BETWEEN_CONTRACTS = {"UseCases.setApplicantFrozen", "Licences.issue", "Licences.useOnce", "Licences.giveBack"}
"""Called within another verb, and measured there."""
STANDARD = {
    "CityCredit.approve",
    "CityCredit.cancelAuthorization",
    "CityCredit.receiveWithAuthorization",
    "CityCredit.transfer",
    "CityCredit.transferFrom",
    "CityCredit.transferWithAuthorization",
    "Licences.approve",
    "Licences.safeTransferFrom",
    "Licences.setApprovalForAll",
    "Licences.transferFrom",
}
"""OpenZeppelin's, unchanged."""

names = pytest.mark.parametrize("name", [each.name for each in OPERATIONS])


@pytest.fixture(scope="module")
def few(founded_town: Town) -> dict[str, int]:
    """Gas by operation where one consent, one licence and one order exist."""
    with stage_with(founded_town, 1) as stage:
        return measured(stage)


@pytest.fixture(scope="module")
def many(founded_town: Town) -> dict[str, int]:
    with stage_with(founded_town, MANY) as stage:
        return measured(stage)


@names
def test_an_operation_costs_what_the_snapshot_says(few: dict[str, int], name: str) -> None:
    committed = gas_snapshot.read().get(name)

    assert not gas_snapshot.has_moved(few[name], committed), (
        f"{name} costs {few[name]:,}, the snapshot says {committed}. If that is meant: "
        "python -m tests.contracts.gas_snapshot --write"
    )


def test_the_snapshot_names_no_other_operation() -> None:
    assert list(gas_snapshot.read()) == [each.name for each in OPERATIONS]


@pytest.mark.parametrize("name", gas_snapshot.BUDGETS)
def test_an_operation_keeps_its_budget(few: dict[str, int], name: str) -> None:
    assert few[name] <= gas_snapshot.BUDGETS[name]


@names
def test_no_operation_grows_with_consents_licences_or_orders(
    few: dict[str, int], many: dict[str, int], name: str
) -> None:
    assert abs(many[name] - few[name]) <= ALLOWED_GROWTH


def storage_layout(contract: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{contract}.json").read_text("utf-8"))["storageLayout"]


def test_the_ledger_keeps_no_list_that_grows() -> None:
    """A mapping cannot be walked. The only list in storage is that of a tariff's payees, of which there are four."""
    lists = [
        (contract, kind)
        for contract in ORDER
        for kind, layout in storage_layout(contract)["types"].items()
        if layout["encoding"] == "dynamic_array"
    ]

    assert [contract for contract, _ in lists] == ["Settlement"]
    assert "struct(Payee)" in lists[0][1]


def test_every_verb_of_the_contracts_is_measured() -> None:
    verbs = {
        f"{contract}.{entry['name']}"
        for contract in ORDER
        if contract != "CityAccess"
        for entry in artifact(contract).abi
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }
    others = BETWEEN_CONTRACTS | STANDARD | {f"{contract}.setAuthority" for contract in ORDER}

    assert verbs - others == {each.verb for each in OPERATIONS}
    assert verbs >= BETWEEN_CONTRACTS | STANDARD


def test_the_page_shows_the_snapshot() -> None:
    page = gas_snapshot.PAGE.read_text("utf-8")

    assert page == gas_snapshot.page_with(page, gas_snapshot.read())


@pytest.mark.parametrize(
    ("now", "before", "moved"),
    [
        (102_000, 100_000, False),
        (98_000, 100_000, False),
        (102_001, 100_000, True),
        (97_999, 100_000, True),
        (100_000, None, True),
        (None, 100_000, True),
    ],
)
def test_two_percent_are_tolerated_and_no_more(now: int | None, before: int | None, moved: bool) -> None:
    assert gas_snapshot.has_moved(now, before) is moved
