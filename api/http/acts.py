"""The one shape of everything that goes to the ledger.

What an organisation signs: `POST .../forms` takes the wish and answers the form with the typed data to sign;
`POST ...` takes the form with the signature, or the whole offer as it came with the signature in it. What was taken is
answered 202 with a `Location` that says what came of it.
"""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Response
from pydantic import Field

from api.http.once import Once
from api.http.shapes import Answer, Shape, SignatureBytes

Form = TypeVar("Form", bound=Shape)

TypedData = dict[str, Any]


class Offered(Answer, Generic[Form]):
    """A form to be signed: sign `typed_data` and send `form` back, unchanged, with the signature."""

    form: Form
    typed_data: TypedData = Field(description="For eth_signTypedData_v4, or any EIP-712 library.")


Echo = Annotated[Any, Field(default=None, description="As it was offered. It is not read.")]
"""An offer may be sent back as it came, with the signature beside it."""


class SignedForm(Shape, Generic[Form]):
    form: Form
    signature: SignatureBytes
    typed_data: Echo


class Taken(Answer):
    """It was taken, and will be on the ledger soon, or be refused there by name."""

    message: str = Field(description="The name of what is on its way; `Location` asks for it.")
    resource: str | None = Field(
        default=None, description="Where the thing itself will be, if that is known."
    )


def taken(once: Once, key: str, resource: str | None = None) -> Response:
    return once.accepted(Taken(message=key, resource=resource), location=f"/v1/messages/{key}")
