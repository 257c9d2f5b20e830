"""What the city and its registrar say to each other."""

from typing import Annotated

from pydantic import Field

from api.http.consent_shapes import CompactSignature, Own, Terms
from api.http.shapes import Digest, Number, Shape

Letter = Annotated[str, Field(min_length=1, max_length=40)]
Kind = Annotated[str, Field(min_length=1, max_length=63)]
Key = Annotated[str, Field(min_length=1, max_length=200)]

MOST_AT_ONCE = 500


class LetterShown(Shape):
    letter: Letter


class LetterForUseCase(LetterShown):
    use_case: Number


class Person(Shape):
    """Whose rows: what a column of the city's data calls her."""

    kind: Kind
    key: Key


class LetterTo(Person):
    resident: Annotated[str, Field(max_length=200)] = ""


class Resident(Person):
    """One of those who share what the key names."""

    resident: Key


class MovesIn(Resident):
    age: Annotated[int, Field(ge=0, le=150)]


class Disagrees(Resident):
    use_case: Number


class Agrees(Disagrees):
    """Her yes: to this choice of data at most, until this end at the latest."""

    scope: Annotated[int, Field(ge=1, le=63)]
    valid_until: Annotated[int, Field(ge=0, le=2**40 - 1)]


class Done(Shape):
    done: bool = Field(description="False: it was so already.")


class KnownPerson(Person):
    """With her reference for one use case."""

    reference: Digest


class Countersigning(LetterShown):
    terms: Terms
    own: Own
    signature: CompactSignature
    salt: Digest


class Nothing(Shape):
    """Nothing needs to be said."""


class IsDesk(Shape):
    desk: bool


class PeopleAtDesk(Shape):
    use_case: Number
    people: list[Person] = Field(min_length=1, max_length=MOST_AT_ONCE)


class KnownPeople(Shape):
    """Those of the people asked for who are in the register and old enough."""

    people: list[KnownPerson]


class DeskAsk(Person):
    terms: Terms
    own: Own
    signature: CompactSignature
    salt: Digest


class DeskAsks(Shape):
    asks: list[DeskAsk] = Field(min_length=1, max_length=MOST_AT_ONCE)


class Refusal(Shape):
    code: str
    detail: str


class DeskAnswer(Shape):
    """A countersignature, or why there is none: exactly one of the two."""

    signature: CompactSignature | None = None
    refusal: Refusal | None = None


class DeskAnswers(Shape):
    answers: list[DeskAnswer]


class WrittenLetter(Shape):
    code: Letter


class Forgotten(Shape):
    forgotten: bool = Field(description="False: nobody like this was in the register (any more).")
