"""The pages of whoever runs the city."""

from fastapi import APIRouter

from api.web.routes.city import access, entrance, home, records, requests, touched, use_cases

router = APIRouter()
for part in (entrance, home, use_cases, access, touched, requests, records):
    router.include_router(part.router)
