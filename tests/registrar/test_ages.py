"""Somebody in the register grows older in it."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from api.registrar.serving import open_register
from marketplace.registrar import service
from marketplace.registrar.rules import YOUNGEST, born_by, may_be_asked


@pytest.mark.parametrize(
    ("age", "day", "born"),
    [
        (16, date(2026, 11, 25), date(2010, 11, 25)),
        (0, date(2026, 11, 25), date(2026, 11, 25)),
        (1, date(2028, 2, 29), date(2027, 2, 28)),
        (4, date(2028, 2, 29), date(2024, 2, 29)),
    ],
)
def test_the_last_day_of_birth_follows_from_an_age(age: int, day: date, born: date) -> None:
    assert born_by(age, day) == born


def test_somebody_may_be_asked_from_her_birthday_on() -> None:
    born = date(2010, 11, 25)
    assert not may_be_asked(born, date(2026, 11, 24))
    assert may_be_asked(born, date(2026, 11, 25))


def test_who_was_entered_too_young_is_asked_once_she_is_old_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered = date(2026, 11, 25)
    monkeypatch.setattr(service, "today", lambda: entered)
    register = open_register(tmp_path)
    with register.writing() as session:
        service.enrol(session, [service.Entry("person", "1", YOUNGEST - 1)])
        with pytest.raises(service.TooYoungError):
            service.write_letter(session, kind="person", key="1")
        assert service.references_for(session, 1, [("person", "1")]) == {}

    monkeypatch.setattr(service, "today", lambda: entered + timedelta(days=365))
    with register.writing() as session:
        letter = service.write_letter(session, kind="person", key="1")
        assert service.person_of_letter(session, letter).key == "1"
        assert service.references_for(session, 1, [("person", "1")])
    register.close()
