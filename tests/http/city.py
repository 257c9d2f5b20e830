"""A city that is spoken to over HTTP: the office of `tests.office`, the API and the registrar, all in this process."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from sqlalchemy import select
from starlette.testclient import TestClient

from api.http.app import create_app
from api.http.limits import Pace
from api.http.settings import HttpSettings, Limits
from api.registrar.app import RegistrarOffice, create_registrar_app
from api.registrar.client import RegistrarClient
from ledger.enums import Class
from ledger.node import Node
from ledger.storage import Base, VaultBase
from marketplace.participants import service as participation
from marketplace.registrar.tables import RegistrarBase
from marketplace.use_cases import service as use_cases
from tests.office import Office
from tests.town import Town

PUBLIC = "https://testopolis.example"
CITY_TOKEN = "the city's token"
DESK_TOKEN = "the desk's token"
OMBUDSMAN_TOKEN = "the ombudsman's token"
FAST = Pace(per_second=10_000, burst=10_000)


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


class HttpCity:
    """The API of one city, and verbs for what clients do with it."""

    def __init__(self, town: Town, folder: Path, **settings: Any) -> None:
        self.office = Office(town, folder)
        self.registrar_app = create_registrar_app(
            RegistrarOffice(
                city=town.city,
                node=town.node,
                database=self.office.registry,
                signer=town.keys["registrar"],
                city_token=CITY_TOKEN,
                desk_token=DESK_TOKEN,
            )
        )
        self.registrar = RegistrarClient(TestClient(self.registrar_app), CITY_TOKEN)
        self.settings = HttpSettings(
            **{
                "public": PUBLIC,
                "play_bank": True,
                "ombudsman_token": OMBUDSMAN_TOKEN,
                "spread_seconds": 0,
                "limits": Limits(FAST, FAST, FAST),
                **settings,
            }
        )
        self.app = create_app(
            self.office.house, registrar=self.registrar, settings=self.settings, node=town.node
        )
        self.anybody = TestClient(self.app)

    def pump(self, *, analysis: bool = False) -> None:
        """Let the workers do everything there is to do: send, project, admit, decide by rules, analyse."""
        house = self.office.house
        self.office.pump(analysis=analysis)
        with house.database.writing() as session:
            participation.admit_waiting(session, house, set(Class))
            use_cases.decide_by_rules(session, house)
        self.office.pump(analysis=analysis)

    def publish_rule(self) -> None:
        """Whoever wants data that is not personal may have it."""
        house = self.office.house
        with house.database.writing() as session:
            use_cases.publish_rule(
                session,
                house,
                text="Counts of things are open to all.",
                classes=list(Class)[1:],
                longest_days=365,
            )
        self.pump()

    def organisation(self, name: str, class_: str = "commercial") -> "Organisation":
        """An organisation that joined, was admitted, and signed in."""
        made = Organisation(self, name, Account.create())
        made.join(class_)
        made.sign_in()
        return made

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every database, and how far the ledger is: what a refusal leaves as it was."""
        house = self.office.house
        found: dict[str, list[tuple[object, ...]]] = {"block": [(self.office.town.node.head().number,)]}
        for database, metadata in (
            (house.database, Base.metadata),
            (house.vault, VaultBase.metadata),
            (self.office.registry, RegistrarBase.metadata),
        ):
            with database.reading() as session:
                for table in metadata.sorted_tables:
                    rows = session.execute(select(table).order_by(*table.primary_key.columns))
                    found[table.name] = [tuple(row) for row in rows]
        return found

    def close(self) -> None:
        self.office.close()


def with_node(city: HttpCity, node: Node) -> TestClient:
    """The same city, served with another node."""
    return TestClient(
        create_app(city.office.house, registrar=city.registrar, settings=city.settings, node=node)
    )


@dataclass
class Organisation:
    """A client of the API with a key of its own."""

    city: HttpCity
    name: str
    account: LocalAccount
    token: str = ""

    @property
    def http(self) -> TestClient:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return TestClient(self.city.app, headers=headers)

    def join(self, class_: str = "commercial") -> None:
        self.act("participants", {"name": self.name, "class": class_, "account": self.account.address})

    def sign_in(self) -> None:
        asked = self.http.post("/v1/sign-in/forms", json={"account": self.account.address}).json()
        sent = {"message": asked["message"], "signature": self.sign_text(asked["message"])}
        self.token = self.http.post("/v1/sign-in", json=sent).json()["token"]

    def pay_in(self, amount: str) -> None:
        sent = self.send("bank/transfers", {"amount": amount})
        assert sent.status_code == 202, sent.text
        self.city.pump()

    def sign_text(self, text: str) -> str:
        return self.account.sign_message(encode_defunct(text=text)).signature.to_0x_hex()

    def sign(self, typed_data: dict[str, Any]) -> str:
        return self.account.sign_typed_data(full_message=typed_data).signature.to_0x_hex()

    def offer(self, things: str, wish: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(f"/v1/{things}/forms", json=wish)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def signed(self, things: str, wish: dict[str, Any]) -> dict[str, Any]:
        """The body that carries out a wish: the form with its signature."""
        asked = self.offer(things, wish)
        sent = {part: asked[part] for part in ("form", "documents") if part in asked}
        return {**sent, "signature": self.sign(asked["typed_data"])}

    def send(self, things: str, body: dict[str, Any]) -> httpx.Response:
        return self.http.post(f"/v1/{things}", json=body, headers=key())

    def act(self, things: str, wish: dict[str, Any]) -> dict[str, Any]:
        """Wish, sign, send, and wait for the ledger. What came of it."""
        sent = self.send(things, self.signed(things, wish))
        assert sent.status_code == 202, sent.text
        self.city.pump()
        return self.http.get(sent.headers["Location"]).json()
