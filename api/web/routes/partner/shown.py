"""What several of an organisation's pages show."""

from typing import Any

from api.http.dependencies import Office
from api.web.pages import Visitor
from api.web.problem_pages import told
from api.web.wallet import facts
from ledger.roles import DEVNET
from marketplace.house import House
from marketplace.participants.model import Participant

REFUSALS = ("validation", "participant_frozen", "not_signed_in", "too_many_requests")


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
