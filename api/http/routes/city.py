"""Which city this is, its prices and rules, and whether this server is well."""

from typing import Any, Literal

from fastapi import APIRouter, Response, status
from pydantic import Field

from api.http.cursors import Page, Paging
from api.http.dependencies import Here, HouseHere, Reading
from api.http.policies import Anybody, Unseen
from api.http.shapes import Amount, Answer, ClassName, Days, Digest, Instant, Number
from api.http.standing import Readiness, readiness
from ledger import clear_signing
from ledger.enums import Class
from ledger.node import Block
from ledger.roles import DEVNET
from marketplace.licences import queries as licences
from marketplace.licences.rules import Tariff
from marketplace.provenance import standing
from marketplace.provenance.queries import head
from marketplace.use_cases import decisions
from marketplace.use_cases.decisions import PublishedRule
from marketplace.use_cases.purposes import BY_DIGEST

router = APIRouter(tags=["city"])

SignedFor = Literal["Consents", "Participants", "Datasets", "UseCases", "CityCredit"]


class CityAnswer(Answer):
    name: str
    profile: str = Field(examples=["devnet"])
    digest: Digest = Field(description="Of the city file: it is in every receipt.")
    file: dict[str, Any] = Field(description="The city file: chain, genesis, contracts, keys.")
    domains: dict[str, dict[str, Any]] = Field(description="The EIP-712 domains that things are signed for.")
    admitted_classes: list[ClassName] = Field(description="Who is admitted as it joins.")
    play_bank: bool = Field(description="Whether play money can be paid in.")


class PayeeAnswer(Answer):
    participant: Number
    basis_points: int


class TariffAnswer(Answer):
    number: Number
    use_case: Number | None = Field(description="Null: for every use case that has no tariff of its own.")
    class_: ClassName = Field(alias="class")
    meter: str = Field(description="What one unit is: run, cell, version_rows or device.")
    licence_price: Amount
    unit_price: Amount
    licence_days: Days
    quota: int = Field(description="Runs per licence.")
    sharing_discount: int = Field(description="Basis points off for buyers who delivered data of late.")
    sharing_days: int
    payees: list[PayeeAnswer] = Field(description="Who gets which part; the city gets what is left.")

    @classmethod
    def of(cls, one: Tariff) -> "TariffAnswer":
        return cls.model_validate(
            {
                "number": one.number,
                "use_case": one.use_case or None,
                "class": one.class_,
                "meter": one.meter.name.lower(),
                "licence_price": one.licence_price,
                "unit_price": one.unit_price,
                "licence_days": one.licence_days,
                "quota": one.quota,
                "sharing_discount": one.sharing_discount,
                "sharing_days": one.sharing_days,
                "payees": [
                    {"participant": participant, "basis_points": share} for participant, share in one.payees
                ],
            }
        )


class RuleAnswer(Answer):
    number: Number
    purpose: str | None = Field(description="Null: any purpose.")
    classes: list[ClassName]
    longest_days: int
    retention_days: int
    text: str | None

    @classmethod
    def of(cls, one: PublishedRule) -> "RuleAnswer":
        return cls(
            number=one.number,
            purpose=None if one.purpose is None else BY_DIGEST[one.purpose].term,
            classes=list(one.classes),
            longest_days=one.longest_days,
            retention_days=one.retention_days,
            text=one.text,
        )


class BlockAnswer(Answer):
    number: int
    hash: Digest
    at: Instant

    @classmethod
    def of(cls, block: Block) -> "BlockAnswer":
        return cls(number=block.number, hash=block.hash, at=block.timestamp)


class AnchorAnswer(Answer):
    size: int = Field(description="Records it covers.")
    root: Digest
    block: int
    at: Instant


class LedgerAnswer(Answer):
    """How far this server has read the ledger, and what of its access log the ledger vouches for."""

    chain_id: int
    block: BlockAnswer = Field(description="The newest block that was read.")
    finality: int = Field(description="Blocks after which none is taken back.")
    access_records: int
    anchor: AnchorAnswer | None


class Liveness(Answer):
    status: str = "alive"


@router.get("/v1/city", operation_id="getCity", dependencies=[Anybody])
def get_city(house: HouseHere, here: Here) -> CityAnswer:
    """The city, and everything needed to sign for it and to check it."""
    city = house.city
    domains = city.domains
    named = {
        "participants": domains.participants,
        "datasets": domains.datasets,
        "use_cases": domains.use_cases,
        "consents": domains.consents,
        "credit": domains.credit,
    }
    return CityAnswer(
        name=city.name,
        profile=city.profile,
        digest=city.digest,
        file=city.document,
        domains={name: domain.document for name, domain in named.items()},
        admitted_classes=[Class(number) for number in here.settings.admitted_classes],
        play_bank=here.settings.play_bank and city.profile == DEVNET.name,
    )


@router.get("/v1/clear-signing/{contract}", operation_id="getClearSigning", dependencies=[Anybody])
def get_clear_signing(contract: SignedFor, house: HouseHere) -> dict[str, Any]:
    """How a wallet shows what is signed for one contract of the city: an ERC-7730 descriptor."""
    return clear_signing.descriptor(house.city, contract)


@router.get("/v1/tariffs", operation_id="listTariffs", dependencies=[Anybody])
def list_tariffs(session: Reading, paging: Paging) -> Page[TariffAnswer]:
    """The tariffs in force."""
    return paging.of(licences.tariffs_in_force(session), place=lambda one: one.number, show=TariffAnswer.of)


@router.get("/v1/rules", operation_id="listRules", dependencies=[Anybody])
def list_rules(session: Reading, paging: Paging) -> Page[RuleAnswer]:
    """The rules by which use cases are allowed at once."""
    return paging.of(decisions.rules_in_force(session), place=lambda one: one.number, show=RuleAnswer.of)


@router.get("/v1/ledger", operation_id="getLedger", dependencies=[Anybody])
def get_ledger(session: Reading, here: Here) -> LedgerAnswer:
    """Where the ledger stands, as far as it was read."""
    anchor = standing.newest_anchor(session)
    return LedgerAnswer(
        chain_id=here.house.city.chain_id,
        block=BlockAnswer.of(head(session)),
        finality=here.settings.finality,
        access_records=standing.records(session),
        anchor=None
        if anchor is None
        else AnchorAnswer(
            size=anchor.size, root=anchor.root, block=anchor.anchored_in, at=anchor.anchored_at
        ),
    )


@router.get("/healthz", operation_id="isAlive", dependencies=[Unseen])
def is_alive() -> Liveness:
    """This process lives."""
    return Liveness()


@router.get(
    "/readyz",
    operation_id="isReady",
    dependencies=[Unseen],
    responses={status.HTTP_503_SERVICE_UNAVAILABLE: {"model": Readiness}},
)
def is_ready(here: Here, response: Response) -> Readiness:
    """Whether everything this server needs is there, and how far behind it is."""
    found = readiness(here.house, here.node)
    if not found.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return found
