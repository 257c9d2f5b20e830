"""What is put in place outlives a power loss: the folder that names it is synced after the renaming."""

import os
from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR

import pytest

from ledger.keys import write_private
from marketplace.catalogue.description import parse_description
from marketplace.catalogue.forgotten import Forgotten
from marketplace.catalogue.ingest import ingest
from marketplace.catalogue.service import delivered_rows
from tests.small_city import BIKES, document, write_bikes


def secret(folder: Path) -> None:
    write_private(folder / "kept", b"secret")


def version(folder: Path) -> None:
    description = parse_description(document(BIKES))
    rows = delivered_rows(description, write_bikes(folder.parent / "bikes.csv"))
    ingest(description, rows, index_of=lambda _key: 0, target=folder / "kept", key=bytes(32))


def forgotten(folder: Path) -> None:
    Forgotten(folder).add(("person", "1"), 0)


@pytest.mark.parametrize("write", [secret, version, forgotten])
def test_the_folder_is_synced_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    synced: list[tuple[bool, set[Path]]] = []
    fsync = os.fsync

    def seen(descriptor: int) -> None:
        named = os.path.realpath(f"/proc/self/fd/{descriptor}") == str(folder)
        synced.append((named and S_ISDIR(os.fstat(descriptor).st_mode), set(folder.iterdir())))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", seen)
    write(folder)

    is_folder, names = synced[-1]
    assert is_folder
    assert names == set(folder.iterdir())
