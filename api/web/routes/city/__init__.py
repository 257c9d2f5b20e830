"""The pages of whoever runs the city."""

from fastapi import APIRouter

from api.web.routes.city import (
    access,
    datasets,
    entrance,
    home,
    participants,
    records,
    requests,
    tariffs,
    touched,
    use_cases,
)

router = APIRouter()
for part in (
    entrance,
    home,
    use_cases,
    access,
    touched,
    datasets,
    tariffs,
    participants,
    requests,
    records,
):
    router.include_router(part.router)
