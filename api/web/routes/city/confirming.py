"""Asking before an act: what it will do, what is published of it, and one button."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Form, Path, Response

from api.http.problems import status_of
from api.web.pages import Visitor
from api.web.problem_pages import told
from api.web.words import Words
from ledger.digests import text_digest
from marketplace.errors import StoaError

Number = Annotated[int, Path(ge=1, le=2**32 - 1)]
Typed = Annotated[str, Form(max_length=2_000)]


@dataclass(frozen=True)
class Question:
    """`action`: where the button sends `fields`, and a token. `back`: where nothing happens."""

    title: str
    action: str
    fields: Mapping[str, str]
    button: str
    back: str
    facts: Sequence[tuple[str, str]] = ()
    says: Sequence[str] = ()
    reason: str | None = None
    sentences: Sequence[tuple[str, str]] = field(default=())
    """What citizens will read: (language, sentence)."""


def asked(
    visitor: Visitor, question: Question, template: str = "city/confirm.html", **values: Any
) -> Response:
    digest = None if question.reason is None else "0x" + text_digest(question.reason).hex()
    return visitor.page(template, here=question.back, question=question, digest=digest, **values)


def telling(
    visitor: Visitor, act: Callable[[], Response], page: Callable[[tuple[str, str], int], Response]
) -> Response:
    """Do it; a refusal is told on the page from which it was sent."""
    try:
        return act()
    except StoaError as error:
        return page(told_to_staff(visitor.words, error.code), status_of(type(error)))


def told_to_staff(words: Words, code: str) -> tuple[str, str]:
    """A refusal in words for the staff, where a citizen's would mislead her."""
    own = f"city.{code}"
    return told(words, own if f"problem.{own}.title" in words else code)
