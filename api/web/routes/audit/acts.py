"""What the city's own people may do, and what they did."""

from fastapi import APIRouter, Response
from sqlalchemy import select

from api.http.dependencies import Here, Reading
from api.http.policies import Auditor
from api.web.ledger_words import LedgerWords
from api.web.pages import AnyVisitor
from api.web.routes.audit.events import links
from ledger.reader import Reader
from ledger.roles import POWERS, Role
from marketplace.participants.tables import RoleRow, TrustedKeyRow
from marketplace.provenance import explorer
from marketplace.provenance.explorer import Wanted
from marketplace.provenance.queries import head

router = APIRouter()

ACTS = frozenset(
    {
        "AttestorSet",
        "DecisionProposed",
        "GrantsPausedSet",
        "LeafErased",
        "LicenceTerminated",
        "Minted",
        "NotPersonalDeclared",
        "NotPersonalProposed",
        "NoticePublished",
        "NoticeRetired",
        "OperationCanceled",
        "OperationExecuted",
        "OperationScheduled",
        "ParticipantAdmitted",
        "ParticipantFrozen",
        "ParticipantUnfrozen",
        "Paused",
        "Reconciled",
        "Redeemed",
        "RegistrarSet",
        "RoleGranted",
        "RoleRevoked",
        "RulePublished",
        "RuleRetired",
        "SettlerSet",
        "TariffSet",
        "Unpaused",
        "UseCaseClosed",
        "UseCaseDecided",
    }
)
"""Events that only people of the city's can cause."""
SHOWN = 100


@router.get("/audit/acts")
def acts(visitor: AnyVisitor, _auditor: Auditor, here: Here, session: Reading) -> Response:
    city = here.house.city
    sought = Wanted(first=city.first_block, last=head(session).number, names=ACTS)
    found = explorer.look_up(Reader(city, here.node), sought, limit=SHOWN)
    return visitor.page(
        "audit/acts.html",
        found=found.happenings,
        more=found.older is not None,
        members=list(session.scalars(select(RoleRow).order_by(RoleRow.role, RoleRow.account))),
        keys=list(session.scalars(select(TrustedKeyRow).order_by(TrustedKeyRow.kind, TrustedKeyRow.key))),
        powers={
            int(role): [f"{contract}.{name}" for contract, names in of.items() for name in names]
            for role, of in POWERS.items()
        },
        roles=list(Role),
        told=LedgerWords.of(session, visitor.words, city.addresses),
        links=links,
    )
