"""The receipts and proofs that a city serves are what its independent auditor accepts, and nothing else is."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from marketplace.consent.tables import ConsentRow
from tests.http.asking import Asking
from tests.http.city import HttpCity, key

HOLDS, WRONG, INCOMPLETE = 0, 1, 3
Json = dict[str, Any]


@contextmanager
def served(city: HttpCity) -> Generator[str]:
    """The city's node over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = json.dumps(city.office.town.devnet.rpc(asked)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


Audited = Callable[[Json], tuple[int, str]]


@pytest.fixture
def audited(city: HttpCity, tmp_path: Path) -> Generator[Audited]:
    """Run the real stoa-audit on a document: its exit code and what it says."""
    file = tmp_path / "document.json"
    digest = city.office.house.city.digest.hex()

    with served(city) as url:

        def run(document: Json) -> tuple[int, str]:
            file.write_text(json.dumps(document))
            command = [
                sys.executable,
                "-m",
                "stoa_audit",
                "receipt",
                str(file),
                "--node",
                url,
                "--city",
                digest,
            ]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            return done.returncode, done.stdout + done.stderr

        yield run


def test_annas_receipt_holds_before_and_after_she_stops(asking: Asking, audited: Audited) -> None:
    place = asking.anna.say_yes(asking.use_case)
    given = asking.city.anybody.get(place + "/receipt").json()
    asking.city.anybody.post("/v1/revocations", json={"code": str(asking.anna.code)}, headers=key())
    asking.city.pump()
    ended = asking.city.anybody.get(place + "/receipt").json()

    assert given["stoa"] == "consent-receipt/1"
    assert given["signature"] is not None
    assert (given["revoked"], ended["revoked"] is None) == (None, False)
    for receipt in (given, ended):
        code, said = audited(receipt)
        assert code == HOLDS, said


def test_the_receipt_of_somebody_who_was_asked_at_the_desk_holds(asking: Asking, audited: Audited) -> None:
    with asking.city.office.house.database.reading() as session:
        one = session.scalars(select(ConsentRow.id)).first()
    assert one is not None

    code, said = audited(asking.city.anybody.get(f"/v1/consents/0x{one.hex()}/receipt").json())

    assert code == HOLDS, said


def test_labs_receipt_and_annas_proofs_hold(asking: Asking, audited: Audited) -> None:
    consent = asking.anna.say_yes(asking.use_case)
    order = asking.order()["id"]

    receipt = asking.lab.http.get(f"/v1/orders/{order}/purchase-receipt").json()
    proof = asking.city.anybody.get(f"{consent}/proofs/{order}").json()

    assert (receipt["stoa"], proof["stoa"]) == ("purchase-receipt/1", "cohort-proof/1")
    assert proof["included"] is not None
    for document in (receipt, proof):
        code, said = audited(document)
        assert code == HOLDS, said


def test_who_said_yes_afterwards_can_prove_that_she_was_not_used(asking: Asking, audited: Audited) -> None:
    order = asking.order()["id"]
    consent = asking.anna.say_yes(asking.use_case)

    proof = asking.city.anybody.get(f"{consent}/proofs/{order}").json()

    assert proof["included"] is None
    code, said = audited(proof)
    assert code == HOLDS, said
    assert "was NOT used" in said


def test_a_changed_document_is_wrong(asking: Asking, audited: Audited) -> None:
    consent = asking.anna.say_yes(asking.use_case)
    order = asking.order()["id"]
    receipt = asking.city.anybody.get(consent + "/receipt").json()
    bought = asking.lab.http.get(f"/v1/orders/{order}/purchase-receipt").json()
    proof = asking.city.anybody.get(f"{consent}/proofs/{order}").json()

    receipt["terms"]["statement"] += " And more."
    bought["paid"]["charge"] = "1"
    proof["included"]["index"] += 1

    for changed in (receipt, bought, proof):
        code, said = audited(changed)
        assert (code, "SOMETHING IS WRONG" in said) == (WRONG, True), said


def test_a_rewritten_ledger_is_proven_by_its_newest_block(asking: Asking, audited: Audited) -> None:
    """The sequencer takes back what came after Anna's receipt was made, and seals other blocks in its place."""
    town = asking.city.office.town
    consent = asking.anna.say_yes(asking.use_case)
    before = town.devnet.snapshot()
    town.pass_time(60)
    receipt = asking.city.anybody.get(consent + "/receipt").json()
    assert audited(receipt)[0] == HOLDS

    town.devnet.revert(before)
    town.pass_time(61)
    code, said = audited(receipt)

    assert code == WRONG, said
    assert "is not in the node's chain: the ledger was rewritten" in said


def test_another_buyers_receipt_is_unknown(asking: Asking) -> None:
    order = asking.order()["id"]
    mallory = asking.city.organisation("Mallory")

    answer = mallory.http.get(f"/v1/orders/{order}/purchase-receipt")

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_order")
