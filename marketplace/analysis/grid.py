"""The closed grid of a result, and the cells that a run found in it."""

from dataclasses import dataclass
from functools import cached_property
from math import prod

from marketplace.analysis.subjects import NOBODY, SubjectSet, members


@dataclass(frozen=True)
class GridDimension:
    source: str
    name: str
    grain: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Grid:
    """Every cell a result may have. A cell is named by its place in each dimension's labels."""

    dimensions: tuple[GridDimension, ...]
    measures: tuple[str, ...]

    @cached_property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(dimension.labels) for dimension in self.dimensions)

    @property
    def size(self) -> int:
        return prod(self.shape)

    def number_of(self, at: tuple[int, ...]) -> int:
        """The cell's number when the last dimension runs fastest."""
        number = 0
        for place, length in zip(at, self.shape, strict=True):
            if not 0 <= place < length:
                raise ValueError("The cell lies outside the grid.")
            number = number * length + place
        return number


@dataclass(frozen=True)
class Contributions:
    """Whose rows, and which of them, a figure is made of.

    `tags` has one number for each subject, by index ascending: the exclusive or of the tags of her rows in it
    (see marketplace.catalogue.ingest.row_tag). Two figures use different rows of a subject iff they differ there.
    """

    subjects: SubjectSet
    tags: tuple[int, ...]

    @property
    def people(self) -> int:
        return self.subjects.bit_count()

    @cached_property
    def by_subject(self) -> dict[int, int]:
        return dict(zip(members(self.subjects), self.tags, strict=True))


NO_CONTRIBUTIONS = Contributions(NOBODY, ())


@dataclass(frozen=True)
class Cell:
    """One cell that has rows. `values` are in the order of the grid's measures."""

    at: tuple[int, ...]
    values: tuple[int, ...]
    contributions: Contributions
