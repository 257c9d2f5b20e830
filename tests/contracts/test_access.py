"""Who may call what: every function that changes anything, and what happens to a stranger who tries.

The table below has a row for each of them. A function without a row fails the test, so nobody adds a door unseen.
"""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from ledger.abi import Call, argument_types, encoded
from ledger.artifacts import FOLDER, artifact
from ledger.bindings import ConsentGranted, ConsentRevoked, Revocation, Signature, Source, VersionForm
from ledger.consents import sign_consent
from ledger.deploy import ORDER, signature_of
from ledger.digests import text_digest
from ledger.enums import Class, Ground
from ledger.keys import LocalSigner
from ledger.payments import licence_quote_id, order_id
from ledger.revocation_code import RevocationCode
from ledger.roles import Role
from ledger.typed_data import (
    application_digest,
    join_digest,
    registration_digest,
    signed,
    version_digest,
)
from tests.contracts.refusals import NOBODY, refused
from tests.town import CREDIT, Given, Join, Town, events

REASON = b"\x01" * 32
UNSIGNED = Signature(bytes(32), bytes(32))

HOLDERS = {
    Role.ADMIN: {"admin"},
    Role.OPERATOR: {"otto", "olga"},
    Role.TREASURER: {"treasurer"},
    Role.GUARDIAN: {"guardian"},
    Role.OMBUDSMAN: {"ombudsman"},
    Role.CARRIER: {"relay"},
}


@dataclass(frozen=True)
class Scene:
    """A city in which there is something to steal, to spoil and to pretend."""

    town: Town
    use_case: int
    tariff: int
    licence: int
    order: bytes
    anna: Given
    """Her consent, in force."""
    bert: Given
    """His consent, signed and not granted."""

    @property
    def mallory(self) -> LocalSigner:
        return self.town.keys["mallory"]

    @property
    def lab(self) -> str:
        return self.town.keys["lab"].address


@pytest.fixture(scope="module")
def scene(founded_town: Town) -> Generator[Scene]:
    with founded_town.rewinding() as town:
        use_case, tariff, licence = town.trade()
        town.fund("mallory")
        terms = town.terms(use_case)
        order = town.order(licence, tariff)
        yield Scene(town, use_case, tariff, licence, order, town.grant(terms), town.consent(terms))


@dataclass(frozen=True)
class Function:
    contract: str
    signature: str

    @property
    def name(self) -> str:
        return self.signature.split("(", 1)[0]

    @property
    def row(self) -> str:
        """Its key in the table: the name, and of an overloaded function the signature."""
        return self.signature if self.name == "safeTransferFrom" else self.name

    def __repr__(self) -> str:
        return f"{self.contract}.{self.signature}"

    def call(self, town: Town, *arguments: object) -> Call:
        """With these arguments, or with zeros for all of them."""
        values = arguments or tuple(zero(kind) for kind in argument_types(self.signature))
        data = encoded(self.signature, values)
        return Call(town.city.addresses[self.contract], data, self.signature)


def zero(kind: str) -> object:
    if kind.endswith("]"):
        return []
    if kind.startswith("("):
        return tuple(zero(part) for part in argument_types("f" + kind))
    if kind.startswith("bytes"):
        return bytes(int(kind.removeprefix("bytes") or 0))
    return {"address": NOBODY, "bool": False, "string": ""}.get(kind, 0)


Trial = Callable[[Scene, Function], None]


def attempt(scene: Scene, who: str, call: Call) -> None:
    """What would become of a transaction of `who`: a refusal raises."""
    scene.town.node.call_as(scene.town.keys[who].address, call.to, call.data)


# Kinds of doors


def holders_of(role: Role) -> Trial:
    """Everybody who does not hold the role is refused, other officers included."""

    def trial(scene: Scene, function: Function) -> None:
        call = function.call(scene.town)
        for who in scene.town.keys.keys() - HOLDERS[role]:
            with refused("AccessManagedUnauthorized", caller=scene.town.keys[who].address):
                attempt(scene, who, call)

    return trial


def administrators() -> Trial:
    """Of CityAccess itself."""

    def trial(scene: Scene, function: Function) -> None:
        call = function.call(scene.town)
        for who in scene.town.keys.keys() - {"admin"}:
            account = scene.town.keys[who].address
            with refused("AccessManagerUnauthorizedAccount", msgsender=account, roleId=Role.ADMIN):
                attempt(scene, who, call)

    return trial


def the_access_manager() -> Trial:
    """Nobody with a key: it is CityAccess that sets the authority, when an administrator has it do so."""

    def trial(scene: Scene, function: Function) -> None:
        for who, key in scene.town.keys.items():
            with refused("AccessManagedUnauthorized", caller=key.address):
                attempt(scene, who, function.call(scene.town, NOBODY))

    return trial


def a_contract(refusal: str) -> Trial:
    """Nobody with a key: one contract of the city calls another."""

    def trial(scene: Scene, function: Function) -> None:
        for who, key in scene.town.keys.items():
            with refused(refusal, caller=key.address):
                attempt(scene, who, function.call(scene.town))

    return trial


def settlers() -> Trial:
    def trial(scene: Scene, function: Function) -> None:
        for who in scene.town.keys.keys() - {"settler"}:
            with refused("NotASettler", account=scene.town.keys[who].address):
                attempt(scene, who, function.call(scene.town))

    return trial


def nobody_else(harm: Callable[[Scene], tuple[object, ...]], refusal: str) -> Trial:
    """Anyone may call; what belongs to somebody else is refused by `refusal`."""

    def trial(scene: Scene, function: Function) -> None:
        arguments = harm(scene)
        with pytest.raises(Exception, match=f"refused: {refusal}\\b"):
            attempt(scene, "mallory", function.call(scene.town, *arguments))

    return trial


def harmless(harm: Callable[[Scene], tuple[object, ...]], done: type[Any]) -> Trial:
    """Anyone may call, and it succeeds; what belongs to somebody else is left out."""

    def trial(scene: Scene, function: Function) -> None:
        with scene.town.rewinding():
            receipt = scene.town.send("mallory", function.call(scene.town, *harm(scene)))
            assert events(receipt, done) == []

    return trial


# What Mallory tries where anyone may call


def join_as_lab(scene: Scene) -> tuple[object, ...]:
    form = Join(Class.COMMERCIAL, text_digest("x"), LocalSigner.fresh().address, scene.town.soon)
    return form, signed(scene.mallory, join_digest(scene.town.city.domains.participants, form))


def register_as_the_city(scene: Scene) -> tuple[object, ...]:
    form = scene.town.registration()
    return form, signed(scene.mallory, registration_digest(scene.town.city.domains.datasets, form))


def publish_as_the_city(scene: Scene) -> tuple[object, ...]:
    form = VersionForm(1, REASON, 1, 1, REASON, scene.town.soon)
    return form, signed(scene.mallory, version_digest(scene.town.city.domains.datasets, form))


def apply_as_lab(scene: Scene) -> tuple[object, ...]:
    form = scene.town.application("lab", [Source(1, Ground.CONSENT, False)])
    return form, signed(scene.mallory, application_digest(scene.town.city.domains.use_cases, form))


def decide_by_no_rule(scene: Scene) -> tuple[object, ...]:
    return scene.town.apply("lab", [Source(1, Ground.CONSENT, False)]), 1


def consent_for_bert(scene: Scene) -> tuple[object, ...]:
    return scene.bert.terms, scene.bert.own, scene.bert.grant.countersignature


def consent_of_her_own_making(scene: Scene) -> tuple[object, ...]:
    consent = sign_consent(
        scene.town.city.domains.consents,
        scene.mallory,
        scene.bert.terms,
        commitment=REASON,
        code=RevocationCode.fresh(),
    )
    return consent.terms, (consent.own, consent.signature, scene.bert.grant.countersignature)


def forged_batch(scene: Scene) -> tuple[object, ...]:
    terms, made_up = consent_of_her_own_making(scene)
    stolen = scene.bert.grant._replace(signature=scene.anna.grant.signature)
    return terms, [made_up, stolen]


def end_annas(scene: Scene, *, right: object) -> tuple[object, ...]:
    return scene.anna.terms, scene.anna.own, right


def end_many(scene: Scene) -> tuple[object, ...]:
    own = scene.anna.own
    guess = RevocationCode.fresh().value
    return scene.anna.terms, [Revocation(own, guess, UNSIGNED), Revocation(own, 0, UNSIGNED)]


def buy_with_labs_money(scene: Scene) -> tuple[object, ...]:
    quote = scene.town.licence_quote(scene.use_case, scene.tariff)
    mine = scene.town.payment("mallory", quote.price, licence_quote_id(quote))
    return quote, mine._replace(from_=scene.lab)


def order_with_labs_money(scene: Scene) -> tuple[object, ...]:
    quote = scene.town.order_quote(scene.licence, scene.tariff)
    mine = scene.town.payment("mallory", quote.cap, order_id(quote))
    return quote, mine._replace(from_=scene.lab)


def authorisation(scene: Scene, *, to: str) -> tuple[object, ...]:
    """Lab's money to `to`, under Mallory's signature."""
    paid = scene.town.payment("mallory", CREDIT, REASON, bound=False)
    return scene.lab, to, CREDIT, 0, scene.town.soon, REASON, paid.v, paid.r, paid.s


def cancel_labs(scene: Scene) -> tuple[object, ...]:
    return scene.lab, REASON, 27, REASON, REASON


def take_licence(scene: Scene) -> tuple[object, ...]:
    return scene.lab, scene.mallory.address, scene.licence


def scheduled_by_admin(scene: Scene) -> tuple[object, ...]:
    """An administrator's scheduled act, for Mallory to cancel."""
    town = scene.town
    call = town.contracts.journal.set_attestor(REASON, True)
    town.send("admin", town.contracts.access.schedule(call.to, call.data, 0))
    return town.keys["admin"].address, call.to, call.data


def schedule_a_mint(scene: Scene) -> tuple[object, ...]:
    call = scene.town.contracts.credit.mint(scene.mallory.address, CREDIT, REASON)
    return call.to, call.data, 0


def make_herself_admin(scene: Scene) -> tuple[object, ...]:
    call = scene.town.contracts.access.grant_role(Role.ADMIN, scene.mallory.address, 0)
    return ([call.data],)


TABLE: dict[str, dict[str, Trial]] = {
    "CityAccess": {
        "cancel": nobody_else(scheduled_by_admin, "AccessManagerUnauthorizedCancel"),
        "consumeScheduledOp": nobody_else(lambda scene: (scene.lab, b"\1" * 4), "Unknown"),
        "execute": nobody_else(lambda scene: schedule_a_mint(scene)[:2], "ActsAreDirect"),
        "grantRole": administrators(),
        "labelRole": administrators(),
        "multicall": nobody_else(make_herself_admin, "AccessManagerUnauthorizedAccount"),
        "renounceRole": nobody_else(
            lambda scene: (Role.OPERATOR, scene.town.keys["otto"].address), "AccessManagerBadConfirmation"
        ),
        "revokeRole": administrators(),
        "schedule": nobody_else(schedule_a_mint, "AccessManagerUnauthorizedCall"),
        "setGrantDelay": administrators(),
        "setRoleAdmin": administrators(),
        "setRoleGuardian": administrators(),
        "setTargetAdminDelay": administrators(),
        "setTargetClosed": administrators(),
        "setTargetFunctionRole": administrators(),
        "updateAuthority": administrators(),
    },
    "Participants": {
        "admit": holders_of(Role.OPERATOR),
        "freeze": holders_of(Role.GUARDIAN),
        "join": nobody_else(join_as_lab, "NotSignedBy"),
        "setAuthority": the_access_manager(),
        "unfreeze": holders_of(Role.OPERATOR),
    },
    "Datasets": {
        "declareNotPersonal": holders_of(Role.OPERATOR),
        "eraseLeaf": holders_of(Role.OPERATOR),
        "publishVersion": nobody_else(publish_as_the_city, "NotSignedBy"),
        "register": nobody_else(register_as_the_city, "NotSignedBy"),
        "setAuthority": the_access_manager(),
    },
    "UseCases": {
        "apply_": nobody_else(apply_as_lab, "NotSignedBy"),
        "close": holders_of(Role.OPERATOR),
        "decide": holders_of(Role.OPERATOR),
        "decideByRule": nobody_else(decide_by_no_rule, "RuleDoesNotApply"),
        "publishNotice": holders_of(Role.OPERATOR),
        "publishRule": holders_of(Role.OPERATOR),
        "retireNotice": holders_of(Role.OPERATOR),
        "retireRule": holders_of(Role.OPERATOR),
        "setApplicantFrozen": a_contract("NotParticipants"),
        "setAuthority": the_access_manager(),
    },
    "Consents": {
        "grant": nobody_else(consent_for_bert, "NotTheSigner"),
        "dismissRegistrar": holders_of(Role.GUARDIAN),
        "grantBatch": harmless(forged_batch, ConsentGranted),
        "grantBySignature": nobody_else(consent_of_her_own_making, "CountersignatureForeign"),
        "pause": holders_of(Role.GUARDIAN),
        "revoke": nobody_else(lambda scene: (scene.anna.terms, scene.anna.own), "NotTheSigner"),
        "revokeBatch": harmless(end_many, ConsentRevoked),
        "revokeByCode": nobody_else(
            lambda scene: end_annas(scene, right=RevocationCode.fresh().value), "WrongRevocationCode"
        ),
        "revokeByMandate": holders_of(Role.OMBUDSMAN),
        "revokeBySignature": nobody_else(partial(end_annas, right=UNSIGNED), "WrongSigner"),
        "setAuthority": the_access_manager(),
        "setRegistrar": holders_of(Role.ADMIN),
        "unpause": holders_of(Role.ADMIN),
    },
    "CityCredit": {
        "approve": nobody_else(lambda scene: (NOBODY, CREDIT), "ERC20InvalidSpender"),
        "cancelAuthorization": nobody_else(cancel_labs, "ERC3009InvalidSignature"),
        "mint": holders_of(Role.TREASURER),
        "receiveWithAuthorization": nobody_else(
            lambda scene: authorisation(scene, to=scene.mallory.address), "ERC3009InvalidSignature"
        ),
        "redeem": holders_of(Role.TREASURER),
        "setAuthority": the_access_manager(),
        "transfer": nobody_else(lambda scene: (scene.lab, 10**15), "ERC20InsufficientBalance"),
        "transferFrom": nobody_else(
            lambda scene: (scene.lab, scene.mallory.address, CREDIT), "ERC20InsufficientAllowance"
        ),
        "transferWithAuthorization": nobody_else(
            lambda scene: authorisation(scene, to=scene.mallory.address), "ERC3009InvalidSignature"
        ),
    },
    "Licences": {
        "approve": nobody_else(lambda scene: (scene.mallory.address, scene.licence), "ERC721InvalidApprover"),
        "giveBack": a_contract("NotSettlement"),
        "issue": a_contract("NotSettlement"),
        "safeTransferFrom(address,address,uint256)": nobody_else(take_licence, "LicenceIsLocked"),
        "safeTransferFrom(address,address,uint256,bytes)": nobody_else(
            lambda scene: (*take_licence(scene), b""), "LicenceIsLocked"
        ),
        "setApprovalForAll": nobody_else(lambda scene: (NOBODY, True), "ERC721InvalidOperator"),
        "setAuthority": the_access_manager(),
        "terminate": holders_of(Role.OPERATOR),
        "transferFrom": nobody_else(take_licence, "LicenceIsLocked"),
        "useOnce": a_contract("NotSettlement"),
    },
    "Journal": {
        "anchor": settlers(),
        "setAttestor": holders_of(Role.ADMIN),
        "setAuthority": the_access_manager(),
        "setSettler": holders_of(Role.ADMIN),
    },
    "Settlement": {
        "buyLicence": nobody_else(buy_with_labs_money, "ERC3009InvalidSignature"),
        "buyLicenceFor": holders_of(Role.CARRIER),
        "openOrder": nobody_else(order_with_labs_money, "ERC3009InvalidSignature"),
        "openOrderFor": holders_of(Role.CARRIER),
        "pause": holders_of(Role.GUARDIAN),
        "reconcile": holders_of(Role.TREASURER),
        "refund": nobody_else(lambda scene: (scene.order,), "DeadlineNotReached"),
        "refundEarly": settlers(),
        "setAuthority": the_access_manager(),
        "setTariff": holders_of(Role.OPERATOR),
        "settle": settlers(),
        "unpause": holders_of(Role.ADMIN),
        "withdraw": nobody_else(lambda scene: (scene.mallory.address,), "NothingToWithdraw"),
        "withdrawShare": nobody_else(lambda scene: (scene.tariff, 1), "UnknownParty"),
    },
}


def changing_functions() -> list[Function]:
    return [
        Function(contract, signature_of(entry))
        for contract in ORDER
        for entry in artifact(contract).abi
        if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
    ]


@pytest.mark.parametrize("function", changing_functions(), ids=repr)
def test_a_stranger_cannot_call_what_he_must_not(scene: Scene, function: Function) -> None:
    trial = TABLE[function.contract].get(function.row)
    assert trial is not None, f"{function} has no row: who may call it, and what happens to a stranger?"
    with scene.town.rewinding():
        trial(scene, function)


def test_the_table_has_no_row_for_a_function_that_does_not_exist() -> None:
    rows = {(contract, name) for contract, row in TABLE.items() for name in row}

    assert rows == {(function.contract, function.row) for function in changing_functions()}


def test_no_contract_takes_money_of_the_chain_or_unknown_calls(scene: Scene) -> None:
    """No fallback, no receive; only AccessManager's own execute and multicall are of OpenZeppelin's making."""
    for contract in ORDER:
        kinds = {entry["type"] for entry in artifact(contract).abi}
        assert kinds.isdisjoint({"fallback", "receive"})
        payable = [entry for entry in artifact(contract).abi if entry.get("stateMutability") == "payable"]
        assert [entry["name"] for entry in payable] == (["execute"] if contract == "CityAccess" else [])
        with refused("Unknown", data=b""):
            attempt(scene, "mallory", Call(scene.town.city.addresses[contract], b"\xde\xad\xbe\xef", "f()"))


def test_the_committed_interfaces_name_what_the_contracts_do() -> None:
    """An interface is the document, so it names every changing function that is not a standard's."""
    standard = {
        "setAuthority",
        "approve",
        "transfer",
        "transferFrom",
        "safeTransferFrom",
        "setApprovalForAll",
    }
    standard |= {"receiveWithAuthorization", "transferWithAuthorization", "cancelAuthorization"}
    for function in changing_functions():
        if function.contract == "CityAccess" or function.name in standard:
            continue
        interface = json.loads((FOLDER / "interfaces" / f"I{function.contract}.json").read_text())
        documented = {signature_of(entry) for entry in interface["abi"] if entry["type"] == "function"}
        assert function.signature in documented, function
