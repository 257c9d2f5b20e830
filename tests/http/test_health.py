"""While something it needs is away, a server names what is missing, and never makes it a mistake of its own."""

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from api.http.app import create_app
from ledger.node import Node
from ledger.storage import Database, open_database, sqlite_url
from tests.http.city import HttpCity, Organisation, key, with_node
from tests.town import Town


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpCity]:
    town = Town.found()
    made = HttpCity(town, tmp_path_factory.mktemp("health") / "city")
    yield made
    made.close()
    town.devnet.close()


@pytest.fixture(scope="module")
def lab(city: HttpCity) -> Organisation:
    return city.organisation("Lab")


def garbage(folder: Path) -> Database:
    (folder / "stoa.db").write_bytes(b"This is no database. " * 1000)
    return Database(open_database(sqlite_url(folder / "stoa.db")))


def gone(folder: Path) -> Database:
    return Database(open_database(sqlite_url(folder / "nowhere" / "stoa.db")))


def empty(folder: Path) -> Database:
    return Database(open_database(sqlite_url(folder / "stoa.db")))


def unreachable(folder: Path) -> Database:
    return Database(open_database(f"postgresql+psycopg://stoa@/stoa?host={folder}"))


AWAY = [garbage, gone, empty, unreachable]


def without_database(city: HttpCity, database: Database) -> TestClient:
    house = replace(city.office.house, database=database)
    return TestClient(
        create_app(house, registrar=city.registrar, settings=city.settings, node=city.office.town.node)
    )


def storage_unavailable(answer: Any) -> bool:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.headers["Retry-After"]
    return (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


@pytest.mark.parametrize("away", AWAY)
def test_a_server_without_its_database_lives_and_is_not_ready(
    city: HttpCity, lab: Organisation, tmp_path: Path, away: Callable[[Path], Database]
) -> None:
    app = without_database(city, away(tmp_path))
    for headers in ({}, {"Authorization": f"Bearer {lab.token}"}):
        assert app.get("/healthz", headers=headers).json() == {"status": "alive"}
        ready = app.get("/readyz", headers=headers)
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert ready.json()["database"] == "The database cannot be read."
        assert ready.json()["node"] == "ok"
        assert ready.json()["blocks_behind"] is None


@pytest.mark.parametrize("away", AWAY)
def test_without_its_database_every_request_is_refused_by_name(
    city: HttpCity, lab: Organisation, tmp_path: Path, away: Callable[[Path], Database]
) -> None:
    app = without_database(city, away(tmp_path))
    session = {"Authorization": f"Bearer {lab.token}"}
    assert storage_unavailable(app.get("/v1/use-cases"))
    assert storage_unavailable(app.get("/v1/orders", headers=session))
    assert storage_unavailable(app.post("/v1/sign-in/forms", json={"account": lab.account.address}))
    sent = {"account": lab.account.address}
    assert storage_unavailable(app.post("/v1/withdrawals", json=sent, headers=key()))
    assert storage_unavailable(
        app.post("/v1/bank/transfers", json={"amount": "5"}, headers={**key(), **session})
    )


def test_what_a_full_disk_refuses_can_be_sent_again(
    city: HttpCity, lab: Organisation, request: pytest.FixtureRequest
) -> None:
    full = Database(open_database(str(city.office.house.database.engine.url)))
    request.addfinalizer(full.close)

    @event.listens_for(full.engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # as large as it is, and no larger

    mine = {**key(), "Authorization": f"Bearer {lab.token}"}
    app = without_database(city, full)
    refused = [
        app.post("/v1/bank/transfers", json={"amount": "5"}, headers={**mine, **key()}) for _ in range(60)
    ]
    last = app.post("/v1/bank/transfers", json={"amount": "7"}, headers=mine)
    assert storage_unavailable(last)
    assert {one.status_code for one in refused} <= {202, 503}
    assert app.get("/v1/participants").status_code == 200

    again = city.anybody.post("/v1/bank/transfers", json={"amount": "7"}, headers=mine)

    assert again.status_code == 202


@contextmanager
def answering(status: int, body: bytes) -> Generator[str]:
    """Something that is no node answers at a node's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Hello</html>"),
        (200, b"{}"),
        (200, b"[]"),
        (200, b'{"jsonrpc": "2.0", "id": 1, "result": null}'),
        (200, b'{"jsonrpc": "2.0", "id": 1, "result": {"number": 7}}'),
        (200, b'{"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "busy"}}'),
        (500, b""),
        (401, b"no"),
    ],
)
def test_whatever_answers_instead_of_the_node_is_not_ready_and_named(
    city: HttpCity, status: int, body: bytes
) -> None:
    with answering(status, body) as url:
        app = with_node(city, Node.at(url, timeout=2))
        ready = app.get("/readyz")
        assert (ready.status_code, ready.json()["ready"]) == (503, False), ready.text
        assert ready.json()["database"] == "ok"
        assert ready.json()["node"] not in ("", "ok")
        assert app.get("/healthz").status_code == 200


def test_without_its_node_a_server_still_takes_what_it_is_sent(city: HttpCity, lab: Organisation) -> None:
    app = with_node(city, Node.at("http://127.0.0.1:1", timeout=1))
    sent = app.post(
        "/v1/bank/transfers",
        json={"amount": "5"},
        headers={**key(), "Authorization": f"Bearer {lab.token}"},
    )
    assert sent.status_code == 202
    assert app.get(sent.headers["Location"]).json()["state"] == "intent"
    city.pump()
    assert app.get(sent.headers["Location"]).json()["succeeded"]
