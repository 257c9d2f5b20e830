import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import uvicorn

from api import web
from api.entry.saying import in_one_sentence
from api.home import LOOPBACK, Home
from api.http.app import create_app
from api.http.limits import Pace
from api.http.settings import HttpSettings, Limits
from api.processes import require_free_port
from api.registrar.client import RegistrarClient


def run(home: Home) -> int:
    """Serve the API and the pages until told to stop.

    Raises:
        CityFileError: there is no city here.
        PortTakenError: something else listens at the city's address.
    """
    home.city()
    settings = home.settings
    port = require_free_port(settings.public)
    house = home.house()
    app = create_app(
        house,
        registrar=RegistrarClient.at(settings.registrar, home.registrar_token.read_text().strip()),
        settings=HttpSettings(
            public=settings.public,
            node=settings.node,
            finality=settings.finality,
            zone=ZoneInfo(settings.zone),
            play_bank=settings.play_bank,
            admitted_classes=tuple(settings.admitted_classes),
            limits=Limits(secrets=Pace(settings.code_attempts_a_second, settings.code_attempts_at_once)),
        ),
    )
    web.install(app)
    try:
        uvicorn.run(app, host=LOOPBACK, port=port, log_level="warning", access_log=False)
    finally:
        house.close()
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(lambda: run(Home.here(Path(sys.argv[1])))))
