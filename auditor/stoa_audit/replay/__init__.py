"""The auditor's own reducer: what each event changes. It shares no code with the city's projection."""

from collections.abc import Callable

from stoa_audit.contracts import NAMES
from stoa_audit.replay import catalogue, consents, journal, money, organisations, use_cases
from stoa_audit.world import Happening, World

Reducer = Callable[[World, Happening], None]

REDUCERS: dict[tuple[str, str], Reducer] = {
    ("CityAccess", "RoleGranted"): organisations.role_granted,
    ("CityAccess", "RoleRevoked"): organisations.role_revoked,
    ("CityAccess", "TargetFunctionRoleUpdated"): organisations.function_role_set,
    **{(contract, "AuthorityUpdated"): organisations.authority_updated for contract in NAMES[1:]},
    ("Participants", "ParticipantJoined"): organisations.joined,
    ("Participants", "ParticipantAdmitted"): organisations.admitted,
    ("Participants", "ParticipantFrozen"): organisations.frozen,
    ("Participants", "ParticipantUnfrozen"): organisations.unfrozen,
    ("Consents", "RegistrarSet"): organisations.registrar_set,
    ("Journal", "SettlerSet"): organisations.settler_set,
    ("Journal", "AttestorSet"): organisations.attestor_set,
    ("Datasets", "DatasetRegistered"): catalogue.registered,
    ("Datasets", "NotPersonalProposed"): catalogue.not_personal_proposed,
    ("Datasets", "NotPersonalDeclared"): catalogue.not_personal_declared,
    ("Datasets", "VersionPublished"): catalogue.version_published,
    ("Datasets", "LeafErased"): catalogue.leaf_erased,
    ("UseCases", "UseCaseApplied"): use_cases.applied,
    ("UseCases", "DecisionProposed"): use_cases.proposed,
    ("UseCases", "UseCaseDecided"): use_cases.decided,
    ("UseCases", "UseCaseClosed"): use_cases.closed,
    ("UseCases", "RulePublished"): use_cases.rule_published,
    ("UseCases", "RuleRetired"): use_cases.rule_retired,
    ("UseCases", "NoticePublished"): use_cases.notice_published,
    ("UseCases", "NoticeRetired"): use_cases.notice_retired,
    ("Consents", "ConsentGranted"): consents.granted,
    ("Consents", "ConsentRevoked"): consents.revoked,
    ("Consents", "Refused"): consents.refused,
    ("Consents", "GrantsPausedSet"): consents.paused,
    ("CityCredit", "Transfer"): money.transferred,
    ("CityCredit", "Minted"): money.minted,
    ("CityCredit", "Redeemed"): money.redeemed,
    ("Licences", "LicenceIssued"): money.licence_issued,
    ("Licences", "LicenceTerminated"): money.licence_terminated,
    ("Settlement", "TariffSet"): money.tariff_set,
    ("Settlement", "LicenceBought"): money.licence_bought,
    ("Settlement", "OrderOpened"): money.order_opened,
    ("Settlement", "OrderSettled"): money.order_settled,
    ("Settlement", "OrderRefunded"): money.order_refunded,
    ("Settlement", "Withdrawn"): money.withdrawn,
    ("Settlement", "ShareWithdrawn"): money.share_withdrawn,
    ("Settlement", "Reconciled"): money.reconciled,
    ("Settlement", "Paused"): money.paused,
    ("Settlement", "Unpaused"): money.unpaused,
    ("Journal", "Anchored"): journal.anchored,
}

SAYS_NOTHING_NEW = {
    ("CityAccess", "OperationCanceled"),
    ("CityAccess", "OperationExecuted"),
    ("CityAccess", "OperationScheduled"),
    ("CityAccess", "RoleAdminChanged"),
    ("CityAccess", "RoleGrantDelayChanged"),
    ("CityAccess", "RoleGuardianChanged"),
    ("CityAccess", "RoleLabel"),
    ("CityAccess", "TargetAdminDelayUpdated"),
    ("CityAccess", "TargetClosed"),
    ("CityCredit", "Approval"),
    ("CityCredit", "AuthorizationCanceled"),
    ("CityCredit", "AuthorizationUsed"),
    ("Licences", "Approval"),
    ("Licences", "ApprovalForAll"),
    ("Licences", "Locked"),
    ("Licences", "TokenExpiryUpdated"),
    ("Licences", "Transfer"),
}
"""Events that repeat another one, or concern only a contract's own bookkeeping."""


def apply(world: World, event: Happening) -> None:
    """Raises ContradictionError when the event cannot follow those before it."""
    reducer = REDUCERS.get((event.contract, event.name))
    if reducer is not None:
        reducer(world, event)
