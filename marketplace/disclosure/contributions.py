"""Whose rows stand behind a figure, and how many people two figures differ by."""

from collections.abc import Iterable

from marketplace.analysis.grid import NO_CONTRIBUTIONS, Contributions
from marketplace.analysis.subjects import members


def together(parts: Iterable[Contributions]) -> Contributions:
    """The contributions to a sum of figures that share no row (the cells of one grid never do)."""
    found = list(parts)
    if len(found) <= 1:
        return found[0] if found else NO_CONTRIBUTIONS
    tags: dict[int, int] = {}
    subjects = 0
    for part in found:
        subjects |= part.subjects
        for subject, tag in part.by_subject.items():
            tags[subject] = tags.get(subject, 0) ^ tag
    return Contributions(subjects, tuple(tags[subject] for subject in members(subjects)))


def too_close(one: Contributions, other: Contributions, k: int) -> bool:
    """Whether two figures differ by the rows of at least one and fewer than `k` people.

    Then whoever holds both knows something about fewer than `k` people. A difference by nobody's rows is no
    difference. People are counted by rows, not by presence: somebody who is in both figures, with more rows in
    one of them, is a difference too.
    """
    # Cheap and nearly always enough: people who are in only one of the two.
    if (one.subjects ^ other.subjects).bit_count() >= k:
        return False
    if one.tags == other.tags and one.subjects == other.subjects:
        return False
    return 0 < _people_between(one, other, k) < k


def _people_between(one: Contributions, other: Contributions, enough: int) -> int:
    """How many people's rows differ; counting stops at `enough`."""
    found = (one.subjects ^ other.subjects).bit_count()
    mine, theirs = one.by_subject, other.by_subject
    for subject in members(one.subjects & other.subjects):
        if found >= enough:
            break
        found += mine[subject] != theirs[subject]
    return found
