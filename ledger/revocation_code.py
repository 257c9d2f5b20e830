"""The code on a citizen's paper: 20 characters that end one consent, from any node, by anyone who holds the paper.

19 random characters of a 31-letter alphabet without look-alikes (94 bits) and a check character in the manner of
ISBN-10: the values weighted 1 (last) to 20 (first) sum to 0 modulo 31. 31 is prime and above 20, so every single wrong
character and every swap of two is noticed. `contracts/src/RevocationCode.sol` checks the same.
"""

import secrets
from dataclasses import dataclass

from ledger.digests import keccak

ALPHABET = "123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 20
BASE = len(ALPHABET)


class RevocationCodeError(ValueError):
    """What was typed is not a revocation code."""

    code = "revocation_code_malformed"


class WrongCheckCharacterError(RevocationCodeError):
    """A character was mistyped."""

    code = "wrong_check_digit"


@dataclass(frozen=True, slots=True)
class RevocationCode:
    value: int

    @classmethod
    def fresh(cls) -> "RevocationCode":
        digits = [secrets.randbelow(BASE) for _ in range(LENGTH - 1)]
        weighted = sum(weight * digit for weight, digit in zip(range(LENGTH, 1, -1), digits, strict=True))
        return cls._of([*digits, -weighted % BASE])

    @classmethod
    def parse(cls, typed: str) -> "RevocationCode":
        """Read what somebody typed: case, spaces and hyphens do not matter.

        Raises:
            RevocationCodeError: wrong length or a character that no code has.
            WrongCheckCharacterError: the check character does not fit.
        """
        letters = "".join(
            character for character in typed.upper() if not character.isspace() and character not in "-‐‑–"
        )
        if len(letters) != LENGTH or any(letter not in ALPHABET for letter in letters):
            raise RevocationCodeError(
                "A code has 20 letters and digits, never 0, I, L, O or U. Look at the paper and type it again."
            )
        digits = [ALPHABET.index(letter) for letter in letters]
        if sum(weight * digit for weight, digit in zip(range(LENGTH, 0, -1), digits, strict=True)) % BASE:
            raise WrongCheckCharacterError("One of the characters is mistyped. Compare each with the paper.")
        return cls._of(digits)

    @classmethod
    def _of(cls, digits: list[int]) -> "RevocationCode":
        value = 0
        for digit in digits:
            value = value * BASE + digit
        return cls(value)

    @property
    def hash(self) -> bytes:
        """What the ledger knows of the code before it is used."""
        return keccak(self.value.to_bytes(32, "big"))

    def __str__(self) -> str:
        value, letters = self.value, ""
        for _ in range(LENGTH):
            value, digit = divmod(value, BASE)
            letters = ALPHABET[digit] + letters
        return "-".join(letters[start : start + 4] for start in range(0, LENGTH, 4))

    def __repr__(self) -> str:
        return "RevocationCode(...)"  # a code ends a consent: it does not belong into logs
