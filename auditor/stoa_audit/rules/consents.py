"""Consents: what was signed, by whom, for how long; and that they ended as the citizen was promised."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from stoa_audit.abi_words import Values
from stoa_audit.calls import Call, Calls
from stoa_audit.digests import hexed, keccak
from stoa_audit.report import Report
from stoa_audit.signatures import signer_of, struct_hash, word
from stoa_audit.world import NOTICE_OBJECTION, Decided, Happening, How, Status, World

CONSENT = (
    "Consent(string statement,string recipient,string until,uint32 useCase,uint16 scope,uint40 validUntil,"
    "uint40 deadline,address signer,bytes32 commitment,bytes32 revocationHash)"
)
COUNTERSIGNATURE = "Countersignature(uint32 useCase,bytes32 commitment,bytes32 consent)"
REVOCATION = "Revocation(bytes32 consent)"
TERMS = ("statement", "recipient", "until", "useCase", "scope", "validUntil", "deadline")
OWN = ("signer", "commitment", "revocationHash")
DAY = 86_400
CODE_DIGITS, CODE_BASE = 20, 31
GRANTING = ("grant", "grantBySignature", "grantBatch")
SIGNED, CODED = ("revokeBySignature", "revokeBatch"), ("revokeByCode", "revokeBatch")
REVOKING = {
    How.SIGNER: ("revoke",),
    How.SIGNATURE: SIGNED,
    How.CODE: CODED,
    How.MANDATE: ("revokeByMandate",),
}
"""Which functions make which events."""
LATEST_DATE = 253_402_300_800
"""The first second of the year 10000: dates have four-digit years."""


def last_day(valid_until: int) -> str:
    """The last full UTC day before `validUntil` (unix seconds), as a consent says it."""
    if not 0 < valid_until <= LATEST_DATE:
        return ""
    return datetime.fromtimestamp(valid_until - 1, UTC).date().isoformat()


def is_well_typed(code: int) -> bool:
    """Whether a revocation code's check digit fits: base 31, weighted 1 (last) to 20 (first), sum 0 modulo 31."""
    total = 0
    for weight in range(1, CODE_DIGITS + 1):
        code, digit = divmod(code, CODE_BASE)
        total += weight * digit
    return code == 0 and total % CODE_BASE == 0


def opens(code: int, revocation_hash: bytes) -> bool:
    """Whether a revocation code is well-typed and the one behind a hash."""
    return is_well_typed(code) and keccak(word(code)) == revocation_hash


class ConsentRules:
    def __init__(self, world: World, report: Report, calls: Calls) -> None:
        self._world = world
        self._calls = calls
        self._domain = world.city.domain("Consents")
        self._granted = report["consents.granted"]
        self._signed = report["consents.signed"]
        self._countersigned = report["consents.countersigned"]
        self._ended = report["consents.ended"]
        self._members: tuple[bytes, dict[bytes, Values]] = (b"", {})

    @property
    def rules(self) -> Mapping[tuple[str, str], Callable[[Happening], None]]:
        return {
            ("Consents", "ConsentGranted"): self._on_granted,
            ("Consents", "ConsentRevoked"): self._on_revoked,
        }

    def _on_granted(self, event: Happening) -> None:
        values = event.values
        place = f"{event.place}, consent {hexed(values['id'])}"
        fault = self._fault(event)
        self._granted.expect(fault is None, place, fault or "")
        member = self._member(event)
        if member is None or member["function"] not in GRANTING:
            for check in (self._signed, self._countersigned):
                check.missed(f"{place}: not granted by a direct call, its signatures are not known")
            return
        self._require_signature(event, member, place)
        self._require_countersignature(event, member["countersignature"], place)

    def _fault(self, event: Happening) -> str | None:
        """What is wrong with a grant, by name."""
        values, time = event.values, event.place.timestamp
        use_case = self._world.use_cases.get(values["useCase"])
        if use_case is None:
            return f"names use case {values['useCase']}, which never was"
        notice = use_case.notices.get(values["statement"])
        latest = time + use_case.longest_days * DAY
        applicant = self._world.applicant_of(use_case)
        # An objection is never too late, too long or unwelcome.
        consents = not values["objection"]
        faults = (
            (self._id(values, values) != values["id"], "its id is not the digest of its terms"),
            (self._world.grants_paused and consents, "was granted while grants were paused"),
            (
                use_case.state != Decided.ALLOWED and (consents or use_case.state != Decided.CLOSED),
                f"was granted while use case {use_case.number} was not allowed",
            ),
            (
                applicant.status != Status.ACTIVE and consents,
                f"was granted while participant {applicant.number} was frozen",
            ),
            (notice is None, "its statement is no notice of its use case"),
            (notice is not None and notice.retired_in is not None, "its notice was retired before"),
            (notice is not None and notice.scope != values["scope"], "its scope is not that of its notice"),
            (
                notice is not None and (notice.kind == NOTICE_OBJECTION) != values["objection"],
                "is not of the kind of its notice",
            ),
            (values["recipient"] != use_case.recipient, "names another recipient than the decision"),
            (values["validUntil"] % DAY != 0, "does not end at midnight"),
            (
                keccak(last_day(values["validUntil"]).encode()) != values["until"],
                "its date is not its last day",
            ),
            (values["validUntil"] <= time, "had ended before it was granted"),
            (
                values["validUntil"] > latest and consents,
                f"lasts longer than the {use_case.longest_days} days of its use case",
            ),
            (values["deadline"] < time, "arrived after its deadline"),
        )
        return next((fault for wrong, fault in faults if wrong), None)

    def _id(self, terms: Values, own: Values) -> bytes:
        fields = [terms[name] for name in TERMS] + [own[name] for name in OWN]
        return self._domain.digest(struct_hash(CONSENT, fields))

    def _member(self, event: Happening) -> Values | None:
        """What the transaction said about this very consent: signatures, code, and both halves."""
        if self._members[0] != event.by.hash:
            call = self._calls.of(event.by)
            found = self._opened(call) if call is not None and call.contract == "Consents" else {}
            self._members = (event.by.hash, found)
        return self._members[1].get(event.values["id"])

    def _opened(self, call: Call) -> dict[bytes, Values]:
        values = call.values
        if "terms" not in values:
            return {}
        members: list[Values]
        if call.function == "grantBySignature":
            members = [values["grant_"]]
        elif "grants" in values or "revocations" in values:
            members = values.get("grants") or values.get("revocations") or []
        elif "owns" in values:
            members = [{"own": own} for own in values["owns"]]
        else:
            members = [values]
        return {
            self._id(values["terms"], member["own"]): {
                **member,
                "function": call.function,
                "terms": values["terms"],
            }
            for member in members
            if "own" in member
        }

    def _require_signature(self, event: Happening, member: Values, place: str) -> None:
        if member["function"] == "grant":
            signer = event.by.sender
        else:
            signature = member["signature"]
            signer = signer_of(event.values["id"], signature["r"], signature["vs"])
        self._signed.expect(
            signer is not None and signer == event.values["signer"],
            place,
            f"was signed by {signer or 'nobody'}, not by the key it names",
        )

    def _require_countersignature(self, event: Happening, signature: Values, place: str) -> None:
        values = event.values
        digest = self._domain.digest(
            struct_hash(COUNTERSIGNATURE, [values["useCase"], values["commitment"], values["id"]])
        )
        signer = signer_of(digest, signature["r"], signature["vs"])
        self._countersigned.expect(
            signer is not None and signer == self._world.registrar,
            place,
            f"was countersigned by {signer or 'nobody'}, not by the registrar {self._world.registrar}",
        )

    def _on_revoked(self, event: Happening) -> None:
        place = f"{event.place}, consent {hexed(event.values['id'])}"
        member = self._member(event)
        if member is None:
            self._ended.missed(f"{place}: not revoked by a direct call, its reason is not known")
            return
        fault = self._revocation_fault(event, member)
        self._ended.expect(fault is None, place, fault or "")

    def _revocation_fault(self, event: Happening, member: Values) -> str | None:
        """Why this revocation should not have been possible. A mandate's power is checked with all powers."""
        how, own, function = event.values["how"], member["own"], member["function"]
        faults = (
            (event.values["useCase"] != member["terms"]["useCase"], "for another use case than its own"),
            (function not in REVOKING.get(how, ()), f"in the way {how} by a call of {function}"),
            (how == How.SIGNER and event.by.sender != own["signer"], "by somebody who is not its signer"),
            (
                function in SIGNED and how == How.SIGNATURE and self._revoker(event, member) != own["signer"],
                "with a signature that is not its signer's",
            ),
            (
                function in CODED and how == How.CODE and not opens(member["code"], own["revocationHash"]),
                "with a code that is not its own",
            ),
            (how == How.MANDATE and not any(event.values["mandate"]), "by a mandate that nobody named"),
        )
        return next((f"was revoked {fault}" for wrong, fault in faults if wrong), None)

    def _revoker(self, event: Happening, member: Values) -> str | None:
        signature = member["signature"]
        digest = self._domain.digest(struct_hash(REVOCATION, [event.values["id"]]))
        return signer_of(digest, signature["r"], signature["vs"])
