from fastapi import APIRouter, Response

from api.http.policies import Staff
from api.web.areas import CITY
from api.web.pages import AnyVisitor

router = APIRouter()


@router.get(CITY.start.path)
def home(visitor: AnyVisitor, staff: Staff) -> Response:
    return visitor.page("city/home.html", staff=staff)
