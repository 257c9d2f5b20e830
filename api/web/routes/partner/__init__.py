"""The pages of whoever buys answers."""

from fastapi import APIRouter

from api.web.routes.partner import home, licence, order, use_case

router = APIRouter()
for part in (home, use_case, licence, order):
    router.include_router(part.router)
