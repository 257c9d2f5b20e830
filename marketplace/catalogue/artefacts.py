"""Published texts and documents, kept under the digest by which the ledger knows them."""

import time
from typing import Any

import orjson
from sqlalchemy.orm import Session

from ledger.digests import canonical, sha256, text_digest
from marketplace.catalogue.tables import ArtefactRow
from marketplace.errors import NotFoundError


class ArtefactMissingError(NotFoundError):
    """A text or document is not kept here."""

    code = "artefact_missing"


def keep_text(session: Session, kind: str, text: str) -> bytes:
    """Keep a text that is signed or shown: known by keccak256 of its NFC UTF-8 bytes."""
    return _keep(session, text_digest(text), kind, text.encode())


def keep_document(session: Session, kind: str, document: Any) -> bytes:
    """Keep a JSON document: known by SHA-256 of its RFC 8785 bytes."""
    return keep_bytes(session, kind, canonical(document))


def keep_bytes(session: Session, kind: str, content: bytes) -> bytes:
    return _keep(session, sha256(content), kind, content)


def text(session: Session, digest: bytes) -> str | None:
    row = session.get(ArtefactRow, digest)
    return None if row is None else row.content.decode()


def content(session: Session, digest: bytes) -> bytes:
    """Raises ArtefactMissingError."""
    row = session.get(ArtefactRow, digest)
    if row is None:
        raise ArtefactMissingError(f"The text 0x{digest.hex()} is not kept here.")
    return row.content


def document(session: Session, digest: bytes) -> Any:
    return orjson.loads(content(session, digest))


def _keep(session: Session, digest: bytes, kind: str, kept: bytes) -> bytes:
    if session.get(ArtefactRow, digest) is None:
        session.add(ArtefactRow(digest=digest, kind=kind, content=kept, stored_at=int(time.time())))
        session.flush()
    return digest
