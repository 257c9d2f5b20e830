"""The pages of whoever runs the city."""

from fastapi import APIRouter

from api.web.routes.city import entrance, home, use_cases

router = APIRouter()
for part in (entrance, home, use_cases):
    router.include_router(part.router)
