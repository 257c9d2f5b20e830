"""Whether the register and the delivered datasets call people by the same keys: told in counts, never by key."""

from collections.abc import Set as AnySet
from dataclasses import dataclass

NOT_HERE = "The datasets are not on this machine, so the register's keys were compared with none."
NONE_YET = (
    "No dataset about people is delivered yet, so the register's keys were compared with none. Import the same file "
    "again after the delivery."
)

Subjects = AnySet[tuple[str, str]]
"""(kind, key) of people, homes, ..."""


@dataclass(frozen=True)
class Compared:
    """Of one kind, how many keys the register has, how many the datasets, and how many only one of the two."""

    kind: str
    registered: int
    delivered: int
    without_rows: int
    unregistered: int

    @property
    def sentence(self) -> str:
        if not self.without_rows and not self.unregistered:
            return f"All {self.registered:,} keys of kind {self.kind} are in the register and in a delivered dataset."
        said: list[str] = []
        if self.without_rows:
            said.append(
                f"Of the register's {self.registered:,} keys of kind {self.kind}, no delivered dataset knows "
                f"{self.without_rows:,}: a yes to these changes no answer."
            )
        if self.unregistered:
            said.append(
                f"Of the datasets' {self.delivered:,} keys of kind {self.kind}, the register lacks "
                f"{self.unregistered:,}: nobody can be asked about these."
            )
        return " ".join(said)


def compared(registered: Subjects, delivered: Subjects) -> list[Compared]:
    """By kind, in alphabetical order. Keys are the same to the letter: 007 is not 7."""
    return [
        Compared(
            kind=kind,
            registered=len(ours := {key for one, key in registered if one == kind}),
            delivered=len(theirs := {key for one, key in delivered if one == kind}),
            without_rows=len(ours - theirs),
            unregistered=len(theirs - ours),
        )
        for kind in sorted({kind for kind, _ in registered | delivered})
    ]


def comparison(registered: Subjects, delivered: Subjects | None) -> list[str]:
    """What whoever keeps the register is told; `delivered` is None where the datasets are not at hand."""
    if delivered is None:
        return [NOT_HERE]
    if not delivered:
        return [NONE_YET]
    found = compared(registered, delivered)
    said = [one.sentence for one in found]
    if any(one.without_rows or one.unregistered for one in found):
        said.append("Kinds and keys are compared to the letter: 007 is not 7.")
    return said
