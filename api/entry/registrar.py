import sys
from pathlib import Path

from api.entry.saying import in_one_sentence
from api.home import LOOPBACK, Home
from api.processes import require_free_port
from api.registrar.serving import serve_registrar


def run(home: Home) -> int:
    """Serve the registrar's office until told to stop.

    Raises:
        CityFileError: there is no city here.
        PortTakenError: something else listens at the registrar's address.
    """
    city = home.city()
    serve_registrar(
        home.registrar,
        LOOPBACK,
        require_free_port(home.settings.registrar),
        city=city,
        node=home.node(),
        city_token=home.registrar_token.read_text().strip(),
        started=lambda url: print(f"The registrar's office is at {url}", flush=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(lambda: run(Home.here(Path(sys.argv[1])))))
