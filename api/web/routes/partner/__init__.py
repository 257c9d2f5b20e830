"""The pages of whoever buys answers."""

from fastapi import APIRouter

from api.web.routes.partner import home

router = APIRouter()
for part in (home,):
    router.include_router(part.router)
