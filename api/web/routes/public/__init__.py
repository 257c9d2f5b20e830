"""What everybody may see."""

from fastapi import APIRouter

from api.web.routes.public import about, catalogue, entering, front, joining, use_case, verify

router = APIRouter()
for part in (front, catalogue, use_case, verify, about, entering, joining):
    router.include_router(part.router)
