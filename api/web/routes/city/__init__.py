"""The pages of whoever runs the city."""

from fastapi import APIRouter

from api.web.routes.city import entrance, home

router = APIRouter()
for part in (entrance, home):
    router.include_router(part.router)
