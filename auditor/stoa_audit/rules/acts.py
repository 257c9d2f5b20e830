"""The city's own people: each act by somebody who held the power, in person, and listed."""

from collections.abc import Callable, Mapping

from stoa_audit.calls import Calls
from stoa_audit.digests import NOBODY, hexed
from stoa_audit.receipts import Receipt
from stoa_audit.report import Report
from stoa_audit.transactions import Transaction
from stoa_audit.world import Happening, Place, World

PUBLIC_ROLE = 2**64 - 1

LISTED = {
    ("Participants", "ParticipantAdmitted"),
    ("Participants", "ParticipantFrozen"),
    ("Participants", "ParticipantUnfrozen"),
    ("Datasets", "NotPersonalDeclared"),
    ("Datasets", "LeafErased"),
    ("UseCases", "UseCaseDecided"),
    ("UseCases", "UseCaseClosed"),
    ("UseCases", "RulePublished"),
    ("UseCases", "RuleRetired"),
    ("UseCases", "NoticeRetired"),
    ("Consents", "RegistrarSet"),
    ("Consents", "GrantsPausedSet"),
    ("Journal", "SettlerSet"),
    ("Journal", "AttestorSet"),
    ("Licences", "LicenceTerminated"),
    ("Settlement", "TariffSet"),
    ("Settlement", "Paused"),
    ("Settlement", "Unpaused"),
    ("Settlement", "Reconciled"),
    ("CityCredit", "Minted"),
    ("CityCredit", "Redeemed"),
    ("CityAccess", "RoleGranted"),
    ("CityAccess", "RoleRevoked"),
    ("CityAccess", "TargetClosed"),
}
"""What operators, treasurers, guardians and administrators do, for everybody to see."""

IN_PERSON = {
    ("UseCases", "DecisionProposed"): "by",
    ("UseCases", "UseCaseDecided"): "by",
    ("Datasets", "NotPersonalProposed"): "by",
    ("Datasets", "NotPersonalDeclared"): "second",
}
"""Events that name whoever acted: it must be the account that sent the transaction, not a contract in between."""


class ActRules:
    def __init__(self, world: World, report: Report, calls: Calls) -> None:
        self._world = world
        self._calls = calls
        self._acts = report.acts
        self._powers = report["acts.powers"]
        self._persons = report["acts.persons"]

    @property
    def rules(self) -> Mapping[tuple[str, str], Callable[[Happening], None]]:
        return {
            **dict.fromkeys(LISTED, self._list),
            **{
                event: self._in_person_and_listed if event in LISTED else self._in_person
                for event in IN_PERSON
            },
            ("Consents", "ConsentRevoked"): self._list_mandate,
            ("Journal", "Anchored"): self._require_settler,
        }

    def require_power(self, transaction: Transaction, receipt: Receipt, place: Place) -> None:
        """A restricted function does something only for a member of its role."""
        contract = self._world.city.contract_at(transaction.to) if transaction.to else None
        if contract is None or not receipt.succeeded:
            return
        role = self._world.functions.get((contract, transaction.data[:4]))
        if role is None or role == PUBLIC_ROLE:
            return
        held = self._world.roles.get((role, transaction.sender or ""))
        self._powers.expect(
            held is not None and held[1] <= place.timestamp,
            str(place),
            f"{transaction.sender or 'nobody'} called a function of {contract} without holding role {role}",
        )

    def _in_person(self, event: Happening) -> None:
        values = event.values
        actor = values[IN_PERSON[event.contract, event.name]]
        if event.name == "UseCaseDecided" and values["second"] != NOBODY:
            actor = values["second"]
        alone = values.get("second") not in (None, NOBODY) and actor in (
            values.get("by"),
            values.get("first"),
        )
        self._persons.expect(
            actor == event.by.sender and not alone,
            str(event.place),
            f"{event.name} names {actor} as the one who acted, and {event.by.sender} sent it",
        )

    def _require_settler(self, event: Happening) -> None:
        key = self._world.keys.get(("settler", event.by.sender or ""))
        self._powers.expect(
            key is not None and key.trusted,
            str(event.place),
            f"{event.by.sender} anchored the log and is no settler",
        )

    def _in_person_and_listed(self, event: Happening) -> None:
        self._in_person(event)
        self._list(event)

    def _list_mandate(self, event: Happening) -> None:
        if any(event.values["mandate"]):
            self._list(event)

    def _list(self, event: Happening) -> None:
        values = {name: _plain(value) for name, value in event.values.items()}
        self._acts.append(
            {"block": event.place.block, "act": event.name, "by": event.by.sender, "values": values}
        )


def _plain(value: object) -> object:
    match value:
        case bytes():
            return hexed(value)
        case dict():
            return {str(name): _plain(inner) for name, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case int() if not isinstance(value, bool) and value > 2**53 - 1:
            return str(value)
        case _:
            return value
