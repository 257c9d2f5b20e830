"""What is listed without being imported is what is there."""

import subprocess
import sys

import pytest
from typer.main import get_command

from api.cli import services
from api.cli.later import PLACES, real
from api.cli.main import app
from api.home import ENVIRONMENT


@pytest.mark.parametrize("name", PLACES)
def test_a_command_is_listed_with_its_own_sentence(name: str) -> None:
    assert " ".join(real(name).help.split()) == PLACES[name].help


def test_every_group_and_command_is_listed() -> None:
    """Whoever adds a command to the services adds it to the list as well."""
    from_services = {name for name, place in PLACES.items() if place.module == "services"}
    assert set(get_command(services.app).commands) == from_services


def test_the_folder_is_taken_from_where_everything_else_takes_it() -> None:
    (option,) = (one for one in get_command(app).params if one.name == "home")
    assert option.envvar == ENVIRONMENT


def test_help_imports_no_command() -> None:
    """A thing of a tenth of a second; all commands together take seconds."""
    script = (
        "import sys; sys.argv = ['stoa', '--help']\n"
        "from api.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('ledger', 'marketplace', 'web3', 'sqlalchemy')])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "citizen" in said
    assert said.splitlines()[-1] == "[]"
