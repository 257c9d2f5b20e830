"""What routes work with: the house, transactions on its databases, the registrar, the node."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from api.http.in_flight import InFlight
from api.http.limits import Buckets
from api.http.settings import HttpSettings
from api.registrar.client import RegistrarClient
from ledger.node import Node
from marketplace.house import House


@dataclass(frozen=True)
class Office:
    """Everything one server works with, made once."""

    house: House
    registrar: RegistrarClient
    node: Node
    settings: HttpSettings
    anybody: Buckets
    participants: Buckets
    secrets: Buckets
    in_flight: InFlight


def office(request: Request) -> Office:
    return cast("Office", request.app.state.office)


Here = Annotated[Office, Depends(office)]


def house(here: Here) -> House:
    return here.house


def reading(here: Here) -> Iterator[Session]:
    """One consistent state of the main database; nothing is written."""
    with here.house.database.reading() as session:
        yield session


def writing(here: Here) -> Iterator[Session]:
    """One transaction of the main database, begun by the first statement, committed before the answer leaves."""
    with here.house.database.writing() as session:
        yield session


Reading = Annotated[Session, Depends(reading, scope="function")]
Writing = Annotated[Session, Depends(writing, scope="function")]


def writing_vault(here: Here, _main: Writing) -> Iterator[Session]:
    """One transaction of the vault. It commits before the main one: a link without a message does no harm."""
    with here.house.vault.writing() as session:
        yield session


def reading_vault(here: Here) -> Iterator[Session]:
    with here.house.vault.reading() as session:
        yield session


Vault = Annotated[Session, Depends(writing_vault, scope="function")]
VaultReading = Annotated[Session, Depends(reading_vault, scope="function")]
HouseHere = Annotated[House, Depends(house)]
