"""Signing in: who may, with which message, and once."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from ledger.digests import text_digest
from ledger.keys import LocalSigner
from ledger.personal_messages import personal_digest
from marketplace.participants import sign_in
from marketplace.participants.sign_in_message import SignInMessage, SignInMessageError, parse
from tests.http.city import HttpCity, Organisation

HOUR = 3_600
MESSAGE = SignInMessage(
    scheme="https",
    domain="testopolis.example",
    address="0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
    statement="Sign in.",
    uri="https://testopolis.example",
    chain_id=1337,
    nonce="abcdefgh12345678",
    issued_at=1_793_000_000,
    expires_at=1_793_000_300,
)


def attempt(lab: Organisation, text: str, signature: str | None = None) -> Any:
    sent = {"message": text, "signature": signature or lab.sign_text(text)}
    return lab.city.anybody.post("/v1/sign-in", json=sent)


def message_for(lab: Organisation) -> str:
    return lab.offer("sign-in", {"account": lab.account.address})["message"]


def test_lab_signs_in_and_out(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    assert lab.http.get("/v1/participants/me").json()["name"] == "Lab"

    assert lab.http.delete("/v1/sign-in").status_code == 204

    refused = lab.http.get("/v1/participants/me")
    assert (refused.status_code, refused.json()["code"]) == (401, "not_signed_in")
    assert refused.headers["WWW-Authenticate"] == "Bearer"


def test_a_message_is_good_for_one_try_even_when_it_fails(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    text = message_for(lab)

    wrong = attempt(lab, text, "0x" + "11" * 64 + "1b")
    then_right = attempt(lab, text)

    assert (wrong.status_code, wrong.json()["code"]) == (403, "sign_in_refused")
    assert (then_right.status_code, then_right.json()["code"]) == (403, "sign_in_refused")


def test_many_tries_at_once_open_one_session(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    text = message_for(lab)
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: attempt(lab, text).status_code, range(8)))
    assert sorted(codes) == [201] + [403] * 7


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("testopolis.example wants", "evil.example wants"),
        lambda text: text.replace("URI: https://testopolis.example", "URI: https://evil.example"),
        lambda text: text.replace("Version: 1", "Version: 2"),
        lambda text: text.replace("Chain ID: ", "Chain ID: 9"),
        lambda text: text.replace("costs nothing", "costs 5 credits"),
        lambda text: text.replace("https://testopolis.example wants", "http://testopolis.example wants"),
        lambda text: text + "\nRequest ID: 1",
        lambda text: text + "\nResources:\n- https://evil.example",
        lambda text: text + "\n",
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("Nonce: ", "Nonce: 0"),
        lambda text: re.sub("Expiration Time: .{4}", "Expiration Time: 9999", text),
        lambda text: text + "\nNot Before: 9999-01-01T00:00:00Z",
    ],
)
def test_a_message_that_says_something_else_opens_nothing(
    city: HttpCity, change: Callable[[str], str]
) -> None:
    lab = city.organisation("Lab")
    answer = attempt(lab, change(message_for(lab)))
    assert answer.json()["code"] in {"sign_in_refused", "sign_in_message_malformed"}


def test_an_address_without_its_check_sum_is_refused(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    text = message_for(lab).replace(lab.account.address, lab.account.address.lower())
    assert attempt(lab, text).json()["code"] == "sign_in_message_malformed"


@pytest.mark.parametrize("seconds", [-1, sign_in.NONCE_SECONDS])
def test_a_message_is_valid_in_its_five_minutes_only(city: HttpCity, seconds: int) -> None:
    lab = city.organisation("Lab")
    house, now = city.office.house, 1_793_000_000
    with house.database.writing() as session:
        offered = sign_in.offer(
            session, house.city, public=city.settings.public, account=lab.account.address, now=now
        )
    signature = bytes.fromhex(lab.sign_text(str(offered))[2:])
    with pytest.raises(sign_in.SignInRefusedError):
        sign_in.sign_in(
            house, public=city.settings.public, text=str(offered), signature=signature, now=now + seconds
        )


def test_a_session_ends_after_twelve_hours(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    house, now = city.office.house, 1_793_000_000
    with house.database.writing() as session:
        offered = sign_in.offer(
            session, house.city, public=city.settings.public, account=lab.account.address, now=now
        )
    signature = bytes.fromhex(lab.sign_text(str(offered))[2:])
    opened = sign_in.sign_in(
        house, public=city.settings.public, text=str(offered), signature=signature, now=now
    )

    with house.database.reading() as session:
        assert sign_in.holder(session, opened.token, now=now + 12 * HOUR - 1) == opened.participant
        assert sign_in.holder(session, opened.token, now=now + 12 * HOUR) is None


def test_signing_out_ends_this_session_alone(city: HttpCity) -> None:
    lab = city.organisation("Lab")
    at_home = lab.http
    lab.sign_in()

    assert lab.http.delete("/v1/sign-in").status_code == 204

    assert lab.http.get("/v1/participants/me").status_code == 401
    assert at_home.get("/v1/participants/me").status_code == 200


def test_strangers_and_frozen_organisations_do_not_sign_in(city: HttpCity) -> None:
    stranger = Organisation(city, "Nobody", Account.create())
    assert attempt(stranger, message_for(stranger)).json()["code"] == "not_enrolled"

    lab = city.organisation("Lab")
    number = lab.http.get("/v1/participants/me").json()["number"]
    city.office.town.send(
        "guardian", city.office.town.contracts.participants.freeze(number, text_digest("Broke a promise."))
    )
    city.pump()

    assert attempt(lab, message_for(lab)).json()["code"] == "not_enrolled"
    assert lab.http.get("/v1/participants/me").json()["code"] == "participant_frozen"


def test_the_digest_is_the_one_wallets_sign() -> None:
    signer, text = LocalSigner(b"\x01" * 32), str(MESSAGE)
    wallet = Organisation(None, "", Account.from_key(signer.secret))  # type: ignore[arg-type]
    assert wallet.sign_text(text) == "0x" + signer.sign(personal_digest(text)).hex()


def test_what_is_written_is_read_back() -> None:
    assert parse(str(MESSAGE)) == MESSAGE


@given(st.text(max_size=600))
def test_any_text_is_a_message_or_refused_by_name(text: str) -> None:
    with suppress(SignInMessageError):
        assert str(parse(text)) == text


@given(st.data())
def test_a_message_with_a_few_characters_changed_is_never_read_as_something_else(data: st.DataObject) -> None:
    text = list(str(MESSAGE))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(st.characters())
    changed = "".join(text)
    with suppress(SignInMessageError):
        assert str(parse(changed)) == changed
