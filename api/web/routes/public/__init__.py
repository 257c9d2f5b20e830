"""What everybody may see."""

from fastapi import APIRouter

from api.web.routes.public import about, catalogue, entering, front, use_case

router = APIRouter()
for part in (front, catalogue, use_case, about, entering):
    router.include_router(part.router)
