"""The nouns of demo sources: a pinned wheel, the few files we read out of it, what may be said about them."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a wheel, by its path there, with its size in bytes and the SHA-256 of its bytes."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's own name, by which it lies in the cache."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A published package file, pinned by the SHA-256 of its bytes; `size` in bytes."""

    project: str
    version: str
    file_name: str
    size: int
    sha256: str
    members: tuple[Member, ...]

    @property
    def requirement(self) -> str:
        """The line that makes pip take this file and no other."""
        return f"{self.project}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True, slots=True)
class Source:
    """A wheel seen as a source: what its rows honestly are and who is to be cited.

    `honesty` is the label ("real", "real, 17 homes", "model") and `sentence` says more. Charts, receipts and
    statements carry both.
    """

    name: str
    title: str
    wheel: Wheel
    honesty: str
    sentence: str
    licence: str
    citation: str


@dataclass(frozen=True, slots=True)
class FetchStep:
    """What a fetch is doing: `done` of `total` bytes of the wheel when it downloads, both 0 otherwise."""

    source: str
    doing: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class FetchedSource:
    """A source whose files lie verified in `folder`; `downloaded` is 0 bytes when they already did."""

    source: Source
    folder: Path
    downloaded: int


@dataclass(frozen=True, slots=True)
class FetchReport:
    """What a fetch brought, in the order it was asked for."""

    fetched: tuple[FetchedSource, ...]

    @property
    def downloaded(self) -> int:
        """Bytes that came over the network."""
        return sum(each.downloaded for each in self.fetched)

    def folder_of(self, name: str) -> Path:
        """The folder with the files of source `name`, which must have been asked for."""
        return next(each.folder for each in self.fetched if each.source.name == name)
