"""A city whose server listens, for real browsers: Lab asks, most have answered, and orders run when a test says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Page, expect

from marketplace.consent import queries as consents
from marketplace.consent.queries import GivenConsent
from marketplace.consent.standing import Standing, standings_of
from marketplace.use_cases import service as use_cases
from tests import small_city
from tests.town import Town
from tests.web.browsing import Device, Serving, free_port, served
from tests.web.city import WebCity

PEOPLE = 160
ANSWERED = range(101, 161)
"""Who said yes at the desk, so that each group of an answer has enough people."""


@dataclass
class Listening:
    city: WebCity
    serving: Serving
    address: str
    use_case: int
    licence: int
    _fresh: Iterator[int] = field(default_factory=lambda: count(1))
    _days: Iterator[int] = field(default_factory=lambda: count(2))

    def somebody(self) -> str:
        """Whoever no test has met yet."""
        number = next(self._fresh)
        assert number < ANSWERED.start, "More people are needed."
        return str(number)

    def letter(self, key: str) -> str:
        return self.city.letter(key)

    def order(self) -> None:
        """The next day's trips are delivered, Lab orders, and the workers run and settle it.

        Every answer is about a day of its own, so none is held for being too close to another test's.
        """
        trips = small_city.write_trips(self.city.folder / "day.sqlite", PEOPLE, day=next(self._days))
        self.city.office.deliver("trips", trips, table="trips")
        self.order_again()

    def order_again(self) -> None:
        """Lab orders about the day it has an answer about."""
        self.city.office.order("Lab", self.licence)
        self.city.pump(analysis=True)

    def ask_with_a_choice(self, applicant: str = "Lab") -> int:
        """A second request, in which trips may be left out."""
        office = self.city.office
        number = office.apply(
            applicant, small_city.document(small_city.TRAVEL), optional=frozenset({"trips"}), longest_days=60
        )
        office.allow(number)
        return number

    def close(self, use_case: int) -> None:
        office = self.city.office
        with office.house.database.writing() as session:
            use_cases.close(session, office.house, use_case, "It was for one test.")
        office.pump()

    def standings(self, key: str) -> list[Standing]:
        house = self.city.office.house
        with house.database.reading() as session, house.vault.reading() as vault:
            return standings_of(session, vault, ("person", key))

    def given(self, id_: bytes) -> GivenConsent:
        with self.city.office.house.database.reading() as session:
            return consents.given(session, id_)

    def open(self, device: Device, key: str) -> Page:
        """A tab in which `key` has typed her letter's code, and reads what she is asked first."""
        page = device.page("/c")
        page.fill("#code", self.letter(key))
        page.click("#letter button")
        expect(page.locator("h1")).not_to_have_text("Your data, your answer")
        return page

    def request(self, device: Device, key: str, use_case: int | None = None) -> Page:
        """A tab in which `key` reads the request."""
        page = self.open(device, key)
        page.goto(f"{self.address}/c/ask/{use_case or self.use_case}")
        return page

    def yes(self, page: Page) -> bytes:
        """She presses yes and gets her receipt. The consent's id."""
        page.click("[data-yes]")
        page.wait_for_url("**/c/consents/*")
        return bytes.fromhex(unquote(page.url).rsplit("0x", 1)[1])

    def recorded_yes(self, page: Page) -> bytes:
        """She says yes, the ledger has it, and her receipt says so: the page rests."""
        id_ = self.yes(page)
        self.city.pump()
        expect(page.locator(".receipt")).to_have_attribute("data-state", "in_force")
        return id_

    def recorded_stop(self, page: Page) -> None:
        """She stops what the page is about, the ledger has it, and her receipt says so."""
        page.get_by_role("button", name="Stop this").click()
        expect(page.locator(".receipt")).to_have_attribute("data-state", "stopping")
        self.city.pump()
        expect(page.locator(".receipt")).to_have_attribute("data-state", "stopped")


@contextmanager
def listening_city(folder: Path) -> Iterator[Listening]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    town = Town.found()
    city = WebCity(town, folder, public=address)
    use_case = city.lab_asks(people=PEOPLE)
    office = city.office
    for number in ANSWERED:
        office.say_yes(use_case, str(number))
    office.pump()
    office.town.set_tariff(use_case)
    office.anchor()
    office.fund("Lab")
    licence = office.buy_licence("Lab", use_case)
    with served(city, port) as serving:
        yield Listening(city, serving, address, use_case, licence)
    city.close()
    town.devnet.close()
