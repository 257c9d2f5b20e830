"""The files that pages load: read once, compressed once, served under an address that changes with them.

All of them are ours or vendored (`static/vendor/manifest.json`); nothing is built and nothing comes from elsewhere.
"""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"
VERSION_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    compressed: bytes
    media_type: str


class Assets:
    """`version` names the whole set, so a page never loads files that belong to another one."""

    def __init__(self, folder: Path = STATIC) -> None:
        found = sorted(path for path in folder.rglob("*") if path.suffix in TYPES)
        self._assets = {path.relative_to(folder).as_posix(): _asset(path) for path in found}
        whole = hashlib.sha256()
        for name, one in self._assets.items():
            whole.update(name.encode() + b"\0" + hashlib.sha256(one.content).digest())
        self.version = whole.hexdigest()[:VERSION_LENGTH]

    def url(self, name: str) -> str:
        """Raises KeyError: there is no such file."""
        self._assets[name]
        return f"/assets/{self.version}/{name}"

    def find(self, version: str, name: str) -> Asset | None:
        return self._assets.get(name) if version == self.version else None


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, gzip.compress(content, 9, mtime=0), TYPES[path.suffix])
