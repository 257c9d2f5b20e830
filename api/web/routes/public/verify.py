"""Checking a receipt in one's own browser, and a licence by its number."""

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session

from api.http.dependencies import HouseHere, Reading
from api.http.policies import Anybody
from api.http.shapes import LARGEST_UINT32
from api.web.pages import AnyVisitor
from api.web.words import Words
from ledger.digests import hexed
from marketplace.licences import queries as licences
from marketplace.licences.queries import UnknownLicenceError
from marketplace.participants import queries as participants
from marketplace.provenance.queries import head

router = APIRouter()

CHECKS = (
    "city",
    "seals",
    "sentence",
    "signed",
    "vouched",
    "recorded",
    "quoted",
    "ended",
    "paid",
    "statement",
    "readable",
)
FACTS = ("sentence", "recipient", "until", "granted", "revoked", "ended", "newest", "charge")
VERDICTS = ("right", "partly", "nothing", "no_receipt", "working", "ok", "open", "wrong_one")


@router.get("/verify", dependencies=[Anybody])
def verify(
    visitor: AnyVisitor,
    house: HouseHere,
    session: Reading,
    licence: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    shown = None if not licence else licence_of(session, licence.strip())
    return visitor.page(
        "public/verify.html",
        status=404 if licence and shown is None else 200,
        facts={
            "city": hexed(house.city.digest),
            "language": visitor.words.language,
            "say": said(visitor.words),
        },
        licence=licence,
        shown=shown,
        digest=hexed(house.city.digest),
    )


def said(words: Words) -> dict[str, str]:
    """The words of the page's script."""
    return {
        **{one: words(f"public.verify.verdict.{one}") for one in VERDICTS},
        **{one: words(f"public.verify.fact.{one}") for one in FACTS},
        **{f"check_{one}": words(f"public.verify.check.{one}") for one in CHECKS},
        "wrong": words("public.verify.verdict.wrong", what="{what}"),
    }


def licence_of(session: Session, typed: str) -> dict[str, Any] | None:
    """What everybody may know of a licence; None: there is none of this number."""
    if not (typed.isascii() and typed.isdigit()) or not 0 < int(typed) <= LARGEST_UINT32:
        return None
    with suppress(UnknownLicenceError):
        found = licences.licence(session, int(typed))
        now = head(session).timestamp
        holder = participants.by_account(session, found.licensee)
        return {
            "number": found.number,
            "use_case": found.use_case,
            "class": None if holder is None else holder.class_.value,
            "starts_at": found.starts_at,
            "ends_at": found.ends_at,
            "state": "ended" if found.terminated else "expired" if now >= found.ends_at else "valid",
            "as_of": now,
        }
    return None
