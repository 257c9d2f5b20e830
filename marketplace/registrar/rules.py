"""Ages, from the day of birth."""

from datetime import date

YOUNGEST = 16
"""Nobody younger is asked."""


def born_by(age: int, day: date) -> date:
    """The last day on which somebody can have been born who is `age` on `day`."""
    try:
        return day.replace(year=day.year - age)
    except ValueError:  # 29 February: whoever was born on 1 March has her birthday tomorrow
        return day.replace(year=day.year - age, day=28)


def may_be_asked(born: date, day: date) -> bool:
    return born <= born_by(YOUNGEST, day)
