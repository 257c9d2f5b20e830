"""Who may be asked, and what it takes where several share something."""

from dataclasses import dataclass
from datetime import date

YOUNGEST = 16
"""Nobody younger is asked."""
SHARED = frozenset({"home"})
"""Kinds of rows that are several people's: every adult of them must agree."""
AGREEMENT_SECONDS = 30 * 86_400
"""How long a yes waits for the others'."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One adult's yes for what she shares: to which data, until when, and when she said so."""

    scope: int
    valid_until: int
    agreed_at: int


def allows(agreement: Agreement, *, scope: int, valid_until: int, now: int) -> bool:
    """Whether she has agreed to a consent to this data until then: never to more, or for longer, than she said."""
    return (
        not scope & ~agreement.scope
        and valid_until <= agreement.valid_until
        and now < agreement.agreed_at + AGREEMENT_SECONDS
    )


def born_by(age: int, day: date) -> date:
    """The last day on which somebody can have been born who is `age` on `day`."""
    try:
        return day.replace(year=day.year - age)
    except ValueError:  # 29 February: whoever was born on 1 March has her birthday tomorrow
        return day.replace(year=day.year - age, day=28)


def may_be_asked(born: date, day: date) -> bool:
    return born <= born_by(YOUNGEST, day)
