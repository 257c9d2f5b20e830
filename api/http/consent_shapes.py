"""A consent in JSON: its two halves and its signatures. The registrar and the city write them alike."""

from typing import Annotated

from pydantic import Field

from api.http.shapes import Address, Digest, Number, SentInstant, Shape
from ledger import bindings

Scope = Annotated[int, Field(ge=1, le=2**16 - 1, examples=[3])]
"""One bit per source of the use case, in their order."""


class Terms(Shape):
    """The half of a consent that is the same for everybody who signs at that time."""

    statement: Digest = Field(description="keccak256 of the published sentence.")
    recipient: Digest = Field(description="keccak256 of the recipient's name.")
    until: Digest = Field(description="keccak256 of the last full day, such as 2027-05-21.")
    use_case: Number
    scope: Scope
    valid_until: SentInstant = Field(description="00:00 UTC after the last full day.")
    deadline: SentInstant = Field(description="When it must be on the ledger.")

    @classmethod
    def of(cls, terms: bindings.Terms) -> "Terms":
        return cls.made(**terms._asdict())

    @property
    def struct(self) -> bindings.Terms:
        return bindings.Terms(**{name: getattr(self, name) for name in bindings.Terms._fields})


class Own(Shape):
    """The half of a consent that is one citizen's own."""

    signer: Address = Field(description="A key made for this consent alone.")
    commitment: Digest = Field(description="keccak256(reference || salt).")
    revocation_hash: Digest = Field(description="What the ledger knows of the code on her paper.")

    @classmethod
    def of(cls, own: bindings.Own) -> "Own":
        return cls(**own._asdict())

    @property
    def struct(self) -> bindings.Own:
        return bindings.Own(self.signer, self.commitment, self.revocation_hash)


class CompactSignature(Shape):
    """A signature as the contracts take it (EIP-2098)."""

    r: Digest
    vs: Digest

    @classmethod
    def of(cls, signature: bindings.Signature) -> "CompactSignature":
        return cls(r=signature.r, vs=signature.vs)

    @property
    def struct(self) -> bindings.Signature:
        return bindings.Signature(self.r, self.vs)
