"""A partner's desk: a key and the city's address. Whatever it does, it signs itself."""

import json
from typing import Any

from api.client.connection import Connection, RefusedError
from ledger.digests import canonical, sha256
from ledger.enums import Class
from ledger.keys import Signer
from ledger.wallet import sign_message, sign_typed_data
from marketplace.errors import ConflictError

ENDED = ("settled", "refunded")


class WrongResultError(ConflictError):
    """What was delivered is not what the ledger settled."""

    code = "wrong_result"


class Partner:
    """Speaks to one city as one organisation."""

    def __init__(self, url: str, signer: Signer, name: str, *, connection: Connection | None = None) -> None:
        self._connection = connection or Connection(url)
        self._signer = signer
        self.name = name

    @property
    def account(self) -> str:
        return self._signer.address

    # Acts: ask for a form, sign its typed data, send the form back.

    def act(self, path: str, wish: dict[str, Any], forms: str = "forms") -> tuple[dict[str, Any], dict[str, Any]]:
        """Do what `wish` says. Returns what was offered and what was taken."""
        offered = self._connection.post(f"{path}/{forms}", wish)
        signature = "0x" + sign_typed_data(self._signer, offered["typed_data"]).hex()
        sent = {key: value for key, value in offered.items() if key in {"form", "documents", "request"}}
        taken = self._connection.post(path, {**sent, "signature": signature})
        return offered, taken

    def sign_in(self) -> None:
        """Open a session (Sign-In with Ethereum); nothing happens when there is one."""
        if self._connection.token is not None:
            return
        form = self._connection.post("/v1/sign-in/forms", {"account": self.account})
        signature = "0x" + sign_message(self._signer, form["message"]).hex()
        opened = self._connection.post("/v1/sign-in", {"message": form["message"], "signature": signature})
        self._connection.token = opened["token"]

    def join(self, class_: Class) -> bool:
        """Join the city, and wait until it has admitted this organisation. Whether it is new."""
        try:
            self.sign_in()
        except RefusedError:
            wish = {"name": self.name, "class": class_.name.lower(), "account": self.account}
            _, taken = self.act("/v1/participants", wish)
            self._connection.confirmed(taken)
            self._connection.until(self._sign_in_quietly, bool)
            self._connection.until(self.me, lambda one: one["status"] == "active")
            return True
        return False

    def _sign_in_quietly(self) -> bool:
        try:
            self.sign_in()
        except RefusedError:
            return False
        return True

    def me(self) -> dict[str, Any]:
        self.sign_in()
        return self._connection.get("/v1/participants/me")

    def money(self) -> str:
        """Credits held."""
        return self.me()["balance"]
