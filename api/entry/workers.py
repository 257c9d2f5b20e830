import sys
from pathlib import Path

from api.entry.saying import in_one_sentence
from api.home import Home
from api.workers import work


def run(home: Home) -> int:
    """Run the background workers until told to stop; only one process does, since it follows and sends in order.

    Raises:
        CityFileError: there is no city here.
        CityInUseError: another one does.
    """
    home.city()
    with home.holding("workers"):
        return work(home)


if __name__ == "__main__":
    sys.exit(in_one_sentence(lambda: run(Home.here(Path(sys.argv[1])))))
