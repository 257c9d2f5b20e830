"""Every page's routes."""

from fastapi import APIRouter

from api.web.routes import (
    answering,
    assets,
    entrance,
    giving,
    home,
    objecting,
    public,
    receipts,
    stopping,
    uses,
)

router = APIRouter(include_in_schema=False)
for part in (assets, public, entrance, home, answering, objecting, giving, receipts, uses, stopping):
    router.include_router(part.router)
