"""What Stoa is, in a page."""

from fastapi import APIRouter, Response

from api.http.policies import Anybody
from api.web.pages import AnyVisitor

router = APIRouter()


@router.get("/about", dependencies=[Anybody])
def about(visitor: AnyVisitor) -> Response:
    return visitor.page("public/about.html")
