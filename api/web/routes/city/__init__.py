"""The pages of whoever runs the city."""

from fastapi import APIRouter

from api.web.routes.city import access, entrance, home, touched, use_cases

router = APIRouter()
for part in (entrance, home, use_cases, access, touched):
    router.include_router(part.router)
