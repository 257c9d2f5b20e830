"""What a wallet signs is what the contracts recover: eth-account's digest of each document is ours."""

from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from ledger.bindings import Application, Join, LicenceQuote, OrderQuote, Registration, Source, VersionForm
from ledger.digests import text_digest
from ledger.payments import licence_quote_id, order_id
from ledger.typed_data import (
    RECEIVE_TYPE,
    CityDomains,
    application_digest,
    join_digest,
    payment_digest,
    registration_digest,
    revocation_digest,
    version_digest,
)
from ledger.typed_documents import (
    application_document,
    join_document,
    licence_payment_document,
    order_payment_document,
    registration_document,
    revocation_document,
    version_document,
)

ACCOUNT = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
SETTLEMENT = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"
NAMES = ("Participants", "Datasets", "UseCases", "Consents", "CityCredit")
DOMAINS = CityDomains(1337, dict.fromkeys(NAMES, SETTLEMENT))
WORD = bytes(range(32))

JOIN = Join(4, text_digest("Bike Lab"), ACCOUNT, 1_793_000_600)
REGISTRATION = Registration(1, 3, True, False, WORD, WORD[::-1], 1_793_000_600)
VERSION = VersionForm(1, WORD, 80, 160, WORD[::-1], 1_793_000_600)
APPLICATION = Application(
    applicant=3,
    purpose=WORD,
    sources=[Source(1, 1, False), Source(2, 0, True)],
    scope=WORD,
    data_from=0,
    data_until=0,
    minimum_cohort=10,
    longest_days=90,
    retention_days=365,
    output_class=1,
    routine=WORD,
    terms=WORD,
    salt=WORD,
    deadline=1_793_000_600,
)
LICENCE = LicenceQuote(1, 1, 100_000_000, 1_793_000_600, WORD)
ORDER = OrderQuote(1, 1, WORD, 12_000_000, 1_793_003_600, WORD)


def paid(amount: int, nonce: bytes, before: int) -> bytes:
    return payment_digest(DOMAINS.credit, RECEIVE_TYPE, [ACCOUNT, SETTLEMENT, amount, 0, before, nonce])


@pytest.mark.parametrize(
    ("document", "digest"),
    [
        (join_document(DOMAINS.participants, JOIN, "Bike Lab"), join_digest(DOMAINS.participants, JOIN)),
        (
            registration_document(DOMAINS.datasets, REGISTRATION),
            registration_digest(DOMAINS.datasets, REGISTRATION),
        ),
        (version_document(DOMAINS.datasets, VERSION), version_digest(DOMAINS.datasets, VERSION)),
        (
            application_document(DOMAINS.use_cases, APPLICATION),
            application_digest(DOMAINS.use_cases, APPLICATION),
        ),
        (revocation_document(DOMAINS.consents, WORD), revocation_digest(DOMAINS.consents, WORD)),
        (
            licence_payment_document(DOMAINS.credit, SETTLEMENT, ACCOUNT, LICENCE),
            paid(LICENCE.price, licence_quote_id(LICENCE), LICENCE.deadline),
        ),
        (
            order_payment_document(DOMAINS.credit, SETTLEMENT, ACCOUNT, ORDER),
            paid(ORDER.cap, order_id(ORDER), ORDER.deadline),
        ),
    ],
)
def test_a_wallet_signs_the_digest_that_the_contract_recovers(
    document: dict[str, Any], digest: bytes
) -> None:
    found = encode_typed_data(full_message=document)
    assert keccak(b"\x19" + found.version + found.header + found.body) == digest
