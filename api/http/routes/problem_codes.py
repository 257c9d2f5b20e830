"""What a problem's `type` points to: each code, what it means, and its status."""

from fastapi import APIRouter
from pydantic import Field

from api.http.cursors import Page, Paging
from api.http.policies import Anybody
from api.http.problem_codes import ProblemCode, by_code
from api.http.shapes import Answer
from marketplace.errors import NotFoundError

router = APIRouter(prefix="/v1/problems", tags=["city"])


class UnknownProblemError(NotFoundError):
    """There is no such problem code."""

    code = "unknown_problem"


class ProblemCodeAnswer(Answer):
    code: str = Field(examples=["unknown_order"])
    status: int
    meaning: str

    @classmethod
    def of(cls, one: ProblemCode) -> "ProblemCodeAnswer":
        return cls(code=one.code, status=one.status, meaning=one.meaning)


@router.get("", operation_id="listProblems", dependencies=[Anybody])
def list_problems(paging: Paging) -> Page[ProblemCodeAnswer]:
    """Every code that a refusal may have."""
    return paging.of(list(by_code().values()), place=lambda one: one.code, show=ProblemCodeAnswer.of)


@router.get("/{code}", operation_id="getProblem", dependencies=[Anybody])
def get_problem(code: str) -> ProblemCodeAnswer:
    """One code."""
    found = by_code().get(code)
    if found is None:
        raise UnknownProblemError("There is no such problem code. GET /v1/problems lists them.")
    return ProblemCodeAnswer.of(found)
