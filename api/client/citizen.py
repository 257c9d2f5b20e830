"""A citizen's own device: it makes the key, checks what it shows, signs, and throws the key away."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.client.connection import Connection
from ledger.bindings import Own, Terms
from ledger.city import City
from ledger.consents import Opening
from ledger.digests import hexed, text_digest, unhexed
from ledger.keys import LocalSigner
from ledger.revocation_code import RevocationCode
from ledger.typed_data import consent_id, last_day
from marketplace.errors import ConflictError


class NotWhatIsShownError(ConflictError):
    """What is to be signed is not what was shown."""

    code = "not_what_is_shown"


Sent = dict[str, Any]
"""A signed consent as it is sent; sent again it is the same consent."""


@dataclass(frozen=True, slots=True)
class ConsentPaper:
    """What she keeps: the id and the code."""

    consent: bytes
    code: RevocationCode
    statement: str
    recipient: str
    until: str


def instant(text: str) -> int:
    """Unix seconds of an RFC 3339 instant."""
    return int(datetime.fromisoformat(text).timestamp())


class Citizen:
    """Speaks to one city as whoever holds a letter, or as nobody in particular."""

    def __init__(self, url: str, city: City, letter: str | None = None) -> None:
        self._connection = Connection(url)
        self._connection.letter = letter
        self._city = city

    def asks(self) -> list[dict[str, Any]]:
        """What she is asked, and what she answered before."""
        return self._connection.items("/v1/citizen/asks")

    def objectables(self) -> list[dict[str, Any]]:
        """What her data is used for without her consent, and whether she objects."""
        return self._connection.items("/v1/citizen/objectables")

    def consents(self) -> list[dict[str, Any]]:
        return self._connection.items("/v1/citizen/consents")

    def say_yes(
        self,
        use_case: int,
        *,
        language: str = "en",
        until: str | None = None,
        keep: Callable[[ConsentPaper, Sent], None] = lambda paper, sent: None,
    ) -> ConsentPaper:
        """Say yes with a key made for this alone, and wait until the ledger has it.

        `keep` is called before anything is sent: whoever keeps both can `send` again what got no answer.

        Raises:
            NotWhatIsShownError: the city wants something else signed than it shows.
        """
        return self._say(use_case, language=language, until=until, keep=keep, objection=False)

    def object_to(self, use_case: int, *, language: str = "en") -> ConsentPaper:
        """Object to what is done with her data without her consent, and wait until the ledger has it.

        It lasts until it is taken back with its code, as a consent is stopped.

        Raises:
            NotWhatIsShownError: the city wants something else signed than it shows.
        """
        return self._say(
            use_case, language=language, until=None, keep=lambda paper, sent: None, objection=True
        )

    def _say(
        self,
        use_case: int,
        *,
        language: str,
        until: str | None,
        keep: Callable[[ConsentPaper, Sent], None],
        objection: bool,
    ) -> ConsentPaper:
        signer, code = LocalSigner.fresh(), RevocationCode.fresh()
        wish = {
            "use_case": use_case,
            "language": language,
            "until": until,
            "objection": objection,
            "signer": signer.address,
            "revocation_hash": hexed(code.hash),
        }
        offered = self._connection.post("/v1/consents/forms", wish)
        terms, own = self._checked(offered, signer, code)
        id_ = consent_id(self._city.domains.consents, terms, own)
        sent = {"form": offered["form"], "signature": hexed(signer.sign(id_)), "code": str(code)}
        paper = ConsentPaper(
            id_, code, offered["statement"], offered["recipient"], last_day(terms.valid_until)
        )
        keep(paper, sent)
        self.send(sent)
        return paper

    def send(self, sent: Sent) -> None:
        """Send a signed consent, and wait until the ledger has it."""
        self._connection.confirmed(self._connection.post("/v1/consents", sent))

    def _checked(
        self, offered: dict[str, Any], signer: LocalSigner, code: RevocationCode
    ) -> tuple[Terms, Own]:
        """The two halves, computed here from what is shown: a digest that the server made is never signed."""
        form = offered["form"]
        salt, reference = unhexed(form["salt"]), unhexed(offered["reference"])
        own = Own(signer.address, Opening(reference, salt).commitment, code.hash)
        sent: dict[str, Any] = form["terms"]
        valid_until = instant(sent["valid_until"])
        terms = Terms(
            statement=text_digest(offered["statement"]),
            recipient=text_digest(offered["recipient"]),
            until=text_digest(last_day(valid_until)),
            use_case=sent["use_case"],
            scope=sent["scope"],
            valid_until=valid_until,
            deadline=instant(sent["deadline"]),
        )
        shown = {**sent, "statement": hexed(terms.statement), "recipient": hexed(terms.recipient)}
        if (
            sent != {**shown, "until": hexed(terms.until)}
            or unhexed(form["own"]["commitment"]) != own.commitment
        ):
            raise NotWhatIsShownError(
                "The city asks for a signature over something else than it shows. Nothing was signed; tell the desk."
            )
        return terms, own

    def stop(self, consent: bytes) -> None:
        """Stop one of her consents with her letter, and wait until the ledger has it."""
        path = f"/v1/citizen/consents/{hexed(consent)}/stop"
        self._connection.confirmed(self._connection.post(path, {}))

    def stop_by_code(self, code: RevocationCode) -> None:
        """Stop with the code on the paper alone."""
        self._connection.confirmed(self._connection.post("/v1/revocations", {"code": str(code)}))

    def uses(self) -> list[dict[str, Any]]:
        """Each run since her consents began, whether she was counted, and the proof."""
        return self._connection.items("/v1/citizen/uses")

    def export(self) -> dict[str, Any]:
        return self._connection.get("/v1/citizen/export")

    def erase(self) -> str:
        """Ask to be forgotten; the number under which the certificate is read."""
        return str(self._connection.post("/v1/citizen/erasures", {})["erasure"])

    def certificate(self, erasure: str) -> dict[str, Any]:
        return self._connection.get(f"/v1/erasures/{erasure}")
