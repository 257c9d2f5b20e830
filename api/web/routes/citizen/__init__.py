"""A citizen's pages."""

from fastapi import APIRouter

from api.web.routes.citizen import (
    answering,
    entrance,
    giving,
    home,
    objecting,
    receipts,
    stopping,
    uses,
)

router = APIRouter()
for part in (entrance, home, answering, objecting, giving, receipts, uses, stopping):
    router.include_router(part.router)
