"""Notices: each published sentence, made again from the use case's terms and the templates its decision names."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stoa_audit.bundle import Bundle
from stoa_audit.digests import hexed, keccak, sha256
from stoa_audit.errors import InvalidError, MissingError
from stoa_audit.fields import Fields, parsed_json
from stoa_audit.report import Check, Report
from stoa_audit.world import Notice, UseCase, World

VERSION = "notice-template/1"
FIELDS = ("stoa", "language", "kind", "sentence", "and", "purposes")
LAST_SECOND = 253_402_214_399
"""Of 30 December 9999: the ledger takes later ones than a calendar has."""
KINDS = {1: "consent", 2: "objection"}
BLANKS = {"consent": ("recipient", "data", "purpose", "k"), "objection": ("recipient", "data", "purpose")}
"""What a sentence must say, so that no language says less than another."""
BLANK = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """How a notice of one kind is made in one language."""

    digest: bytes
    language: str
    kind: str
    sentence: str
    conjunction: str
    purposes: Fields
    period: str
    """What follows the data where only some days of it are used; empty in templates that cannot say so."""

    @classmethod
    def parsed(cls, digest: bytes, fields: Fields) -> "Template":
        """Raises InvalidError."""
        says_days = "period" in fields.document
        fields.only((*FIELDS, "period") if says_days else FIELDS)
        if fields.text("stoa") != VERSION or fields.text("kind") not in BLANKS:
            raise InvalidError("this is no template of a notice", fields.place)
        found = cls(
            digest=digest,
            language=fields.text("language"),
            kind=fields.text("kind"),
            sentence=fields.text("sentence"),
            conjunction=fields.text("and"),
            purposes=fields.inner("purposes"),
            period=fields.text("period") if says_days else "",
        )
        if found.period and BLANK.findall(found.period) != ["first", "last"]:
            raise InvalidError(
                "the template's period does not say {first} and {last}, once each", fields.place
            )
        blanks = BLANK.findall(found.sentence)
        for name in BLANKS[found.kind]:
            if name not in blanks:
                raise InvalidError(f"the template does not say {{{name}}}", fields.place)
        for name in blanks:
            if name not in BLANKS["consent"]:
                raise InvalidError(f"nobody knows what {{{name}}} stands for", fields.place)
        return found

    def purpose(self, digest: bytes) -> str:
        """What is said for the purpose whose IRI has this digest."""
        for iri in self.purposes.document:
            if keccak(iri.encode()) == digest:
                return self.purposes.text(iri)
        raise InvalidError(f"the template has no words for the purpose {hexed(digest)}", self.purposes.place)

    def days(self, first: int, until: int) -> str:
        """What it says of the days from `first` on and before `until` (seconds since 1970); 0: of all days, nothing."""
        if not until:
            return ""
        if not self.period:
            raise InvalidError("the template cannot say which days of the data are used", self.purposes.place)
        days = {"first": _day(first), "last": _day(until - 1)}
        return BLANK.sub(lambda blank: days[blank[1]], self.period)

    def filled(self, values: dict[str, str]) -> str:
        """In one pass: what stands in a blank is never looked at for blanks."""
        text = BLANK.sub(lambda blank: values[blank[1]], self.sentence)
        return unicodedata.normalize("NFC", text)

    def __str__(self) -> str:
        return f'template {hexed(self.digest)} ({self.language}, {self.kind}): "{self.sentence}"'


def _day(at: int) -> str:
    return datetime.fromtimestamp(min(at, LAST_SECOND), UTC).date().isoformat()


class Documents:
    """The bundle's documents, each believed only if it has its digest."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def json(self, digest: bytes, what: str) -> Any:
        """Raises MissingError, InvalidError."""
        content = self._bundle.document(digest)
        if content is None:
            raise MissingError(f"{what} is not in the bundle ({hexed(digest)})")
        if sha256(content) != digest:
            raise InvalidError(f"{what} does not have its digest", f"documents/sha256/{digest.hex()}")
        return parsed_json(content, what)

    def name(self, digest: bytes, what: str) -> str:
        """Raises MissingError, InvalidError."""
        city = unicodedata.normalize("NFC", self._bundle.city.name)
        if keccak(city.encode()) == digest:
            return city
        content = self._bundle.document(digest)
        if content is None:
            raise MissingError(f"{what} is not in the bundle ({hexed(digest)})")
        if keccak(content) != digest:
            raise InvalidError(f"{what} does not have its digest", f"documents/keccak256/{digest.hex()}")
        return content.decode(errors="replace")


def check_notices(bundle: Bundle, world: World, report: Report) -> None:
    """Make every notice on the ledger again and compare it with what was published."""
    check, documents = report["notices.rendered"], Documents(bundle)
    used: dict[bytes, Template] = {}
    asking = [one for one in world.use_cases.values() if one.notices]
    for use_case in asking:
        for digest, notice in use_case.notices.items():
            with check.guarded():
                template = _template_for(documents, use_case, notice)
                used[template.digest] = template
                sentence = _rendered(documents, world, use_case, notice, template)
                _compare(bundle, check, use_case, (digest, notice), sentence)
    numbers = ", ".join(str(one.number) for one in asking) or "none"
    check.covered = f"{sum(len(one.notices) for one in asking)} published, use cases: {numbers}"
    check.notes += [str(template) for template in used.values()]
    check.ran = True


def _template_for(documents: Documents, use_case: UseCase, notice: Notice) -> Template:
    """The one template for this language and kind that the decision on the use case names."""
    wanted = notice.language.rstrip(b"\0").decode("ascii", "replace"), KINDS.get(notice.kind, "?")
    found = [one for one in _templates(documents, use_case) if (one.language, one.kind) == wanted]
    if len(found) != 1:
        raise InvalidError(
            f"its decision names {len(found)} templates for the language {wanted[0]!r} and the kind {wanted[1]}",
            f"use case {use_case.number}",
        )
    return found[0]


def _templates(documents: Documents, use_case: UseCase) -> Iterator[Template]:
    assert use_case.decision is not None
    what = f"the conditions of the decision on use case {use_case.number}"
    conditions = documents.json(use_case.decision["conditions"], what)
    if isinstance(conditions, list):
        raise MissingError(f"the decision on use case {use_case.number} names no template")
    for digest in Fields(conditions, what).only(("v", "conditions", "notices")).hex_list("notices"):
        found = documents.json(digest, f"a template of use case {use_case.number}")
        yield Template.parsed(digest, Fields(found, f"template {hexed(digest)}"))


def _rendered(
    documents: Documents, world: World, use_case: UseCase, notice: Notice, template: Template
) -> str:
    titles = [
        _called(documents, world, number, template.language)
        for bit, number in enumerate(use_case.datasets)
        if notice.scope >> bit & 1
    ]
    *before, last = titles
    values = {
        "recipient": documents.name(
            use_case.recipient, f"the recipient's name of use case {use_case.number}"
        ),
        "data": (template.conjunction.join([", ".join(before), last]) if before else last)
        + template.days(use_case.application["dataFrom"], use_case.application["dataUntil"]),
        "purpose": template.purpose(use_case.application["purpose"]),
        "k": str(use_case.minimum_cohort),
    }
    return template.filled(values)


def _called(documents: Documents, world: World, number: int, language: str) -> str:
    """How the dataset's description calls it in a language: its title in small letters where nothing is said."""
    what = f"the description of dataset {number}"
    description = Fields(documents.json(world.datasets[number].metadata, what), what)
    if "called" in description.document and language in description.inner("called").document:
        return description.inner("called").text(language)
    return description.text("title").lower()


def _compare(
    bundle: Bundle, check: Check, use_case: UseCase, published: tuple[bytes, Notice], sentence: str
) -> None:
    digest, notice = published
    text = bundle.document(digest)
    same = keccak(sentence.encode()) == digest and text in (None, sentence.encode())
    shown = hexed(digest) if text is None else f'"{text.decode(errors="replace")}"'
    language = notice.language.rstrip(b"\0").decode("ascii", "replace")
    check.expect(
        same,
        f"notice {hexed(digest)} of use case {use_case.number} ({language}, scope {notice.scope})",
        f'the terms make "{sentence}", published is {shown}',
    )
