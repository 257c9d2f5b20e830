"""The city's HTTP API: every route of `/v1`, and whether this server is well."""

from fastapi import FastAPI

from api.http import openapi, problems, reference
from api.http.bodies import StrictBodies
from api.http.dependencies import Office
from api.http.headers import AnswerHeaders
from api.http.in_flight import InFlight
from api.http.limits import Buckets
from api.http.once import Answered, as_before
from api.http.policies import require_policies
from api.http.routes import (
    catalogue,
    citizens,
    city,
    consents,
    desk,
    licences,
    messages,
    money,
    orders,
    participants,
    problem_codes,
    sign_in,
    transparency,
    use_cases,
)
from api.http.settings import LARGEST_BODY, HttpSettings
from api.registrar.client import RegistrarClient
from ledger.node import Node
from marketplace.house import House

ROUTERS = (
    city.router,
    sign_in.router,
    participants.router,
    catalogue.router,
    use_cases.router,
    licences.router,
    orders.router,
    money.router,
    citizens.router,
    consents.router,
    desk.router,
    transparency.router,
    messages.router,
    problem_codes.router,
)


def create_app(
    house: House, *, registrar: RegistrarClient, settings: HttpSettings, node: Node | None = None
) -> FastAPI:
    """The app of one city.

    `node`: asked by health and ledger status alone; by default the one at `settings.node`.
    """
    app = FastAPI(
        title=f"Stoa: {house.city.name}",
        version="1",
        description=openapi.DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        openapi_tags=openapi.TAGS,
    )
    app.state.office = Office(
        house=house,
        registrar=registrar,
        node=node or Node.at(settings.node, timeout=3),
        settings=settings,
        anybody=Buckets(settings.limits.anybody),
        participants=Buckets(settings.limits.participant),
        secrets=Buckets(settings.limits.secrets),
        in_flight=InFlight(),
    )
    problems.install(app)
    app.add_exception_handler(Answered, as_before)
    for router in ROUTERS:
        app.include_router(router)
    require_policies(app)
    openapi.describe(app)
    reference.install(app)
    # The outermost comes last.
    app.add_middleware(StrictBodies, largest=LARGEST_BODY)
    app.add_middleware(problems.LastResort)
    app.add_middleware(AnswerHeaders)
    return app
