"""Merkle proofs in JSON: RFC 9162's shape with keccak256, leaves ascending (docs/bundle.md says how to check them)."""

from typing import Literal

from api.http.shapes import Answer, Digest
from ledger.tree import ExclusionProof, InclusionProof


class Inclusion(Answer):
    """The leaf is in the tree."""

    kind: Literal["inclusion"] = "inclusion"
    leaf: Digest
    index: int
    size: int
    path: list[Digest]

    @classmethod
    def of(cls, proof: InclusionProof) -> "Inclusion":
        return cls(leaf=proof.leaf, index=proof.index, size=proof.size, path=list(proof.path))


class Exclusion(Answer):
    """The leaf is not in the tree: it would stand between these neighbours."""

    kind: Literal["exclusion"] = "exclusion"
    leaf: Digest
    size: int
    below: Inclusion | None
    above: Inclusion | None


ProofAnswer = Inclusion | Exclusion


def proof_answer(proof: InclusionProof | ExclusionProof) -> ProofAnswer:
    match proof:
        case InclusionProof():
            return Inclusion.of(proof)
        case ExclusionProof():
            return Exclusion(
                leaf=proof.leaf,
                size=proof.size,
                below=None if proof.below is None else Inclusion.of(proof.below),
                above=None if proof.above is None else Inclusion.of(proof.above),
            )
