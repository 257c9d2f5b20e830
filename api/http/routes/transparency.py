"""What everybody may know: which data, for what, for which class of buyer, how often, for how much."""

from fastapi import APIRouter
from pydantic import Field

from api.http.cursors import Page, Paging
from api.http.dependencies import Reading
from api.http.policies import Anybody
from api.http.routes.catalogue import PurposeAnswer
from api.http.shapes import Amount, Answer, ClassName, Number
from marketplace.provenance import transparency
from marketplace.provenance.transparency import Disclosed

router = APIRouter(prefix="/v1", tags=["transparency"])


class DataAnswer(Answer):
    dataset: Number
    title: str
    ground: str = Field(examples=["consent"])
    honesty: str = Field(examples=["real", "model", "simulated"])


class DisclosedUseCase(Answer):
    """One use case, in the open. Where it is about people, counts below its k read "fewer than k"."""

    use_case: Number
    purpose: PurposeAnswer | None
    buyer_class: ClassName
    state: str
    data: list[DataAnswer]
    consents: str = Field(examples=["3000", "fewer than 10"])
    runs: str = Field(examples=["12", "fewer than 10"])
    refusals: str = Field(examples=["fewer than 10"])
    fees: Amount = Field(description="Charged so far, for licences and runs.")

    @classmethod
    def of(cls, one: Disclosed) -> "DisclosedUseCase":
        return cls(
            use_case=one.use_case,
            purpose=None if one.purpose is None else PurposeAnswer.of(one.purpose),
            buyer_class=one.buyer_class,
            state=one.state.name.lower(),
            data=[
                DataAnswer(
                    dataset=used.dataset,
                    title=used.title,
                    ground=used.ground.name.lower(),
                    honesty=used.honesty,
                )
                for used in one.uses
            ],
            consents=str(one.consents),
            runs=str(one.runs),
            refusals=str(one.refusals),
            fees=one.fees,
        )


@router.get("/transparency", operation_id="listDisclosures", dependencies=[Anybody])
def list_disclosures(
    session: Reading,
    paging: Paging,
) -> Page[DisclosedUseCase]:
    """What data is used for, by whom, how often and for how much."""
    return paging.of(
        transparency.disclosed(session),
        place=lambda one: one.use_case,
        show=DisclosedUseCase.of,
    )
