"""What several of an organisation's pages show."""

from typing import Any

from sqlalchemy.orm import Session

from api.http.dependencies import Office
from api.web.pages import Visitor
from api.web.problem_pages import told
from api.web.wallet import facts
from ledger.roles import DEVNET
from marketplace.house import House
from marketplace.participants.model import Participant
from marketplace.use_cases import decisions
from marketplace.use_cases.decisions import NoReportError

REFUSALS = ("validation", "participant_frozen", "not_signed_in", "too_many_requests")
PAYING = (
    "not_enough_credit",
    "quote_expired",
    "wrong_payment",
    "use_case_not_allowed",
    "licence_ended",
    "no_tariff",
)
"""What a purchase is refused for."""


def own_report(session: Session, number: int) -> dict[str, Any] | None:
    """The assessment of the member's own use case; None before the decision, or without one."""
    try:
        return decisions.risk_report(session, number)
    except NoReportError:
        return None


def plays_money(here: Office, house: House) -> bool:
    """Whether one pays in here with play money."""
    return here.settings.play_bank and house.city.profile == DEVNET.name


def partner_facts(
    visitor: Visitor, here: Office, house: House, member: Participant, *codes: str
) -> dict[str, Any]:
    """What scripts of an organisation's page know. `codes` are the refusals that its acts may meet besides."""
    said = {code: ". ".join(told(visitor.words, code)) for code in (*REFUSALS, *codes)}
    said["recording"] = visitor.words("partner.recording")
    return facts(visitor.words, house.city, here.settings, account=member.account, **said)
