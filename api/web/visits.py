"""Who is looking: a sealed cookie that holds a citizen's letter, so that nothing about her visit is kept here.

The cookie is a session cookie, unreadable for scripts and sent to this site alone. It is sealed (Fernet) under a key of
the city's own, and void after 20 hours. Forms carry a token that belongs to the visit.
"""

import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from ledger.keys import write_private
from marketplace.consent.standing import Person
from marketplace.errors import NotAllowedError

SECONDS = 20 * 3600
"""Long enough for whoever reads slowly (WCAG 2.2, criterion 2.2.1)."""
KEY_FILE = "visits-key"
NONCE_BYTES = 16


class LetterFirst(Exception):  # noqa: N818 (not an error: she is led to the entrance)
    """The page is for whoever showed her letter."""


class FormExpiredError(NotAllowedError):
    """The form belongs to another visit, or to one that has ended."""

    code = "form_of_another_visit"


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. With a letter it is a citizen's: `kind` and `key` say which rows are hers."""

    nonce: str
    letter: str = ""
    kind: str = ""
    key: str = ""

    @classmethod
    def begun(cls, letter: str = "", kind: str = "", key: str = "") -> "Visit":
        return cls(secrets.token_hex(NONCE_BYTES), letter, kind, key)

    @property
    def has_letter(self) -> bool:
        return self.letter != ""

    @property
    def person(self) -> Person:
        return self.kind, self.key


class Seal:
    """Closes visits into cookies and opens them again."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)
        self._key = key

    @classmethod
    def kept_in(cls, folder: Path) -> "Seal":
        """The city's seal, made at first start: a restart ends nobody's visit."""
        path = folder / KEY_FILE
        if not path.exists():
            write_private(path, Fernet.generate_key())
        return cls(path.read_bytes())

    def close(self, visit: Visit) -> str:
        return self._fernet.encrypt(json.dumps(asdict(visit)).encode()).decode()

    def open(self, cookie: str | None) -> Visit | None:
        """The visit in a cookie; None for one that is forged, broken or too old."""
        try:
            return Visit(**json.loads(self._fernet.decrypt(cookie or "", ttl=SECONDS)))
        except (InvalidToken, ValueError, TypeError):
            return None

    def token(self, secret: str) -> str:
        """What a form carries of whoever has this secret: the nonce of a visit, the token of a session."""
        return hmac.digest(self._key, b"form:" + secret.encode(), "sha256").hex()

    def require_token(self, secret: str | None, token: str) -> None:
        """Raises FormExpiredError."""
        if not secret or not hmac.compare_digest(self.token(secret).encode(), token.encode()):
            raise FormExpiredError("Open the page again and send the form from there.")
