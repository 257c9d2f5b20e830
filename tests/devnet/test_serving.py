"""The chain as a process: over HTTP, from the command line."""

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError

from ledger.devnet.chain import Devnet
from ledger.devnet.server import listening_socket
from tests.devnet.contracts import DEEP, LOOP, REFUSED, REGISTER, REGISTER_ABI, word
from tests.devnet.people import Person, ask
from tests.devnet.running import OPEN, Running, running, spawn, start

REPOSITORY = Path(__file__).parents[2]
SOMEBODY = "0x" + "11" * 20


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    with running(tmp_path_factory.mktemp("chain")) as started:
        yield started


@pytest.fixture(scope="module")
def w3(chain: Running) -> Web3:
    return Web3(HTTPProvider(chain.url))


def test_web3_deploys_calls_and_reads_an_event(w3: Web3) -> None:
    lab = Account.create()
    w3.eth.default_account = lab.address

    def send(built: Any) -> Any:
        fields = {"from": lab.address, "nonce": w3.eth.get_transaction_count(lab.address)}
        signed = lab.sign_transaction(built.build_transaction(fields))
        return w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction))

    deployed = send(w3.eth.contract(abi=REGISTER_ABI, bytecode=REGISTER).constructor())
    register = w3.eth.contract(address=deployed["contractAddress"], abi=REGISTER_ABI)
    receipt = send(register.functions.keep(5, 7))

    assert register.functions.get(5).call() == 7
    assert [dict(event["args"]) for event in register.events.Kept().get_logs(from_block=0)] == [
        {"key": 5, "value": 7}
    ]
    assert receipt["effectiveGasPrice"] == 0
    with pytest.raises(ContractCustomError) as refusal:
        register.functions.keep(0, 1).call()
    assert refusal.value.data == "0x" + (REFUSED + word(0)).hex()


def test_web3_reads_what_it_knows_how_to_read(w3: Web3) -> None:
    head = w3.eth.get_block("latest", full_transactions=True)

    assert w3.is_connected()
    assert w3.eth.chain_id == 1337042
    assert w3.eth.get_block(head["number"], full_transactions=True) == head
    assert w3.eth.fee_history(1, "latest")["baseFeePerGas"] == [0, 0]
    assert w3.eth.max_priority_fee == 0
    assert w3.eth.get_proof(w3.to_checksum_address(SOMEBODY), [0])["accountProof"]


def post(chain: Running, body: bytes | str, method: str = "POST", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(chain.url).netloc, timeout=10)
    connection.request(method, "/", body, {"Content-Type": "application/json"} | headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


CHAIN_ID = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"})


@pytest.mark.parametrize(
    ("status", "body", "method", "headers"),
    [
        (200, CHAIN_ID, "POST", {}),
        (200, b"\x00\xff junk", "POST", {}),
        (200, b"", "POST", {}),
        (200, CHAIN_ID, "POST", {"Content-Type": "application/json; charset=utf-8"}),
        (200, CHAIN_ID, "POST", {"Host": "localhost:8545"}),
        (204, '{"jsonrpc":"2.0","method":"eth_chainId"}', "POST", {}),
        (403, CHAIN_ID, "POST", {"Host": "evil.example"}),
        (405, b"", "GET", {}),
        (405, b"", "OPTIONS", {"Origin": "http://evil.example"}),
        (413, b"[" + b" " * 8_400_000 + b"]", "POST", {}),
        (415, CHAIN_ID, "POST", {"Content-Type": "text/plain"}),
    ],
)
def test_http_is_answered_with_a_fitting_status(
    chain: Running, status: int, body: bytes, method: str, headers: dict[str, str]
) -> None:
    got, answer = post(chain, body, method, **headers)

    assert got == status
    assert not answer or json.loads(answer)["jsonrpc"] == "2.0"


def test_reads_do_not_wait_behind_a_long_block(chain: Running) -> None:
    """A transaction that computes for seconds does not keep anybody from reading."""
    mallory = Person(chain.another().rpc)
    loop = mallory.deploy(LOOP)
    raw = mallory.sign(loop, gas=12_000_000)
    before = int(ask(chain.rpc, "eth_blockNumber"), 16)
    sending = threading.Thread(target=mallory.send_raw, args=[raw])
    sending.start()
    time.sleep(0.3)

    waits: list[float] = []
    while sending.is_alive():
        asked_at = time.monotonic()
        ask(chain.rpc, "eth_getBalance", SOMEBODY, "latest")
        waits.append(time.monotonic() - asked_at)

    assert int(ask(chain.rpc, "eth_blockNumber"), 16) == before + 1
    assert len(waits) > 5
    assert sorted(waits)[len(waits) // 2] < 0.25


def test_deep_calls_do_not_break_the_process(chain: Running) -> None:
    deep = Person(chain.rpc).deploy(DEEP)

    assert ask(chain.rpc, "eth_call", {"to": deep, "gas": hex(30_000_000)}) == "0x"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_chain_says_one_sentence_and_exits_0(tmp_path: Path, how: signal.Signals) -> None:
    chain = start(tmp_path)
    Person(chain.rpc).send(SOMEBODY)

    code, output, errors = chain.stop(how)

    assert code == 0
    assert output == "Stopped. Everything that was acknowledged is in the folder; start again to go on.\n"
    assert errors == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "PORT"], "Choose another with --port"),
        (["--folder", "IN_USE", "--port", "0"], "Stop it first"),
        (["--folder", "FILE", "--port", "0"], "Choose another --folder"),
        (["--genesis", "FILE", "--port", "0"], "is not JSON"),
        (["--genesis", "nowhere.json", "--port", "0"], "cannot be read"),
    ],
)
def test_what_keeps_it_from_starting_is_one_sentence(
    chain: Running, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "file").write_text("{")
    places = {
        "PORT": str(urlsplit(chain.url).port),
        "IN_USE": chain.told["Folder"],
        "FILE": str(tmp_path / "file"),
    }
    child = spawn(["-m", "ledger.devnet", *(places.get(each, each) for each in arguments)], cwd=tmp_path)

    output, errors = child.communicate(timeout=20)

    assert child.returncode == 1
    assert output == ""
    assert said in errors
    assert errors.count("\n") == 1


def test_slow_signing_keeps_it_from_starting(tmp_path: Path) -> None:
    slow = {"ECC_BACKEND_CLASS": "eth_keys.backends.NativeECCBackend"}
    child = spawn(["-m", "ledger.devnet", "--folder", str(tmp_path), "--port", "0"], environment=slow)

    _, errors = child.communicate(timeout=20)

    assert child.returncode == 1
    assert "reinstall the coincurve package" in errors
    assert errors.count("\n") == 1


def test_a_full_disk_keeps_it_from_starting(tmp_path: Path) -> None:
    program = f"""if True:
        import resource, runpy, sys
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        sys.argv = ["devnet", "--folder", {str(tmp_path)!r}, "--port", "0"]
        runpy.run_module("ledger.devnet", run_name="__main__")
    """
    child = spawn(["-c", program])

    _, errors = child.communicate(timeout=20)

    assert child.returncode == 1
    assert "cannot be written: File too large" in errors
    assert errors.count("\n") == 1


def test_the_devnet_to_play_with_needs_no_setup(tmp_path: Path) -> None:
    child = spawn([str(REPOSITORY / "hardhat-free-devnet")], cwd=tmp_path, start_new_session=True)
    told: dict[str, str] = {}
    assert child.stdout is not None
    for line in child.stdout:
        name, _, value = line.partition(" ")
        told[name] = value.strip()
        if line.startswith("Stop with"):
            break
    chain = Running(child, told)

    assert Person(chain.rpc).send(SOMEBODY)["status"] == "0x1"
    assert told["Door"].startswith("open")
    assert (tmp_path / ".stoa" / "devnet" / "chain.sqlite").exists()
    assert urlsplit(told["URL"]).hostname == "127.0.0.1"
    assert chain.stop()[0] == 0


def test_the_start_button_opens_no_door_of_a_chain_that_is_there(tmp_path: Path) -> None:
    Devnet.open(tmp_path).close()

    with Devnet.open(tmp_path, first_door=OPEN) as devnet:
        assert str(devnet.door).startswith("shut")


def test_help_teaches() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "ledger.devnet", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    ).stdout

    for word_in_it in ("--folder", "--port", "door.json", "genesis.json", "maxFeePerGas 0"):
        assert word_in_it in said


def test_a_port_that_is_taken_by_default_gives_a_free_one() -> None:
    with listening_socket("127.0.0.1", None) as first, listening_socket("127.0.0.1", None) as second:
        assert first.getsockname()[1] != second.getsockname()[1]


def test_memory_of_an_idle_chain_stays_small(tmp_path: Path) -> None:
    with running(tmp_path) as chain:
        ask(chain.rpc, "eth_blockNumber")
        status = Path(f"/proc/{chain.child.pid}/status").read_text()

    kilobytes = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))
    assert kilobytes < 100_000


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    with running(tmp_path / "chain"):
        assert (tmp_path / "chain" / "keys" / "passphrase").stat().st_mode & 0o077 == 0
