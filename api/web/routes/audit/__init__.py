"""The pages of whoever checks the city."""

from fastapi import APIRouter

from api.web.routes.audit import acts, events, home, negative, orders

router = APIRouter()
for part in (home, events, orders, acts, negative):
    router.include_router(part.router)
