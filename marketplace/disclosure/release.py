"""What is remembered of an answer that left, so that no later one can be compared with it to single anybody out."""

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from marketplace.analysis.grid import Contributions
from marketplace.analysis.subjects import from_bytes, to_bytes
from marketplace.disclosure.contributions import together, too_close
from marketplace.disclosure.span import Span

_FORMAT = b"STOARLS2"
_TAG_BYTES = 8


class ReleaseUnreadableError(Exception):
    """Stored bytes are no release. Without it nothing may be released: restore it."""

    code = "release_unreadable"


@dataclass(frozen=True)
class ReleaseRecord:
    """One release. It says who is in which figure, so it is stored sealed and shown to nobody.

    `dataset` names the one that the measures are from. `groups` are the figures that a reader has: each
    published one, and each that takes one subtraction, as the cells it is the sum of (numbers in `cells`).
    """

    routine_digest: bytes
    dataset: str
    consent_root: bytes
    k: int
    cells: tuple[Contributions, ...]
    groups: tuple[tuple[int, ...], ...]

    @cached_property
    def figures(self) -> dict[Contributions, tuple[int, ...]]:
        """Whose rows are in each figure that a reader has, with its group, without repeats."""
        return {together(self.cells[place] for place in group): group for group in self.groups}

    @cached_property
    def _span(self) -> Span:
        span = Span()
        for group in self.groups:
            span.add(dict.fromkeys(group, 1))
        return span

    def tells(self, cells: Iterable[Contributions]) -> bool:
        """Whether the sum of these cells follows from this release alone."""
        place_of = {cell: place for place, cell in enumerate(self.cells)}
        places = [place_of.get(cell) for cell in cells if cell.people]
        return None not in places and dict.fromkeys(cast(list[int], places), 1) in self._span

    def encode(self) -> bytes:
        document = {
            "routine": self.routine_digest.hex(),
            "dataset": self.dataset,
            "consent_root": self.consent_root.hex(),
            "k": self.k,
            "cells": [[_text(to_bytes(c.subjects)), _text(_packed(c.tags))] for c in self.cells],
            "groups": self.groups,
        }
        return _FORMAT + zlib.compress(json.dumps(document, separators=(",", ":")).encode("ascii"))

    @classmethod
    def decode(cls, raw: bytes) -> "ReleaseRecord":
        """The record that `encode` wrote.

        Raises:
            ReleaseUnreadableError: these are other bytes.
        """
        try:
            if not raw.startswith(_FORMAT):
                raise ValueError("another format")
            document = json.loads(zlib.decompress(raw[len(_FORMAT) :]))
            return cls(
                routine_digest=bytes.fromhex(document["routine"]),
                dataset=str(document["dataset"]),
                consent_root=bytes.fromhex(document["consent_root"]),
                k=int(document["k"]),
                cells=tuple(_contributions(*cell) for cell in document["cells"]),
                groups=tuple(tuple(map(int, group)) for group in document["groups"]),
            )
        except (ValueError, KeyError, TypeError, zlib.error):
            raise ReleaseUnreadableError(
                "The record of an earlier release cannot be read. Restore it before releasing anything."
            ) from None


def held_by(new: ReleaseRecord, priors: Iterable[ReleaseRecord]) -> bool:
    """Whether some figure of `new` is too close to one that already left, to whomever, for whatever routine.

    Only releases with measures from the same dataset are compared, of whatever versions: a row that is in both is one
    row, and a subject all of whose rows are others has changed. The larger of the two thresholds counts; but a figure
    that already follows from the earlier release says nothing new, so an answer with a larger k can leave after one
    with a smaller.
    """
    return any(_too_close_anywhere(new, prior) for prior in priors if prior.dataset == new.dataset)


def _too_close_anywhere(new: ReleaseRecord, prior: ReleaseRecord) -> bool:
    k = max(new.k, prior.k)
    mine = [(figure.subjects, figure, group) for figure, group in new.figures.items()]
    for theirs in prior.figures:
        subjects = theirs.subjects
        for own_subjects, own, group in mine:
            # Nearly every pair ends here; too_close would say the same, ten times slower.
            if (own_subjects ^ subjects).bit_count() >= k or not too_close(own, theirs, k):
                continue
            if not prior.tells(new.cells[place] for place in group):
                return True
    return False


def _packed(tags: tuple[int, ...]) -> bytes:
    return b"".join(tag.to_bytes(_TAG_BYTES) for tag in tags)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _contributions(subjects: str, tags: str) -> Contributions:
    packed = base64.b64decode(tags)
    starts = range(0, len(packed), _TAG_BYTES)
    found = Contributions(
        from_bytes(base64.b64decode(subjects)),
        tuple(int.from_bytes(packed[start : start + _TAG_BYTES]) for start in starts),
    )
    if len(found.tags) != found.people:
        raise ValueError("tags and people differ in number")
    return found
