"""What the page's script computes is what Python and the contracts compute."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from api.web.assets import Assets
from ledger.bindings import Own, Signature
from ledger.consents import Opening, terms_of
from ledger.keys import LocalSigner
from ledger.revocation_code import ALPHABET, LENGTH, RevocationCode
from ledger.typed_data import Domain, consent_id, last_day, recovered
from tests.web.listening import Listening

pytestmark = pytest.mark.browser

SCRIPT = """
async ({ folder, asked }) => {
  const [bytes, codes, consent] = await Promise.all(
    ["bytes", "citizen/revocation-code", "citizen/consent"].map((name) => import(`${folder}/${name}.js`)));
  const answers = [];
  for (const one of asked) {
    const secret = bytes.unhex(one.secret);
    const own = {
      signer: consent.addressOf(secret),
      commitment: consent.commitmentTo(bytes.unhex(one.reference), bytes.unhex(one.salt)),
      revocationHash: codes.revocationHash(codes.codeOf(one.digits)),
    };
    const digest = consent.consentDigest(one.city, one.said, own);
    answers.push({
      signer: bytes.hex(own.signer),
      commitment: bytes.hex(own.commitment),
      revocation: bytes.hex(own.revocationHash),
      code: codes.grouped(codes.codeOf(one.digits)),
      fresh: codes.grouped(codes.freshCode()),
      until: consent.lastDay(one.said.validUntil),
      digest: bytes.hex(digest),
      signature: await consent.signed(digest, secret),
    });
  }
  return answers;
}
"""
DAY = 86_400

sentences = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=80)
words = st.binary(min_size=32, max_size=32)
cases = st.fixed_dictionaries(
    {
        "secret": st.binary(min_size=31, max_size=31).map(lambda tail: b"\x01" + tail),
        "reference": words,
        "salt": words,
        "digits": st.lists(st.integers(0, len(ALPHABET) - 1), min_size=LENGTH - 1, max_size=LENGTH - 1),
        "statement": sentences,
        "recipient": sentences,
        "use_case": st.integers(1, 2**32 - 1),
        "scope": st.integers(1, 2**16 - 1),
        "valid_until": st.integers(1, 60_000).map(lambda days: days * DAY),
        "deadline": st.integers(0, 2**40 - 1),
    }
)
DOMAIN = Domain("Stoa Consents", 20261, "0x5FbDB2315678afecb367f032d93F642f64180aa3")


@pytest.fixture(scope="module")
def signing_page(chromium: Browser, listening: Listening) -> Iterator[Page]:
    """A page of the city's: its policy lets our modules run there, and nothing else."""
    page = chromium.new_page()
    page.goto(f"{listening.address}/stop")
    yield page
    page.close()


def on_the_device(page: Page, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run the page's own modules in the browser."""
    return page.evaluate(SCRIPT, {"folder": f"/assets/{Assets().version}", "asked": asked})


def as_asked(case: dict[str, Any]) -> dict[str, Any]:
    return {
        "secret": case["secret"].hex(),
        "reference": case["reference"].hex(),
        "salt": case["salt"].hex(),
        "digits": case["digits"],
        "city": {"chainId": DOMAIN.chain_id, "contract": DOMAIN.contract},
        "said": {
            "statement": case["statement"],
            "recipient": case["recipient"],
            "useCase": case["use_case"],
            "scope": case["scope"],
            "validUntil": case["valid_until"],
            "deadline": case["deadline"],
        },
    }


@settings(max_examples=3, deadline=None)
@given(st.lists(cases, min_size=15, max_size=30))
def test_the_device_signs_what_python_and_the_contract_check(
    signing_page: Page, drawn: list[dict[str, Any]]
) -> None:
    answers = on_the_device(signing_page, [as_asked(case) for case in drawn])
    for case, made in zip(drawn, answers, strict=True):
        terms = terms_of(
            statement=case["statement"],
            recipient=case["recipient"],
            use_case=case["use_case"],
            scope=case["scope"],
            valid_until=case["valid_until"],
            deadline=case["deadline"],
        )
        code = RevocationCode.parse(made["code"])
        own = Own(
            LocalSigner(case["secret"]).address,
            Opening(case["reference"], case["salt"]).commitment,
            code.hash,
        )
        signature = Signature(*(bytes.fromhex(made["signature"][part][2:]) for part in ("r", "vs")))

        assert made["code"].replace("-", "")[:-1] == "".join(ALPHABET[digit] for digit in case["digits"])
        assert made["revocation"] == "0x" + code.hash.hex()
        assert made["signer"] == own.signer.lower()
        assert made["commitment"] == "0x" + own.commitment.hex()
        assert made["until"] == last_day(case["valid_until"])
        assert made["digest"] == "0x" + consent_id(DOMAIN, terms, own).hex()
        assert recovered(consent_id(DOMAIN, terms, own), signature) == own.signer
        assert str(RevocationCode.parse(made["fresh"])) == made["fresh"]
