"""Starting the registrar's office and the server."""

import csv
import time
from pathlib import Path

from rich.console import Console

from api.demo.stage import Stage
from api.home import Home
from api.registrar.serving import open_register
from marketplace.errors import InvalidError
from marketplace.registrar import service as registrar


class RegisterFileError(InvalidError):
    """The file is no register."""

    code = "register_file"


def import_register(home: Home, path: Path) -> int:
    """Put people into the register. How many are new.

    Raises:
        RegisterFileError
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            entries = [
                registrar.Entry(row["kind"], row["key"], int(row["age"])) for row in csv.DictReader(lines)
            ]
    except (KeyError, ValueError, OSError) as error:
        raise RegisterFileError("The register is a CSV file with the columns kind, key and age.") from error
    register = open_register(home.registrar)
    with register.writing() as session:
        added = registrar.enrol(session, entries)
    register.close()
    return added


def serve_city(home: Home, console: Console) -> None:
    """Run every process of the kept city until Ctrl-C."""
    home.city()
    stage = Stage(home)
    try:
        settings = stage.choose_ports()
        stage.start_chain()
        stage.open_city()
        stage.start_office()
        console.print(
            f"{home.city().name} is open at {settings.public} (node {settings.node}). Ctrl-C stops it."
        )
        while True:
            stage.processes.require_running()
            time.sleep(1)
    finally:
        stage.close()
