"""The ledger's events in the city's words: one sentence per kind of event, with names for numbers and accounts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.web.words import Words
from ledger.reader import Happening
from ledger.roles import Role
from marketplace.participants import queries as participants
from marketplace.participants.tables import RoleRow
from marketplace.provenance.explorer import values_of
from marketplace.use_cases.purposes import BY_DIGEST

AMOUNTS = {"amount", "cap", "charge", "licence_price", "price", "unit_price", "value"}
MOMENTS = {"deadline", "end_time", "ends_at", "schedule", "since", "start_time", "valid_until"}
PARTICIPANTS = {"Participants.id", "applicant", "steward"}
VARIANTS = {"allowed", "closed", "objection", "paused", "trusted"}
"""Fields of which each value has a sentence of its own."""
UNTOLD = "other"


@dataclass(frozen=True)
class LedgerWords:
    words: Words
    names: Mapping[int, str]
    """Of participants, by number."""
    accounts: Mapping[str, str]
    """Who is behind an account: a participant, or a role of the city's."""

    @classmethod
    def of(cls, session: Session, words: Words, contracts: Mapping[str, str]) -> "LedgerWords":
        """`contracts`: address by name."""
        everybody = participants.everybody(session)
        names = {one.number: one.name or words("audit.unnamed", number=one.number) for one in everybody}
        accounts = {address: name for name, address in contracts.items()}
        for row in session.scalars(select(RoleRow)):
            accounts[row.account] = words(f"audit.role.{row.role}")
        accounts |= {one.account: names[one.number] for one in everybody}
        return cls(words, names, accounts)

    def sentence(self, one: Happening) -> Markup:
        key, blanks = self._told(one)
        return self.words.set_apart(key, **blanks)

    def plain(self, one: Happening) -> str:
        key, blanks = self._told(one)
        return self.words(key, **blanks)

    def who(self, account: str) -> str:
        return self.accounts.get(account, short(account))

    def role(self, number: int) -> str:
        known = {int(one) for one in Role}
        return self.words(f"audit.role.{number}") if number in known else str(number)

    def _told(self, one: Happening) -> tuple[str, dict[str, str]]:
        values = values_of(one.event)
        kind = type(one.event).__name__
        parts = [kind, *(str(values[name]).lower() for name in values if name in VARIANTS)]
        key = f"audit.event.{'.'.join(parts)}"
        if (kind, one.contract) == ("Transfer", "Licences") or key not in self.words:
            key = f"audit.event.{UNTOLD}"
        shown = {name: self._shown(one.contract, name, value) for name, value in values.items()}
        return key, {**shown, "event": kind, "contract": one.contract}

    def _shown(self, contract: str, name: str, value: object) -> str:
        match value:
            case bool():
                return str(value)
            case int():
                tell = TELLERS.get(f"{contract}.{name}") or TELLERS.get(name)
                return self.words.number(value) if tell is None else tell(self, value)
            case bytes():
                return self._told_bytes(name, value)
            case str() if name != "label":
                return self.who(value)
            case _:
                return str(value)

    def _told_bytes(self, name: str, value: bytes) -> str:
        if name == "purpose" and value in BY_DIGEST:
            return self.words.purpose(BY_DIGEST[value])
        if name == "language":
            return value.rstrip(b"\0").decode("ascii", "replace")
        return short("0x" + value.hex())


TELLERS: dict[str, Callable[[LedgerWords, int], str]] = {
    **dict.fromkeys(AMOUNTS, lambda told, value: told.words.credits(value)),
    **dict.fromkeys(MOMENTS, lambda told, value: told.words.moment(value)),
    **dict.fromkeys(PARTICIPANTS, lambda told, value: told.names.get(value, str(value))),
    "class_": lambda told, value: told.words(f"class.{value}"),
    "how": lambda told, value: told.words(f"audit.how.{value}"),
    "role_id": LedgerWords.role,
}
"""How whole numbers are told, by the field's name; where the contract matters, by both."""


def short(text: str) -> str:
    """The two ends of a long number."""
    return text if len(text) <= 14 else f"{text[:8]}...{text[-4:]}"
