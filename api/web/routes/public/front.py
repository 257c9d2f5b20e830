"""What everybody may see: a page and a feed, without login."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from api.http.dependencies import HouseHere, Reading
from api.http.policies import Anybody
from api.http.routes.transparency import DisclosedUseCase
from api.web.pages import AnyVisitor
from api.web.words import Words
from marketplace.provenance import transparency
from marketplace.provenance.queries import head
from marketplace.provenance.transparency import Disclosed

router = APIRouter()

JSON_FEED = "https://jsonfeed.org/version/1.1"


@router.get("/", dependencies=[Anybody])
def front(visitor: AnyVisitor, session: Reading) -> Response:
    found = transparency.disclosed(session)
    return visitor.page(
        "public/front.html",
        cases=found,
        fees=sum(one.fees for one in found),
        as_of=head(session).timestamp,
        needs_nobody=needs_nobody,
        purpose=lambda one: purpose_of(visitor.words, one),
    )


def needs_nobody(one: Disclosed) -> bool:
    """Whether a use case is not about people, so that nobody needs to say yes."""
    return one.consents.k is None


@router.get("/feed.json", dependencies=[Anybody])
def feed(visitor: AnyVisitor, session: Reading, house: HouseHere) -> Response:
    """The public page as a JSON Feed; each item carries the same facts, for machines, under `_stoa`."""
    home = visitor.pages.public
    document = {
        "version": JSON_FEED,
        "title": f"{house.city.name}: {visitor.words('public.title')}",
        "home_page_url": f"{home}/",
        "feed_url": f"{home}/feed.json",
        "language": visitor.words.language,
        "_stoa": {"as_of_block": head(session).number},
        "items": [item(visitor.words, home, one) for one in reversed(transparency.disclosed(session))],
    }
    return JSONResponse(document, media_type="application/feed+json")


def item(words: Words, home: str, one: Disclosed) -> dict[str, Any]:
    state = words(f"public.state.{one.state.value}")
    title = f"{words('public.number', number=one.use_case)}: {state}"
    facts = DisclosedUseCase.of(one)
    return {
        "id": f"{home}/#use-{one.use_case}",
        "url": f"{home}/use/{one.use_case}",
        "title": title,
        "content_text": f"{title}. {purpose_of(words, one)}. {', '.join(used.title for used in one.uses)}.",
        "_stoa": facts.model_dump(mode="json"),
    }


def purpose_of(words: Words, one: Disclosed) -> str:
    phrase = words("public.other_purpose") if one.purpose is None else words.purpose(one.purpose)
    return words("public.to", purpose=phrase)
