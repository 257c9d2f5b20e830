"""Carries out what citizens wished for and what takes more than one step: spread stops, and being forgotten.

Everything is read from the database, so whoever starts it again goes on where it was.
"""

import time
from typing import Protocol

from marketplace.consent import erasure
from marketplace.consent.stopping import send_due_stops
from marketplace.errors import UnavailableError
from marketplace.house import House


class Register(Protocol):
    """The registrar's office, as far as it forgets."""

    def forget(self, letter: str) -> bool: ...


class Wishes:
    def __init__(self, house: House, register: Register) -> None:
        self._house = house
        self._register = register
        self._compared = False

    def step(self) -> bool:
        """One round. Whether anything moved."""
        moved = send_due_stops(self._house, int(time.time()))
        if not self._compared:
            # Once after each start: the vault may be a backup from before somebody was forgotten.
            erasure.repeat_forgotten(self._house)
            self._compared = True
        for id_ in erasure.unfinished(self._house):
            moved = self._forget(id_) or moved
        if self._house.vault.must_be_truncated:
            # Also after a start: whoever was here before may have been killed between deleting and truncating.
            self._house.vault.truncate_log()
        return moved

    def _forget(self, id_: bytes) -> bool:
        letter = erasure.letter_of(self._house, id_)
        if letter is not None:
            try:
                self._register.forget(letter)
            except UnavailableError:
                return False  # tried again in the next round
            erasure.register_forgot(self._house, id_)
        return erasure.carry_out(self._house, id_)
