"""Wheels of a few hundred bytes, for a package index that is a folder."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

from marketplace.sources.model import Member, Source

READINGS = b"hour,flow\n0,12\n1,13\n"
LICENCE = b"Anyone may read this.\n"
UNREAD = b"x" * 5_000


def pinned(path: str, content: bytes) -> Member:
    return Member(path, len(content), hashlib.sha256(content).hexdigest())


def with_members(source: Source, *members: Member) -> Source:
    return replace(source, wheel=replace(source.wheel, members=members))


def write_wheel(file: Path, name: str, readings: bytes) -> None:
    marker = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}/flow.csv", readings)
        archive.writestr(f"{name}/unread.bin", UNREAD)
        archive.writestr(f"{marker}/LICENSE", LICENCE)
        archive.writestr(f"{marker}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(
            f"{marker}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{marker}/RECORD", "")
