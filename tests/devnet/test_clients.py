"""Programs that others wrote act in a city over JSON-RPC: viem, ethers, web3.py and Foundry's cast."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rlp

from api.founding import OPEN_CALLS
from contracts.toolchain.compiler import TOOLCHAIN
from ledger.abi import Call
from ledger.artifacts import artifact
from ledger.deploy import function_selector
from ledger.digests import hexed, unhexed
from ledger.keys import LocalSigner
from ledger.transactions import sign_transaction
from tests.devnet.listening_city import ListeningCity, listening_city
from tests.devnet.people import RpcFailure, ask
from tests.devnet.test_proofs import account_in, proven

CLIENTS = Path(__file__).parent / "clients"
CAST = TOOLCHAIN / "node_modules/@foundry-rs/cast-linux-amd64/bin/cast"
SECONDS = 120

PROGRAMS = {
    "viem": ["node", str(CLIENTS / "viem.mjs")],
    "ethers": ["node", str(CLIENTS / "ethers.mjs")],
    "web3.py": [sys.executable, str(CLIENTS / "web3py.py")],
}


@dataclass
class Acted:
    """What a client was given, and what it says it saw."""

    task: dict[str, Any]
    saw: dict[str, Any]

    @property
    def ids(self) -> list[str]:
        return self.saw["granted"]["ids"]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Generator[ListeningCity]:
    with listening_city(tmp_path_factory.mktemp("city")) as listening:
        yield listening


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("viem", marks=pytest.mark.toolchain),
        pytest.param("ethers", marks=pytest.mark.toolchain),
        "web3.py",
    ],
)
def acted(request: pytest.FixtureRequest, city: ListeningCity) -> Acted:
    if request.param != "web3.py" and not (CLIENTS / "node_modules" / request.param).is_dir():
        pytest.skip(f"{request.param} is not installed: npm ci --prefix tests/devnet/clients")
    task = city.task()
    done = subprocess.run(
        PROGRAMS[request.param],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Acted(task, json.loads(done.stdout))


def runtime(code: str) -> bytes:
    return artifact("CityCredit").masked(unhexed(code))


def test_the_lock_file_of_the_clients_names_no_registry_host_and_pins_every_package() -> None:
    packages = json.loads((CLIENTS / "package-lock.json").read_text())["packages"]
    del packages[""]

    assert all("integrity" in package and "resolved" not in package for package in packages.values())


def test_a_client_deploys_a_contract_and_reads_it(acted: Acted) -> None:
    deployed = acted.saw["deployed"]

    assert acted.saw["chainId"] == acted.task["chainId"]
    assert (deployed["name"], deployed["decimals"]) == ("Stoa City Credit", 6)
    assert runtime(deployed["code"]) == runtime(hexed(artifact("CityCredit").runtime))


def test_a_client_grants_and_revokes_with_transactions_that_it_signed_itself(
    acted: Acted, city: ListeningCity
) -> None:
    assert acted.saw["granted"]["statuses"] == [True, True]
    assert acted.saw["granted"]["inForce"] == [True, True]
    assert acted.saw["revoked"]["statuses"] == [True, True]
    assert acted.saw["revoked"]["inForce"] == [False, False]
    for id_ in acted.ids:
        slot = city.town.contracts.consents.consent(unhexed(id_))
        assert 0 < slot.granted_in < slot.revoked_in


def test_a_client_names_the_contract_s_own_errors_with_their_values(acted: Acted) -> None:
    refusals = acted.saw["refusals"]
    hers, his = acted.ids

    assert refusals["again"] == {"name": "ConsentExists", "values": [hers]}
    assert refusals["stranger"]["name"] == "NotTheSigner"
    assert refusals["stranger"]["values"][0] == hers
    assert refusals["wrongCode"] == {"name": "WrongRevocationCode", "values": [his]}
    assert refusals["mined"] is False


def test_an_estimate_is_the_least_gas_that_is_enough(acted: Acted) -> None:
    assert acted.saw["estimate"]["enough"] is True
    assert acted.saw["estimate"]["oneLess"] is False
    assert 21_000 < int(acted.saw["estimate"]["gas"]) < 40_000


def test_a_client_reads_filters_and_watches_events(acted: Acted) -> None:
    logs = acted.saw["logs"]

    assert logs["granted"] == acted.ids
    assert logs["byCode"] == 2
    assert logs["filtered"] == acted.ids
    assert logs["again"] == 0
    assert logs["uninstalled"] is True
    assert logs["watched"] == acted.ids


def test_what_a_client_is_told_about_a_slot_is_proven_from_the_state_root(
    acted: Acted, city: ListeningCity
) -> None:
    proof = acted.saw["proof"]
    told = proof["told"]
    account = {name: as_hex(value) for name, value in told.items() if not isinstance(value, list)}
    (slot,) = told["storageProof"]

    consents = unhexed(city.town.city.addresses["Consents"])
    assert proven(proof["stateRoot"], consents, told["accountProof"]) == account_in(account)
    found = proven(told["storageHash"], unhexed(proof["place"]), slot["proof"])
    assert int.from_bytes(rlp.decode(found)) == int(as_hex(slot["value"]), 16) != 0


def as_hex(value: str | int) -> str:
    """Clients show quantities as numbers, decimal digits or hex."""
    text = str(value)
    return text if text.startswith("0x") else hex(int(text))


def test_a_client_sends_its_questions_in_one_batch(acted: Acted) -> None:
    assert acted.saw["batch"] == {"answers": 20, "posted": 1}


def test_a_later_nonce_waits_and_cannot_be_replaced(acted: Acted) -> None:
    gap = acted.saw["gap"]

    assert gap["waits"] is not None
    assert gap["pending"] == 0
    assert "replacement transaction underpriced" in gap["replacement"]
    assert gap["mined"] == [True, True]
    assert "nonce too low" in gap["used"]


# cast: another language, another EVM


@pytest.fixture
def cast_program() -> str:
    found = str(CAST) if CAST.is_file() else shutil.which("cast")
    if found is None:
        pytest.skip("cast is not installed: npm ci --prefix contracts/toolchain")
    return found


@dataclass
class Cast:
    program: str
    url: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
            env=os.environ | {"ETH_RPC_URL": self.url, "NO_COLOR": "1"},
        )

    def said(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def cast(cast_program: str, city: ListeningCity) -> Cast:
    return Cast(cast_program, city.url)


FREE = ("--gas-price", "0", "--priority-gas-price", "0")
TERMS = "(bytes32,bytes32,bytes32,uint32,uint16,uint40,uint40)"
OWN = "(address,bytes32,bytes32)"
REVOKE_BY_CODE = f"revokeByCode({TERMS},{OWN},uint128)"


def shown(values: tuple[Any, ...]) -> str:
    return "(" + ",".join(hexed(each) if isinstance(each, bytes) else str(each) for each in values) + ")"


@pytest.mark.toolchain
def test_cast_takes_a_consent_back_and_executes_it_again_in_another_evm(
    city: ListeningCity, cast: Cast
) -> None:
    given = city.town.grant(city.town.terms(city.use_case))
    consents = city.town.city.addresses["Consents"]
    arguments = [REVOKE_BY_CODE, shown(given.terms), shown(given.own), str(given.code.value)]
    key = hexed(LocalSigner.fresh().secret)

    estimate = int(cast.said("estimate", consents, *arguments))
    raw = cast.said("mktx", consents, *arguments, "--private-key", key, "--gas-limit", str(estimate), *FREE)
    receipt = json.loads(cast.said("publish", raw))

    assert receipt["status"] == "0x1"
    assert cast.said("call", consents, "isInForce(bytes32)(bool)", hexed(given.consent.id)) == "false"
    again = cast.said("run", receipt["transactionHash"], "--quick")
    assert f"Gas used: {int(receipt['gasUsed'], 16)}" in again
    ended = json.loads(
        cast.said(
            "logs",
            "--json",
            "--address",
            consents,
            "--from-block",
            "0",
            "ConsentRevoked(bytes32 indexed,uint32 indexed,uint8,bytes32)",
            hexed(given.consent.id),
        )
    )
    assert [log["transactionHash"] for log in ended] == [receipt["transactionHash"]]


@pytest.mark.toolchain
def test_cast_decodes_the_contract_s_own_error(city: ListeningCity, cast: Cast) -> None:
    given = city.town.grant(city.town.terms(city.use_case))
    consents = city.town.city.addresses["Consents"]

    refused = cast.run("call", consents, f"revoke({TERMS},{OWN})", shown(given.terms), shown(given.own))

    assert refused.returncode != 0
    data = refused.stderr.partition('data: "')[2].partition('"')[0]
    decoded = cast.said("decode-error", "--sig", "NotTheSigner(bytes32,address)", data)
    assert decoded.splitlines()[0] == hexed(given.consent.id)


@pytest.mark.toolchain
def test_cast_deploys_and_proves_a_slot(city: ListeningCity, cast: Cast) -> None:
    code = hexed(artifact("CityCredit").creation_code(city.town.city.addresses["CityAccess"]))
    key = hexed(LocalSigner.fresh().secret)

    made = json.loads(cast.said("send", "--json", "--private-key", key, *FREE, "--create", code))

    credit = made["contractAddress"]
    assert cast.said("call", credit, "name()(string)") == '"Stoa City Credit"'
    given = city.town.grant(city.town.terms(city.use_case))
    place = cast.said("index", "bytes32", hexed(given.consent.id), str(city.consent_slot()))
    consents = city.town.city.addresses["Consents"]
    told = json.loads(cast.said("proof", consents, place))
    root = json.loads(cast.said("block", "latest", "--json"))["stateRoot"]
    assert proven(root, unhexed(consents), told["accountProof"]) == account_in(told)
    found = proven(told["storageHash"], unhexed(place), told["storageProof"][0]["proof"])
    assert int.from_bytes(rlp.decode(found)) == int(cast.said("storage", consents, place), 16) != 0


# The city's own door


def test_a_consent_is_taken_back_with_the_city_s_own_accounts_off_the_door_s_list(tmp_path: Path) -> None:
    """By raw transactions from accounts that nobody listed: her own key, and a stranger's who knows the code."""
    with listening_city(tmp_path) as city:
        town, contracts = city.town, city.town.contracts
        terms = town.terms(city.use_case)
        hers, his = town.grant(terms), town.grant(terms)
        open_calls = [
            {
                "contract": town.city.addresses[contract],
                "selectors": [hexed(function_selector(contract, function)) for function in functions],
            }
            for contract, functions in OPEN_CALLS.items()
        ]
        (tmp_path / "door.json").write_text(json.dumps({"senders": [], "open_calls": open_calls}))
        mallory = LocalSigner.fresh()

        with pytest.raises(RpcFailure) as shut:
            sent(city, town.keys["relay"], contracts.consents.grant_batch(terms, [town.consent(terms).grant]))
        revoked = sent(city, hers.signer, contracts.consents.revoke(terms, hers.own))
        carried = sent(city, mallory, contracts.consents.revoke_by_code(terms, his.own, his.code.value))

        assert shut.value.code == "door_closed"
        assert [revoked["status"], carried["status"]] == ["0x1", "0x1"]
        for given in (hers, his):
            assert contracts.consents.consent(given.consent.id).revoked_in > 0


def sent(city: ListeningCity, signer: LocalSigner, call: Call) -> dict[str, Any]:
    raw = sign_transaction(
        signer,
        chain_id=city.town.city.chain_id,
        nonce=city.town.node.nonce(signer.address),
        to=call.to,
        data=call.data,
        gas=300_000,
    ).raw
    digest = ask(city.chain.rpc, "eth_sendRawTransaction", hexed(raw))
    return ask(city.chain.rpc, "eth_getTransactionReceipt", digest)
