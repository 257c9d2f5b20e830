import sys
from pathlib import Path

from api.entry.saying import in_one_sentence
from api.home import Home
from api.workers import work

if __name__ == "__main__":
    sys.exit(in_one_sentence(lambda: work(Home.here(Path(sys.argv[1])))))
