"""A bundle in somebody's hands who wants it to say something else, and who knows how bundles are written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from ledger.city import City
from ledger.digests import canonical, hexed, sha256

Json = dict[str, Any]


class Copy:
    """Edits keep the form and the manifest right, so that only the lie itself is left to be found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def write(self, path: str, content: bytes) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_bytes(content)
        self.rewrite_manifest()

    def remove(self, path: str) -> None:
        (self.folder / path).unlink()
        self.rewrite_manifest()

    def lines(self, path: str) -> list[Json]:
        return [orjson.loads(line) for line in self.read(path).splitlines()]

    def write_lines(self, path: str, rows: list[Json]) -> None:
        self.write(path, b"".join(canonical(row) + b"\n" for row in rows))

    def edit(self, path: str, change: Callable[[list[Json]], Any]) -> None:
        """Change the rows of a JSON-lines file in place."""
        rows = self.lines(path)
        change(rows)
        self.write_lines(path, rows)

    def edit_row(self, path: str, number: int, **changes: Any) -> None:
        self.edit(path, lambda rows: rows[number].update(changes))

    def edit_city(self, change: Callable[[Json], Any]) -> None:
        """Another city file, under its own digest."""
        document = orjson.loads(self.read("city.json"))
        change(document)
        self.write("city.json", canonical(document))
        self.rewrite_manifest(city=hexed(City.parse(document).digest))

    def rewrite_manifest(self, **changes: Any) -> None:
        manifest = orjson.loads(self.read("manifest.json")) | changes
        paths = sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*")
            if path.is_file() and path.name != "manifest.json"
        )
        manifest["files"] = [
            {"path": path, "sha256": hexed(sha256(self.read(path))), "size": len(self.read(path))}
            for path in paths
        ]
        (self.folder / "manifest.json").write_bytes(canonical(manifest))
