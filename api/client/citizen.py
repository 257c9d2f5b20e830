"""A citizen's own device: it makes the key, signs what it shows, and throws the key away."""

from api.client.connection import Connection
from api.demo.people import Paper
from ledger.city import City


class Citizen:
    """Speaks to one city as whoever holds a letter."""

    def __init__(self, url: str, city: City, letter: str) -> None:
        self._connection = Connection(url)
        self._connection.letter = letter
        self._city = city

    def say_yes(self, use_case: int, *, person: int, language: str) -> Paper:
        raise NotImplementedError
