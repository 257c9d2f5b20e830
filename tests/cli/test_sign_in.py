"""The link that lets one of the city's staff into the pages."""

import re
import time
from pathlib import Path

import pytest

from api.home import Home
from marketplace.staff import service as staff
from marketplace.staff.service import InvitationVoidError, StaffMember
from tests.cli.command import Typed

LINK = re.compile(r"^http://127\.0\.0\.1:\d+/city/enter#(\S+)$", re.MULTILINE)


def test_the_link_stands_on_a_line_of_its_own_and_lets_in_once(typed: Typed, home: Path) -> None:
    said = typed(home, "city", "sign-in", "Otto").done()

    found = LINK.search(said.out)
    assert found is not None, said.out
    now = int(time.time())
    house = Home(home).house()
    with house.database.writing() as session:
        token = staff.enter(session, found[1], now=now)
        assert staff.holder(session, token, now=now) == StaffMember("Otto")
        assert staff.holder(session, token, now=now + staff.SESSION_SECONDS) is None
        with pytest.raises(InvitationVoidError):
            staff.enter(session, found[1], now=now)
    house.close()


def test_a_link_is_void_after_ten_minutes(typed: Typed, home: Path) -> None:
    found = LINK.search(typed(home, "city", "sign-in", "Otto").done().out)
    assert found is not None
    house = Home(home).house()
    with house.database.writing() as session, pytest.raises(InvitationVoidError):
        staff.enter(session, found[1], now=int(time.time()) + staff.INVITATION_SECONDS + 1)
    house.close()


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "Ot\u202eto", "Ot\nto"])
def test_a_name_that_cannot_be_shown_on_one_line_is_refused(typed: Typed, home: Path, name: str) -> None:
    typed(home, "city", "sign-in", name).refused("staff_name", "Give a name")
