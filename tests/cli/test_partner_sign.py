"""`stoa partner sign`: an offer goes in, the signed offer comes out, and nothing else is ever signed."""

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from typer.testing import CliRunner, Result

from api.cli.main import app

TYPED = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}],
        "Join": [{"name": "name", "type": "string"}],
    },
    "primaryType": "Join",
    "domain": {"name": "Stoa Participants"},
    "message": {"name": "Bike Lab"},
}


def run(home: Path, *arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(
        app, ["--home", str(home), "partner", *arguments, "--as", "Bike Lab"], input=stdin
    )


def signed(home: Path, offer: dict[str, Any]) -> dict[str, Any]:
    result = run(home, "sign", stdin=json.dumps(offer))
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_typed_data_is_signed_with_the_organisations_own_key(tmp_path: Path) -> None:
    account = run(tmp_path, "account").stdout.strip()
    offer = {"form": {"name": "Bike Lab"}, "typed_data": TYPED, "price": "400.00"}

    found = signed(tmp_path, offer)

    signable = encode_typed_data(full_message=TYPED)
    assert Account.recover_message(signable, signature=found.pop("signature")) == account
    assert found == offer


def test_a_sign_in_message_is_signed_as_text(tmp_path: Path) -> None:
    found = signed(tmp_path, {"message": "Sign in.", "expires_at": "2026-11-24T13:00:00Z"})
    signer = Account.recover_message(encode_defunct(text="Sign in."), signature=found["signature"])
    assert signer == run(tmp_path, "account").stdout.strip()


def test_the_key_is_kept(tmp_path: Path) -> None:
    assert run(tmp_path, "account").stdout == run(tmp_path, "account").stdout


@pytest.mark.parametrize(
    ("stdin", "told"),
    [
        ("", "Nothing came in"),
        (" \n", "Nothing came in"),
        ("<html>", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        ("[]", "not an object"),
        ('"offer"', "not an object"),
        ("{}", "neither typed_data nor a message"),
        ('{"typed_data": "x"}', "neither typed_data nor a message"),
        ('{"typed_data": {}}', "not complete"),
        (
            json.dumps(
                {
                    "typed_data": {
                        **TYPED,
                        "types": {**TYPED["types"], "Join": [{"name": "name", "type": "king"}]},
                    }
                }
            ),
            "not complete",
        ),
        (json.dumps({"typed_data": {**TYPED, "types": []}}), "not complete"),
    ],
)
def test_what_is_no_offer_is_refused_in_one_sentence(tmp_path: Path, stdin: str | bytes, told: str) -> None:
    result = run(tmp_path, "sign", stdin=stdin)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("no_offer: ")
    assert told in " ".join(result.stderr.split())


def test_a_refusal_in_a_pipe_is_passed_on(tmp_path: Path) -> None:
    problem = {"title": "No.", "status": 404, "code": "unknown_licence", "detail": "There is no licence 9."}
    result = run(tmp_path, "sign", stdin=json.dumps(problem))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "unknown_licence: There is no licence 9." in " ".join(result.stderr.split())
