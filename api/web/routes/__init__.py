"""Every page's routes: one folder per whom they serve."""

from fastapi import APIRouter

from api.web.routes import assets, audit, citizen, city, partner, public

router = APIRouter(include_in_schema=False)
for part in (assets, public, citizen, partner, city, audit):
    router.include_router(part.router)
