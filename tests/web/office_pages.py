"""The city's staff at a browser: what tests of its pages share."""

import re
import time
from dataclasses import dataclass
from html import unescape

import httpx
from starlette.testclient import TestClient

from ledger.outbox.tables import MessageRow
from marketplace.staff import service as staff
from tests.web.city import WebCity, token_in


@dataclass
class Otto:
    """One of the staff, signed in."""

    city: WebCity
    browser: TestClient

    @classmethod
    def enters(cls, city: WebCity, *, language: str = "en") -> "Otto":
        browser = city.browser(language=language)
        with city.office.house.database.writing() as session:
            code = staff.invite(session, "Otto", now=int(time.time()))
        assert browser.post("/city/enter", data={"code": code}, follow_redirects=False).status_code == 303
        return cls(city, browser)

    def read(self, path: str) -> str:
        """What a page says, without its tags."""
        answer = self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return plain(answer)

    def press(self, page: str, action: str, **fields: str) -> httpx.Response:
        """Send the form of `page` that goes to `action`."""
        token = token_in(self.browser.get(page))
        return self.browser.post(action, data={"token": token, **fields})

    def confirm(self, asked: httpx.Response) -> httpx.Response:
        """Press the button of a page that asks first."""
        action = re.search(r'<form method="post" action="([^"]+/confirmed)"', asked.text)
        assert action, asked.text
        fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', asked.text)
        return self.browser.post(action[1], data={name: unescape(value) for name, value in fields})

    def messages(self) -> int:
        """How many messages were ever put into the outbox."""
        with self.city.office.house.database.reading() as session:
            return session.query(MessageRow).count()


def plain(answer: httpx.Response) -> str:
    main = answer.text.split("<main", 1)[1].split("</main>", 1)[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())
