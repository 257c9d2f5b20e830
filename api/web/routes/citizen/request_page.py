"""What the page of one request shows, and what its script needs to sign exactly that."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy.orm import Session

from api.web.words import DEFAULT, Words
from ledger.city import City
from ledger.enums import Ground
from marketplace.catalogue import queries as catalogue
from marketplace.catalogue.description import DatasetDescription
from marketplace.consent.asking import Asked
from marketplace.consent.rules import FOR_GOOD, latest_end
from marketplace.consent.service import NoNoticeError
from marketplace.participants import queries as participants
from marketplace.participants.model import Participant
from marketplace.provenance.queries import head
from marketplace.use_cases.queries import Notice, UseCase
from marketplace.use_cases.service import titles_of

SHORTER_DAYS = (30, 7)
"""What she may choose besides the longest."""
SAID_BY_SCRIPT = ("working", "choose_one", "insecure", "offline")
SAID_OBJECTING = MappingProxyType({"ask.offline": "object.offline"})
"""What the script says differently on the page of an objection."""
REFUSALS = (
    "consent_in_force",
    "waits_for_others",
    "nobody_lives_there",
    "wrong_terms",
    "use_case_not_open",
    "registrar_unavailable",
    "form_of_another_visit",
    "other",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Data she may leave out. `mask` is its bit in the scope."""

    mask: int
    title: str


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Everything is left out at first that may be left out, and the longest end is chosen."""

    asked: Asked
    applicant: Participant
    language: str
    statement: str
    always: list[str]
    choices: list[Choice]
    ends: list[int]
    """When her consent may end, the longest first; for an objection, never (`FOR_GOOD`). Unix seconds."""
    described: list[DatasetDescription]
    signing: dict[str, Any]


def request_page(session: Session, words: Words, city: City, asked: Asked) -> RequestPage:
    """Raises NoNoticeError: no sentence is published yet."""
    use_case = asked.use_case
    notices = notices_in(words, asked)
    fewest = min(notices, key=lambda one: one.scope.bit_count())
    titles = [one[fewest.language] for one in titles_of(session, use_case)]
    choosable = {bit for bit in range(len(titles)) if len(notices) > 1 and may_leave_out(use_case, bit)}
    return RequestPage(
        asked=asked,
        applicant=participants.by_number(session, use_case.applicant),
        language=fewest.language,
        statement=fewest.statement,
        always=[title for bit, title in enumerate(titles) if bit not in choosable],
        choices=[Choice(1 << bit, titles[bit]) for bit in sorted(choosable)],
        ends=ends_of(head(session).timestamp, use_case),
        described=[catalogue.dataset(session, number).description for number in use_case.datasets],
        signing=signing(words, city, use_case, notices),
    )


def objection_page(session: Session, words: Words, city: City, asked: Asked) -> RequestPage:
    """The page on which she objects: to everything that is used without her consent, for good.

    Raises:
        NoNoticeError: no sentence is published yet.
    """
    use_case = asked.use_case
    notices = notices_in(words, asked)
    (notice,) = notices
    titles = [one[notice.language] for one in titles_of(session, use_case)]
    used = [bit for bit in range(len(titles)) if notice.scope >> bit & 1]
    return RequestPage(
        asked=asked,
        applicant=participants.by_number(session, use_case.applicant),
        language=notice.language,
        statement=notice.statement,
        always=[titles[bit] for bit in used],
        choices=[],
        ends=[FOR_GOOD],
        described=[catalogue.dataset(session, use_case.datasets[bit]).description for bit in used],
        signing=signing(words, city, use_case, notices, SAID_OBJECTING),
    )


def notices_in(words: Words, asked: Asked) -> list[Notice]:
    """The published sentences in her language, else in English or one that there is; one per choice of data."""
    languages = {one.language for one in asked.notices}
    if not languages:
        raise NoNoticeError("There is no published sentence for this request yet.")
    wanted = (words.language, DEFAULT, min(languages))
    language = next(one for one in wanted if one in languages)
    return [one for one in asked.notices if one.language == language]


def may_leave_out(use_case: UseCase, bit: int) -> bool:
    source = use_case.sources[bit]
    return source.optional and source.ground is Ground.CONSENT


def ends_of(now: int, use_case: UseCase) -> list[int]:
    days = [use_case.longest_days, *(one for one in SHORTER_DAYS if one < use_case.longest_days)]
    return [latest_end(now, one) for one in days]


def signing(
    words: Words,
    city: City,
    use_case: UseCase,
    notices: list[Notice],
    said: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """The script signs the sentence, the name and the end that the page shows; these it cannot see there."""
    return {
        "city": {"chainId": city.chain_id, "contract": city.addresses["Consents"]},
        "useCase": use_case.number,
        "language": notices[0].language,
        "statements": {one.scope: one.statement for one in notices},
        "always": min((one.scope for one in notices), key=int.bit_count),
        "say": {
            "longest": words("ask.longest", day="{day}"),
            **{name: words(said.get(f"ask.{name}", f"ask.{name}")) for name in SAID_BY_SCRIPT},
            **{code: f"{words(f'problem.{code}.title')}. {words(f'problem.{code}.do')}" for code in REFUSALS},
        },
    }
