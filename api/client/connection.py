"""One connection to a city's API, and its refusals as errors."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx

from marketplace.errors import StoaError, UnavailableError

SECONDS = 30.0
PATIENCE = 90.0
BAD = 400
TOO_MANY = 429
MOST_TRIES = 12
LONGEST_PAUSE = 10.0


class CityUnreachableError(UnavailableError):
    """No answer from the city's server."""

    code = "city_unreachable"


class NotInTimeError(UnavailableError):
    """The ledger did not confirm in time."""

    code = "not_confirmed"


class RefusedError(StoaError):
    """The city's server refused, with a stable code."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


class Connection:
    """Asks one city. A session's token is kept here once somebody has signed in."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self._client = client or httpx.Client(base_url=url, timeout=SECONDS)
        self.url = url
        self.token: str | None = None
        self.letter: str | None = None

    def get(self, path: str, **parameters: Any) -> Any:
        return self._answer("GET", path, params=parameters)

    def items(self, path: str) -> list[Any]:
        """A whole list, page by page."""
        page = self.get(path)
        found: list[Any] = page["items"]
        while page["next"] is not None:
            page = self.get(path, cursor=page["next"])
            found += page["items"]
        return found

    def get_bytes(self, path: str) -> bytes:
        return self._send("GET", path).content

    def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Any:
        """POST once: sent again with the same `key` it is the same request."""
        return self._answer(
            "POST", path, json=body, headers={"Idempotency-Key": key or secrets.token_hex(16)}
        )

    def delete(self, path: str) -> Any:
        return self._answer("DELETE", path)

    def until(
        self, ask: Callable[[], Any], holds: Callable[[Any], bool], *, seconds: float = PATIENCE
    ) -> Any:
        """Ask again until the answer holds.

        Raises:
            NotInTimeError
        """
        give_up = time.monotonic() + seconds
        pause = 0.05
        while True:
            answer = ask()
            if holds(answer):
                return answer
            if time.monotonic() > give_up:
                raise NotInTimeError(
                    "The city has taken it and the ledger has not confirmed it yet. Ask again later."
                )
            time.sleep(pause)
            pause = min(2 * pause, 0.5)

    def confirmed(self, taken: dict[str, Any]) -> Any:
        """Wait until what a POST answered 202 to has become of something on the ledger; its state.

        Raises:
            RefusedError: the ledger refused it, by name.
        """
        path = f"/v1/messages/{taken['message']}"
        state = self.until(lambda: self.get(path, wait=5), lambda one: one["done"])
        if state["refusal"]:
            raise RefusedError(409, "ledger_refused", f"The ledger refused: {state['refusal']}.")
        return state

    def _answer(self, method: str, path: str, **options: Any) -> Any:
        answer = self._send(method, path, **options)
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.letter is not None:
            headers["Stoa-Letter"] = self.letter
        for _ in range(MOST_TRIES):
            answer = self._once(method, path, headers, options)
            if answer.status_code != TOO_MANY:
                break
            # The same request, with the same Idempotency-Key: it is done once however often it is sent.
            time.sleep(min(float(answer.headers.get("Retry-After", "1")), LONGEST_PAUSE))
        else:
            answer = self._once(method, path, headers, options)
        if answer.status_code >= BAD:
            raise refusal(answer)
        return answer

    def _once(
        self, method: str, path: str, headers: dict[str, str], options: dict[str, Any]
    ) -> httpx.Response:
        try:
            return self._client.request(method, path, headers=headers, **options)
        except httpx.HTTPError as error:
            raise CityUnreachableError(
                f"The city at {self.url} does not answer. Start it with `stoa serve`, or name another with --city."
            ) from error


def refusal(answer: httpx.Response) -> RefusedError:
    try:
        problem = answer.json()
        wrong = "; ".join(f"{one['at']}: {one['message']}" for one in problem.get("errors") or [])
        detail = str(problem.get("detail") or problem["title"])
        return RefusedError(
            answer.status_code, str(problem["code"]), f"{wrong}. Mend it and try again." if wrong else detail
        )
    except (ValueError, KeyError, TypeError):
        return RefusedError(
            answer.status_code, "unknown_answer", "The city's server answered something unreadable."
        )
