"""A partner's desk: a key and the city's address. Whatever it does, it signs itself."""

import json
from datetime import date
from typing import Any

from api.client.connection import PATIENCE, Connection, NotInTimeError, RefusedError
from ledger.digests import sha256
from ledger.enums import Class
from ledger.keys import Signer
from ledger.wallet import signed_offer
from marketplace.errors import ConflictError, UnavailableError

ENDED = ("settled", "refunded")


class WrongResultError(ConflictError):
    """What was delivered is not what the ledger settled."""

    code = "wrong_result"


class NotAdmittedError(UnavailableError):
    """The organisation has joined, and the city has not admitted it yet."""

    code = "not_admitted"


class Partner:
    """Speaks to one city as one organisation."""

    def __init__(self, url: str, signer: Signer, name: str, *, connection: Connection | None = None) -> None:
        self._connection = connection or Connection(url)
        self._signer = signer
        self.name = name

    @property
    def account(self) -> str:
        return self._signer.address

    # Acts: ask for a form, sign its typed data, send it all back.

    def act(
        self, path: str, wish: dict[str, Any], forms: str = "forms"
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Do what `wish` says. Returns what was offered and what was taken."""
        offered = self._connection.post(f"{path}/{forms}", wish)
        return offered, self._connection.post(path, signed_offer(self._signer, offered))

    def sign_in(self) -> None:
        """Open a session (Sign-In with Ethereum); nothing happens when there is one."""
        if self._connection.token is not None:
            return
        form = self._connection.post("/v1/sign-in/forms", {"account": self.account})
        opened = self._connection.post("/v1/sign-in", signed_offer(self._signer, form))
        self._connection.token = opened["token"]

    def join(self, class_: Class, *, seconds: float = PATIENCE) -> bool:
        """Join the city, and wait until it has admitted this organisation. Whether it is new.

        Raises:
            NotAdmittedError: the city has not admitted it after so many seconds.
        """
        try:
            self.sign_in()
        except RefusedError:
            wish = {"name": self.name, "class": class_.name.lower(), "account": self.account}
            _, taken = self.act("/v1/participants", wish)
            self._connection.confirmed(taken)
            try:
                self._connection.until(self._sign_in_quietly, bool, seconds=seconds)
                self._connection.until(self.me, lambda one: one["status"] == "active", seconds=seconds)
            except NotInTimeError as late:
                raise NotAdmittedError(
                    f"{self.name} has joined and waits to be admitted. The city's operator does it with `stoa city "
                    "admit`; from then on you can apply."
                ) from late
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

    def pay_in(self, credits_: str) -> None:
        """Pay in play money; only demonstration cities take it."""
        self.sign_in()
        self._connection.confirmed(self._connection.post("/v1/bank/transfers", {"amount": credits_}))

    def apply(
        self,
        routine: dict[str, Any],
        *,
        purpose: str,
        k: int = 10,
        days: int = 90,
        period: tuple[date, date] | None = None,
    ) -> int:
        """Apply for a use case, on the first to the last day of a `period` alone; its number once on the ledger."""
        self.sign_in()
        wish: dict[str, Any] = {
            "purpose": purpose,
            "routine": routine,
            "minimum_cohort": k,
            "longest_days": days,
            "retention_days": days,
        }
        if period is not None:
            first, last = period
            wish["period"] = {"first": first.isoformat(), "last": last.isoformat()}
        _, taken = self.act("/v1/use-cases", wish)
        return number_of(self._connection.confirmed(taken))

    def use_case(self, number: int, *, wait: int = 0) -> dict[str, Any]:
        return self._connection.get(f"/v1/use-cases/{number}", wait=wait)

    def buy_licence(self, use_case: int) -> dict[str, Any]:
        """Buy a licence at the price in force."""
        self.sign_in()
        offered, taken = self.act("/v1/licences", {"use_case": use_case})
        number = number_of(self._connection.confirmed(taken))
        return {"number": number, "price": offered["price"]}

    def quote_order(
        self, licence: int, *, versions: dict[str, int] | None = None, seconds: int = 3600
    ) -> dict[str, Any]:
        """What one run costs now, and what to expect of it. Nothing is signed yet."""
        self.sign_in()
        return self._connection.post(
            "/v1/orders/forms", {"licence": licence, "versions": versions, "seconds": seconds}
        )

    def place_order(self, offered: dict[str, Any]) -> str:
        """Sign the payment of a quote and order. The order's id."""
        self._connection.confirmed(self._connection.post("/v1/orders", signed_offer(self._signer, offered)))
        return str(offered["order"])

    def order(self, id_: str, *, wait: int = 0) -> dict[str, Any]:
        self.sign_in()
        return self._connection.get(f"/v1/orders/{id_}", wait=wait)

    def wait_for_end(self, id_: str) -> dict[str, Any]:
        """Wait until an order is settled or refunded, and, if settled, can be fetched."""
        return self._connection.until(
            lambda: self.order(id_, wait=5), lambda one: one["state"] in ENDED and one["final"]
        )

    def result_bytes(self, id_: str) -> bytes:
        """A result's exact bytes, checked against the ledger's digest.

        Raises:
            WrongResultError: they are not what was settled.
        """
        self.sign_in()
        content = self._connection.get_bytes(f"/v1/orders/{id_}/result")
        salt = bytes.fromhex(self.salt(id_).removeprefix("0x"))
        settled = self.order(id_)["result_digest"]
        if "0x" + sha256(salt + sha256(content)).hex() != settled:
            raise WrongResultError(
                "The result is not the one whose digest was settled. Keep it, and call the auditor."
            )
        return content

    def result(self, id_: str) -> dict[str, Any]:
        return json.loads(self.result_bytes(id_))

    def salt(self, id_: str) -> str:
        return str(self._connection.get(f"/v1/orders/{id_}/salt")["salt"])

    def receipt(self, id_: str) -> dict[str, Any]:
        self.sign_in()
        return self._connection.get(f"/v1/orders/{id_}/receipt")

    def purchase_receipt(self, id_: str) -> dict[str, Any]:
        """The receipt that proves itself (docs/bundle.md)."""
        self.sign_in()
        return self._connection.get(f"/v1/orders/{id_}/purchase-receipt")

    def withdraw(self) -> None:
        """Take home what is credited; nothing happens when nothing is."""
        if float(self.me()["credited"]) > 0:
            self._connection.confirmed(self._connection.post("/v1/withdrawals", {"account": self.account}))


def number_of(message: dict[str, Any]) -> int:
    """The number at the end of a resource's address."""
    return int(str(message["resource"]).rsplit("/", 1)[1])
