"""What runs until it is stopped: the served city, its chain alone, and what neither may do."""

import json
import os
import shutil
import signal
import socket
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from api.home import Home
from api.processes import wait_for_port
from tests.cli.command import Service, Typed, contents, serving, stoa
from tests.cli.conftest import NOBODY, ports

OPEN = "Ctrl-C stops it."
KEPT = "The city is stopped and kept. `stoa serve` starts it again."


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a city that was opened, and stopped with Ctrl-C before it had done anything."""
    home = tmp_path_factory.mktemp("stopped") / "city"
    home.mkdir()
    (home / "settings.json").write_text(json.dumps(ports()))
    with serving(home, "serve", "--name", "Testopolis", until=OPEN) as service:
        assert service.stop(signal.SIGINT) == 0, service.said
    assert KEPT in service.said
    assert "Traceback" not in service.said
    assert service.said.splitlines()[:3] == [
        "Starting the chain.",
        "Founding the city: keys for its officers, and its contracts.",
        "Starting the registrar, the workers and the server.",
    ]
    return home


@pytest.fixture(scope="module")
def chain(stopped: Path) -> Generator[Path]:
    """The same city, its chain running alone."""
    port = Home.here(stopped).settings.node.rsplit(":", 1)[1]
    with serving(stopped, "devnet", "--port", port, until="Listening at"):
        yield stopped


def test_the_same_command_goes_on_with_the_kept_city_and_a_second_one_is_refused(
    stopped: Path, typed: Typed, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(stopped, tmp_path / "city"))
    with serving(home, "serve", until=OPEN) as service:
        assert f"Testopolis is open at {Home.here(home).settings.public}" in service.said
        assert "Starting the chain." in service.said
        assert "Founding" not in service.said
        typed(home, "serve").refused("city_in_use", f"`kill {service.child.pid} ")
        assert service.child.poll() is None
        assert service.stop(signal.SIGTERM) == 0
        assert KEPT in service.said


def test_ports_that_are_taken_are_left_to_whoever_has_them(stopped: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(stopped, tmp_path / "city"))
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = f"http://127.0.0.1:{somebody.getsockname()[1]}"
        settings = json.loads((home / "settings.json").read_text())
        (home / "settings.json").write_text(json.dumps({**settings, "public": taken, "node": taken}))
        with serving(home, "serve", until=OPEN):
            now = Home.here(home).settings
            assert taken not in (now.public, now.node)
            assert stoa(home, "city", "participants").done().text.endswith("1 Testopolis city active")


def test_keys_that_cannot_be_opened_end_the_city_with_the_reason(
    stopped: Path, tmp_path: Path, typed: Typed
) -> None:
    home = Path(shutil.copytree(stopped, tmp_path / "city"))
    (home / "keys" / "passphrase").write_text("not the one")

    said = stoa(home, "serve")

    assert said.code == 1
    assert "process_died: The city's workers ended with code 1." in said.err
    assert "key_file: " in said.err
    assert not Home.here(home).is_held("running")


def test_the_chain_alone_answers_and_what_needs_workers_waits(chain: Path, typed: Typed) -> None:
    assert "Its chain is running, at block" in typed(chain).done().text
    typed(chain, "ledger", "rebuild").refused("not_confirmed")
    assert "Rebuilt up to block" in stoa(chain, "ledger", "rebuild", "--yes").done().out
    assert "is what blocks up to" in stoa(chain, "ledger", "verify").done().out
    typed(chain, "city", "rule", "Counts are free.").refused("not_confirmed", "stoa serve", "Nothing is lost")


def test_a_row_that_was_changed_is_found_and_mended(chain: Path, typed: Typed) -> None:
    house = Home.here(chain).house()
    with house.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE participants SET account = '0x'")
    house.close()

    said = typed(chain, "ledger", "verify")
    assert said.code == 1
    assert "Not what the ledger says: participants. `stoa ledger rebuild` mends it." in said.text
    typed(chain, "ledger", "rebuild", "--yes").done()
    typed(chain, "ledger", "verify").done()


def test_a_node_of_another_ledger_is_refused(chain: Path, home: Path, typed: Typed) -> None:
    (home / "settings.json").write_text(
        json.dumps({"node": Home.here(chain).settings.node, "public": NOBODY})
    )
    before = contents(home)
    for line in (
        "",
        "city participants",
        "ledger verify",
        "audit verify",
        "workers",
        "citizen revoke --code 1K21-D2TF-1QWZ-T865-S3DM",
    ):
        typed(home, *line.split()).refused("wrong_ledger", "another ledger", "the city's own node")
    assert contents(home) == before


class Page(BaseHTTPRequestHandler):
    """Somebody's web page, which knows nothing of a ledger."""

    def do_POST(self) -> None:
        content = b'{"jsonrpc": "2.0", "id": 1, "result": "Hello"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_what_is_no_node_is_refused(home: Path, typed: Typed) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as page:
        threading.Thread(target=page.serve_forever).start()
        (home / "settings.json").write_text(json.dumps({"node": f"http://127.0.0.1:{page.server_port}"}))
        for line in ("", "city participants", "workers"):
            typed(home, *line.split()).refused("strange_node", "settings.json")
        page.shutdown()


def test_a_second_chain_in_the_same_folder_and_a_taken_port_are_refused(
    chain: Path, typed: Typed, tmp_path: Path
) -> None:
    port = Home.here(chain).settings.node.rsplit(":", 1)[1]
    typed(chain, "devnet", "--port", "0").refused("folder_in_use", "Stop it first")
    typed(tmp_path / "other", "devnet", "--port", port).refused("port_taken", "--port 0")
    typed(chain, "reset", "--yes").refused("city_in_use", "Stop")
    assert (chain / "city.json").exists()


def test_each_process_runs_alone_until_it_is_stopped(chain: Path) -> None:
    registrar = Service(chain, "registrar")
    registrar.says("The registrar's office is at")
    workers = Service(chain, "workers")
    server = Service(chain, "server")
    assert wait_for_port(Home.here(chain).settings.public, 60)
    for service, farewell in (
        (server, "The server has stopped."),
        (workers, "The workers have stopped."),
        (registrar, "The registrar's office is closed."),
    ):
        assert service.stop(signal.SIGINT) == 0, service.said
        assert farewell in service.said
        assert "Traceback" not in service.said


def test_reset_deletes_a_stopped_city_and_asks_before(stopped: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(stopped, tmp_path / "city"))
    assert "Delete the city in" in stoa(home, "reset", stdin="n\n").refused("not_confirmed").out
    assert (home / "city.json").exists()
    assert "The city is gone." in stoa(home, "reset", stdin="y\n").done().out
    assert not home.exists()
    assert "There is no city here" in stoa(home, "reset").done().out


@pytest.mark.parametrize("command", [("demo", "--once"), ("data", "fetch", "bikes")])
def test_without_a_network_there_is_one_sentence_with_the_next_step(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    home = tmp_path / "city"
    offline = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
    }

    said = stoa(home, *command, STOA_CACHE=str(tmp_path / "cache"), **offline)

    said.refused("sources_unreachable", "Check the network", "run the same command again")
    assert "127.0.0.1" not in said.err
    assert not Home.here(home).is_held("running")


def test_data_is_listed_with_what_it_really_is(tmp_path: Path) -> None:
    said = stoa(tmp_path, "data", "list").done()
    assert "real, 17 homes" in said.text


@pytest.mark.parametrize(
    "command", ["demo", "serve", "devnet", "registrar", "reset", "city tariff", "partner sign"]
)
def test_help_teaches_with_an_example(tmp_path: Path, command: str) -> None:
    said = stoa(tmp_path / "none", *command.split(), "--help").done()
    assert f"Usage: stoa {command}" in said.out
    assert "Example: " in said.out


def test_a_disk_without_room_leaves_no_half_written_key_or_register(home: Path, deliveries: Path) -> None:
    stoa(home, "partner", "account", "--as", "Lab", most_bytes=300).refused("disk_full", "Make room")
    assert [path.name for path in (home / "wallets").iterdir()] == ["passphrase"]
    stoa(home, "partner", "account", "--as", "Lab").done()
    stoa(home, "registrar", "--import", deliveries / "people.csv", most_bytes=4096).refused(
        "storage_unavailable", "room"
    )
    assert "40 people are new" in stoa(home, "registrar", "--import", deliveries / "people.csv").done().out


@pytest.mark.parametrize("command", ["server", "registrar"])
def test_a_missing_city_is_named_before_a_port_that_is_taken(
    tmp_path: Path, typed: Typed, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken = f"http://127.0.0.1:{somebody.getsockname()[1]}"
        (tmp_path / "settings.json").write_text(json.dumps({"public": taken, "registrar": taken}))
        typed(tmp_path, command).refused("city_file", "stoa serve --name")
