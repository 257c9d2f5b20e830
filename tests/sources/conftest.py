"""A tiny package index on disk, and a source pinned to a wheel on it."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from marketplace.sources.model import Source, Wheel
from tests.sources.tiny_wheels import LICENCE, READINGS, pinned, write_wheel


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip looks for packages."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT", "PIP_REQUIRE_VIRTUALENV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def publish(shelf: Path) -> Callable[..., Source]:
    """Put a wheel on the shelf and pin it, as it is published at that moment."""

    def published(name: str = "meadow", readings: bytes = READINGS) -> Source:
        file = shelf / f"{name}-1.0-py3-none-any.whl"
        write_wheel(file, name, readings)
        content = file.read_bytes()
        wheel = Wheel(
            project=name,
            version="1.0",
            file_name=file.name,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            members=(pinned(f"{name}/flow.csv", readings), pinned(f"{name}-1.0.dist-info/LICENSE", LICENCE)),
        )
        return Source(name, "A brook", wheel, "real", "One brook.", "CC0-1.0", "Nobody.")

    return published


@pytest.fixture
def brook(publish: Callable[..., Source]) -> Source:
    return publish()
