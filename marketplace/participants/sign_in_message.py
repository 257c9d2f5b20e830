"""The message of Sign-In with Ethereum (EIP-4361), read strictly: written again, it is the same to the byte."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.keys import checksum
from marketplace.errors import InvalidError

LONGEST = 2_000
_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_MESSAGE = re.compile(
    r"(?P<scheme>https?)://(?P<domain>[A-Za-z0-9.\[\]:-]{1,255}) "
    r"wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n"
    r"\n"
    r"(?P<statement>[\x20-\x7e]{1,300})\n"
    r"\n"
    r"URI: (?P<uri>[\x21-\x7e]{1,300})\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain>[1-9][0-9]{0,17})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,64})\n"
    rf"Issued At: (?P<issued>{_TIME})"
    rf"\nExpiration Time: (?P<expires>{_TIME})"
    rf"(?:\nNot Before: (?P<before>{_TIME}))?"
)


class SignInMessageError(InvalidError):
    """The text is no sign-in message as this city writes them."""

    code = "sign_in_message_malformed"


@dataclass(frozen=True, slots=True)
class SignInMessage:
    """Who wants to sign in where, for how long. Instants are unix seconds."""

    scheme: str
    domain: str
    address: str
    statement: str
    uri: str
    chain_id: int
    nonce: str
    issued_at: int
    expires_at: int
    not_before: int | None = None

    def __str__(self) -> str:
        lines = [
            f"{self.scheme}://{self.domain} wants you to sign in with your Ethereum account:",
            self.address,
            "",
            self.statement,
            "",
            f"URI: {self.uri}",
            "Version: 1",
            f"Chain ID: {self.chain_id}",
            f"Nonce: {self.nonce}",
            f"Issued At: {_written(self.issued_at)}",
            f"Expiration Time: {_written(self.expires_at)}",
        ]
        if self.not_before is not None:
            lines.append(f"Not Before: {_written(self.not_before)}")
        return "\n".join(lines)


def parse(text: str) -> SignInMessage:
    """The message that `text` is.

    Every field this city writes must be there, and no other: no request id, no resources.

    Raises:
        SignInMessageError
    """
    found = _MESSAGE.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise SignInMessageError(
            "This is not a sign-in message as this city writes them. Ask POST /v1/sign-in/forms for one."
        )
    before = found["before"]
    message = SignInMessage(
        scheme=found["scheme"],
        domain=found["domain"],
        address=checksum(found["address"]),
        statement=found["statement"],
        uri=found["uri"],
        chain_id=int(found["chain"]),
        nonce=found["nonce"],
        issued_at=_read(found["issued"]),
        expires_at=_read(found["expires"]),
        not_before=None if before is None else _read(before),
    )
    if str(message) != text:
        raise SignInMessageError(
            "The address is not written with its check sum (EIP-55), or a time does not exist."
        )
    return message


def _read(written: str) -> int:
    try:
        return int(datetime.fromisoformat(written).timestamp())
    except ValueError:
        raise SignInMessageError("The message names a time that does not exist.") from None


def _written(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
