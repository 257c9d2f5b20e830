"""What pages say, per language: `languages/<language>.po`. Adding a language is adding a file.

A text goes by its key, which is the `msgid`; blanks are in braces. A text that a language does not have yet is said in
English. The file's header names the locale by which dates and numbers are written, and so the direction of writing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations
from markupsafe import Markup

from marketplace.use_cases.purposes import Purpose

LANGUAGES = Path(__file__).parent / "languages"
DEFAULT = "en"
MICRO = 1_000_000
SET_APART = Markup("<bdi>{}</bdi>")


@dataclass(frozen=True)
class Words:
    """One language. Called with a key it says the text, with its blanks filled."""

    language: str
    locale: Locale
    keys: frozenset[str]
    """What this language has words of its own for."""
    texts: Translations
    zone: tzinfo = UTC
    """The city's time zone: moments are told in it."""

    def __call__(self, key: str, /, **blanks: object) -> str:
        """The text of a key; where it has a plural, `n` says which and fills its blank.

        Raises:
            KeyError: no language has it.
        """
        return self._text(key, blanks.get("n")).format(**self._written(blanks))

    def named(self, key: str, *, recipient: str, **blanks: object) -> Markup:
        """A text with an organisation's name in it. The name is set apart: it turns nothing around it."""
        text = self._text(key, blanks.get("n"))
        return Markup(text).format(recipient=SET_APART.format(recipient), **self._written(blanks))  # noqa: S704 (ours)

    def set_apart(self, key: str, /, **blanks: object) -> Markup:
        """A text in which each blank is set apart: what fills it is shown as it is, and turns nothing around it."""
        return Markup(self._text(key, None)).format(  # noqa: S704 (our text; what fills it is escaped)
            **{name: SET_APART.format(value) for name, value in blanks.items()}
        )

    def __contains__(self, key: object) -> bool:
        return key in self.keys

    def one_of(self, key: str, fallback: str) -> str:
        return self(key if key in self else fallback)

    @property
    def direction(self) -> str:
        """Where writing goes: "ltr" or "rtl"."""
        return self.locale.text_direction

    def day(self, seconds: int) -> str:
        """The UTC day of an instant, in words: 24 January 2027."""
        return self.date(datetime.fromtimestamp(seconds, UTC).date())

    def date(self, day: date) -> str:
        return format_date(day, "long", locale=self.locale)

    def moment(self, seconds: int) -> str:
        """An instant in the city's time zone: 24 January 2027, 14:05 UTC."""
        at = datetime.fromtimestamp(seconds, self.zone)
        return (
            f"{self.date(at.date())}, {format_datetime(at, 'HH:mm z', tzinfo=self.zone, locale=self.locale)}"
        )

    def last_day(self, valid_until: int) -> str:
        """The last full day of a consent that ends at `valid_until`."""
        return self.day(valid_until - 1)

    def number(self, value: int) -> str:
        """A count, in groups of three digits."""
        return format_decimal(value, locale=self.locale)

    def purpose(self, purpose: Purpose) -> str:
        """What follows "so that it can"."""
        return self(f"purpose.{purpose.term}")

    def honesty(self, label: str) -> str:
        """What data really is: "real", "real, 17 homes", "model", "simulated". What follows the comma stays."""
        kind, comma, rest = label.partition(", ")
        return self(f"honesty.{kind}") + comma + rest

    def credits(self, micro: int) -> str:
        """An amount of micro-credits in credits, to the cent; what is less than a cent is left out."""
        amount = Decimal(micro * 100 // MICRO) / 100
        return self("money", amount=format_decimal(amount, "#,##0.00", locale=self.locale))

    def _text(self, key: str, n: object) -> str:
        found = self.texts.ngettext(key, key, n) if isinstance(n, int) else self.texts.gettext(key)
        if found == key:
            raise KeyError(key)
        return found

    def _written(self, blanks: Mapping[str, object]) -> dict[str, Any]:
        n = blanks.get("n")
        return {**blanks, "n": self.number(n)} if isinstance(n, int) else dict(blanks)


def read(folder: Path = LANGUAGES, *, zone: tzinfo = UTC) -> dict[str, Words]:
    """Every language there is."""
    catalogs = {path.stem: _catalog(path) for path in sorted(folder.glob("*.po"))}
    texts = {language: _translations(catalog) for language, catalog in catalogs.items()}
    for language, one in texts.items():
        if language != DEFAULT:
            one.add_fallback(texts[DEFAULT])
    return {
        language: Words(language, Locale.parse(catalog.locale), _keys(catalog), texts[language], zone)
        for language, catalog in catalogs.items()
    }


def _catalog(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def _translations(catalog: Catalog) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def _keys(catalog: Catalog) -> frozenset[str]:
    singular = (one.id if isinstance(one.id, str) else one.id[0] for one in catalog if one.string)
    return frozenset(key for key in singular if key)


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
