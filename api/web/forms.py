"""What people type into forms of pages, read into numbers. Each reader refuses what it cannot read."""

import re
from datetime import datetime, tzinfo

from marketplace.errors import InvalidError

WHOLE = re.compile(r"[0-9]{1,10}")


class NumberMistypedError(InvalidError):
    """It is no whole number, or none that is taken here."""

    code = "number_mistyped"


def whole(typed: str, *, least: int, most: int) -> int:
    """Raises NumberMistypedError."""
    stripped = typed.strip()
    if not stripped.isascii() or not WHOLE.fullmatch(stripped) or not least <= int(stripped) <= most:
        raise NumberMistypedError(f"Type a whole number from {least} to {most}.")
    return int(stripped)


def whole_or_none(typed: str, *, least: int, most: int) -> int | None:
    """Raises NumberMistypedError. None where nothing is typed."""
    return whole(typed, least=least, most=most) if typed.strip() else None


class TimeMistypedError(InvalidError):
    """It is no date with a time, or the end is not after the beginning."""

    code = "time_mistyped"


def instant(typed: str, zone: tzinfo) -> int:
    """Seconds since 1970 of what a `datetime-local` input sends, by the city's clock.

    Raises:
        TimeMistypedError
    """
    try:
        at = datetime.fromisoformat(typed.strip())
        return int(at.replace(tzinfo=at.tzinfo or zone).timestamp())
    except (ValueError, OverflowError):
        raise TimeMistypedError("Type a date and a time, such as 2026-11-25T14:30.") from None
