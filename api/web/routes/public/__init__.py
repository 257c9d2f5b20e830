"""What everybody may see."""

from fastapi import APIRouter

from api.web.routes.public import entering, front

router = APIRouter()
for part in (front, entering):
    router.include_router(part.router)
