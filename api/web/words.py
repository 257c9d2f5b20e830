"""What pages say, per language: `texts/<language>.toml`. Adding a language is adding a file."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

TEXTS = Path(__file__).parent / "texts"
DEFAULT = "en"
MICRO = 1_000_000
SET_APART = Markup("<bdi>{}</bdi>")


@dataclass(frozen=True)
class Words:
    """One language. Called with a key it says the text, with its blanks filled."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **blanks: object) -> str:
        return self.texts[key].format(**blanks)

    def named(self, key: str, *, recipient: str, **blanks: object) -> Markup:
        """A text with an organisation's name in it. The name is set apart: it turns nothing around it."""
        return Markup(self.texts[key]).format(recipient=SET_APART.format(recipient), **blanks)  # noqa: S704 (ours)

    def __contains__(self, key: object) -> bool:
        return key in self.texts

    def one_of(self, key: str, fallback: str) -> str:
        return self(key if key in self else fallback)

    def day(self, seconds: int) -> str:
        """The UTC day of an instant, in words: 24 January 2027."""
        at = datetime.fromtimestamp(seconds, UTC)
        return self("date.day", day=at.day, month=self(f"date.month.{at.month}"), year=at.year)

    def moment(self, seconds: int) -> str:
        at = datetime.fromtimestamp(seconds, UTC)
        return self("date.moment", day=self.day(seconds), hour=at.hour, minute=f"{at.minute:02}")

    def last_day(self, valid_until: int) -> str:
        """The last full day of a consent that ends at `valid_until`."""
        return self.day(valid_until - 1)

    def honesty(self, label: str) -> str:
        """What data really is: "real", "real, 17 homes", "model", "simulated". What follows the comma stays."""
        kind, comma, rest = label.partition(", ")
        return self(f"honesty.{kind}") + comma + rest

    def credits(self, micro: int) -> str:
        """An amount of micro-credits in credits, to the cent."""
        whole, rest = divmod(micro, MICRO)
        return self("money", whole=whole, cents=f"{rest // 10_000:02}")


def read(folder: Path = TEXTS) -> dict[str, Words]:
    """Every language there is."""
    return {
        path.stem: Words(path.stem, dict(_flat(tomllib.loads(path.read_text(encoding="utf-8")))))
        for path in sorted(folder.glob("*.toml"))
    }


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value)


def preferred(known: Mapping[str, Words], asked: Iterable[str | None], accepted: str | None) -> Words:
    """The first language asked for that we know, else the first that the browser's Accept-Language names."""
    for language in asked:
        if language is not None and language in known:
            return known[language]
    for part in (accepted or "")[:200].split(","):
        language = part.split(";")[0].strip().lower().split("-")[0]
        if language in known:
            return known[language]
    return known[DEFAULT]
