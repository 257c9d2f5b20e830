"""The bundle: a directory that a city hands over (docs/bundle.md). Nothing in it is trusted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from stoa_audit.city import City
from stoa_audit.digests import hexed, sha256, unhexed
from stoa_audit.errors import InvalidError, UnreadableError
from stoa_audit.fields import Fields

VERSION = "bundle/1"
MANIFEST_FIELDS = ("city", "files", "first", "head", "last", "stoa", "tables")
PATHS = re.compile(
    r"city\.json|chain/(headers|bodies|accounts)\.jsonl|documents/(keccak256|sha256)/[0-9a-f]{64}"
    r"|statements/[0-9a-f]{64}\.json|journal/entries\.jsonl|projection/[a-z][a-z0-9_]{0,62}\.jsonl"
)
MOST_BYTES = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the manifest names it."""

    path: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the city's databases: names only."""

    name: str
    store: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    city: bytes
    files: tuple[Listed, ...]
    last: int
    head: bytes
    tables: tuple[Table, ...]

    @classmethod
    def parsed(cls, fields: Fields) -> "Manifest":
        if fields.document.get("stoa") != VERSION:
            raise UnreadableError(f"{fields.place} is not the manifest of a bundle of version {VERSION}.")
        fields.only(MANIFEST_FIELDS)
        if fields.whole("first") != 0:
            raise InvalidError("a bundle begins with block 0", fields.place)
        return cls(
            city=fields.digest("city"),
            files=tuple(_listed(entry, index) for index, entry in enumerate(fields.list("files"))),
            last=fields.whole("last"),
            head=fields.digest("head"),
            tables=tuple(_table(entry, index) for index, entry in enumerate(fields.list("tables"))),
        )


def _listed(entry: object, index: int) -> Listed:
    fields = Fields(entry, f"manifest.json, file {index}").only(("path", "sha256", "size"))
    if not PATHS.fullmatch(fields.text("path")):
        raise InvalidError(f"a bundle holds no file named {fields.text('path')!r}", fields.place)
    return Listed(fields.text("path"), fields.whole("size"), fields.digest("sha256"))


def _table(entry: object, index: int) -> Table:
    fields = Fields(entry, f"manifest.json, table {index}").only(("columns", "store", "table"))
    columns = fields.list("columns")
    if not all(isinstance(column, str) for column in columns):
        raise InvalidError("a column's name is a text", fields.place)
    return Table(fields.text("table"), fields.text("store"), tuple(columns))


class Bundle:
    """An opened bundle. Files are read when they are asked for."""

    def __init__(self, folder: Path) -> None:
        """Raises UnreadableError when there is no bundle, or its manifest or city file cannot be read."""
        self.folder = folder
        if not (folder / "manifest.json").is_file():
            raise UnreadableError(
                f"There is no bundle in {folder}: manifest.json is missing. `stoa audit export` writes one."
            )
        try:
            self.manifest = Manifest.parsed(self._fields("manifest.json"))
            self.city = City.parsed(self._fields("city.json"))
        except InvalidError as error:
            raise UnreadableError(str(error)) from error

    def has(self, path: str) -> bool:
        return (self.folder / path).is_file()

    def content(self, path: str) -> bytes:
        """Raises InvalidError when the file is missing or cannot be read."""
        try:
            file = self.folder / path
            if file.stat().st_size > MOST_BYTES:
                raise InvalidError("the file is too large", path)
            return file.read_bytes()
        except OSError as error:
            raise InvalidError("the file is missing or cannot be read", path) from error

    def lines(self, path: str) -> Iterator[tuple[int, bytes]]:
        """Each line with its number from 1, without its end. A missing file has none."""
        if not self.has(path):
            return
        with (self.folder / path).open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    raise InvalidError("the last line has no end", f"{path}, line {number}")
                yield number, line[:-1]

    def objects(self, path: str) -> Iterator[Fields]:
        for number, line in self.lines(path):
            yield Fields.parsed(line, f"{path}, line {number}")

    @cached_property
    def found_files(self) -> list[str]:
        """Every file in the directory, links and other oddities too."""
        found = (path for path in self.folder.rglob("*") if path.is_symlink() or not path.is_dir())
        return sorted(str(PurePosixPath(path.relative_to(self.folder))) for path in found)

    def documents(self, kind: str) -> Iterator[tuple[bytes, str]]:
        """Digest and path of every document in `documents/<kind>`."""
        for path in self.found_files:
            if path.startswith(f"documents/{kind}/") and PATHS.fullmatch(path):
                yield unhexed("0x" + path.rsplit("/", 1)[1], path), path

    def document(self, digest: bytes) -> bytes | None:
        """The document with this digest, of either kind; None if the bundle does not hold it."""
        for kind in ("keccak256", "sha256"):
            path = f"documents/{kind}/{digest.hex()}"
            if self.has(path):
                return self.content(path)
        return None

    def fault_in(self, listed: Listed) -> str | None:
        """What is wrong with a file that the manifest names."""
        if not self.has(listed.path):
            return "is missing"
        content = self.content(listed.path)
        if len(content) != listed.size:
            return f"has {len(content)} bytes, the manifest says {listed.size}"
        if sha256(content) != listed.sha256:
            return f"has another SHA-256 than the manifest says ({hexed(listed.sha256)})"
        return None

    def _fields(self, path: str) -> Fields:
        return Fields.parsed(self.content(path), path)
