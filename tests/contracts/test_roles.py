"""The powers of people as they stand on the ledger after a deployment, on a devnet and in production.

CityAccess
├── given a city was founded
│   ├── each power belongs to the role that the profile says, and each role to its officers alone
│   ├── delays are what the profile says
│   └── the deployer has no power left
├── given an act that waits
│   ├── it is done only when it was scheduled, its delay has passed and a week has not
│   ├── the guardian can cancel it, an administrator's too
│   └── two persons' acts wait for both
└── given a delay is shortened
    └── the old one goes on until it would have ended
"""

import pytest

from ledger.abi import LogFields, selector_of
from ledger.artifacts import artifact
from ledger.bindings import OperationCanceled, RoleGranted, RoleRevoked, Source
from ledger.deploy import ORDER, function_selector, signature_of
from ledger.enums import Class, Ground, Status, UseCaseState
from ledger.node import RevertedError
from ledger.roles import DEVNET, POWERS, PRODUCTION, Profile, Role
from tests.contracts.refusals import refused
from tests.town import Town, events

REASON = b"\x01" * 32
WEEK = 7 * 86_400
OFFICERS = {
    Role.ADMIN: {"admin"},
    Role.OPERATOR: {"otto", "olga"},
    Role.TREASURER: {"treasurer"},
    Role.GUARDIAN: {"guardian"},
    Role.OMBUDSMAN: {"ombudsman"},
    Role.CARRIER: {"relay"},
}


@pytest.fixture(params=[DEVNET, PRODUCTION], ids=lambda profile: profile.name)
def city(request: pytest.FixtureRequest) -> tuple[Town, Profile]:
    profile: Profile = request.param
    return request.getfixturevalue("town" if profile is DEVNET else "production"), profile


# What stands after a deployment


def test_each_power_belongs_to_the_role_that_the_roles_say(city: tuple[Town, Profile]) -> None:
    town, _ = city
    wanted = {
        (contract, function_selector(contract, name)): role
        for role, targets in POWERS.items()
        for contract, names in targets.items()
        for name in names
    }
    for contract in ORDER[1:]:
        for entry in artifact(contract).abi:
            if entry["type"] != "function":
                continue
            selector = selector_of(signature_of(entry))
            found = town.contracts.access.get_target_function_role(town.city.addresses[contract], selector)
            assert found == wanted.get((contract, selector), Role.ADMIN), (contract, entry["name"])


def test_each_role_is_held_by_its_officers_alone(city: tuple[Town, Profile]) -> None:
    """Counted from every grant and revocation since the first block, so that nobody is overlooked."""
    town, profile = city
    members: set[tuple[int, str]] = set()
    for log in town.node.logs_about([town.contracts.access.address], []):
        fields = LogFields(log.topics, log.data)
        if log.topics[0] == RoleGranted.topic_zero():
            granted = RoleGranted.decoded(fields)
            members.add((granted.role_id, granted.account))
        if log.topics[0] == RoleRevoked.topic_zero():
            revoked = RoleRevoked.decoded(fields)
            members.remove((revoked.role_id, revoked.account))

    assert members == {(role, town.keys[name].address) for role, names in OFFICERS.items() for name in names}
    for role, account in members:
        delay = profile.execution_delay.get(Role(role), 0)
        assert town.contracts.access.has_role(role, account) == (True, delay)


def test_the_delays_are_the_profiles_once_the_setback_is_over(city: tuple[Town, Profile]) -> None:
    """A delay that is set later starts late, so a city is founded with its administrator's own delay in force."""
    town, profile = city
    access = town.contracts.access
    assert access.min_setback() == profile.setback
    town.pass_time(profile.setback)

    for role in Role:
        if role is not Role.ADMIN:
            assert access.get_role_grant_delay(role) == profile.grant_delay
        assert access.get_role_guardian(role) == Role.GUARDIAN
        assert access.get_role_admin(role) == Role.ADMIN
    for contract in ORDER[1:]:
        delay = access.get_target_admin_delay(town.city.addresses[contract])
        assert delay == profile.target_admin_delay
        assert not access.is_target_closed(town.city.addresses[contract])


def test_before_the_setback_is_over_the_administrators_own_delay_holds(
    city: tuple[Town, Profile],
) -> None:
    town, profile = city
    access = town.contracts.access
    grant = access.grant_role(Role.OPERATOR, town.keys["mallory"].address, 0)
    closing = access.set_target_closed(town.contracts.consents.address, True)

    for call in (grant, closing):
        with pytest.raises(RevertedError, match="AccessManagerNotScheduled"):
            town.send("admin", call)
        town.send("admin", access.schedule(call.to, call.data, 0))
    town.pass_time(profile.execution_delay[Role.ADMIN] - 1)
    for call in (grant, closing):
        with pytest.raises(RevertedError, match="AccessManagerNotReady"):
            town.send("admin", call)


def test_contracts_answer_to_the_citys_own_access_manager(city: tuple[Town, Profile]) -> None:
    town, _ = city
    parts = town.contracts
    for contract in (
        parts.participants,
        parts.datasets,
        parts.use_cases,
        parts.consents,
        parts.credit,
        parts.licences,
        parts.journal,
        parts.settlement,
    ):
        assert contract.authority() == parts.access.address


def test_the_deployer_has_no_power_left(city: tuple[Town, Profile]) -> None:
    town, _ = city
    access, deployer = town.contracts.access, town.keys["deployer"].address

    for role in Role:
        assert access.has_role(role, deployer) == (False, 0)
    with refused("AccessManagerUnauthorizedAccount", msgsender=deployer, roleId=Role.ADMIN):
        town.send("deployer", access.grant_role(Role.ADMIN, deployer, 0))
    for role, targets in POWERS.items():
        for contract, names in targets.items():
            for name in names:
                selector = function_selector(contract, name)
                allowed = access.can_call(deployer, town.city.addresses[contract], selector)
                assert allowed == (False, 0), (role, contract, name)


def test_the_bounds_of_the_profile_are_in_the_contracts(city: tuple[Town, Profile]) -> None:
    town, profile = city

    assert town.contracts.journal.bound() == profile.journal_bound


# Acts that wait


def test_an_act_without_its_schedule_is_refused(production: Town) -> None:
    number = production.join("lab", Class.COMMERCIAL, admit=False)

    with pytest.raises(RevertedError, match="AccessManagerNotScheduled"):
        production.send("otto", production.contracts.participants.admit(number))


def test_a_scheduled_act_is_done_after_its_delay_and_before_a_week_is_over(production: Town) -> None:
    number = production.join("lab", Class.COMMERCIAL, admit=False)
    access = production.contracts.access
    call = production.contracts.participants.admit(number)
    delay = PRODUCTION.execution_delay[Role.OPERATOR]
    production.send("otto", access.schedule(call.to, call.data, 0))

    production.pass_time(delay - 1)
    with pytest.raises(RevertedError, match="AccessManagerNotReady"):
        production.send("otto", call)
    with production.rewinding():
        production.pass_time(1 + WEEK)
        with pytest.raises(RevertedError, match="AccessManagerExpired"):
            production.send("otto", call)
    production.pass_time(1)
    production.send("otto", call)

    assert production.contracts.participants.participant(number).status == Status.ACTIVE


def test_nobody_does_what_another_scheduled(production: Town) -> None:
    number = production.join("lab", Class.COMMERCIAL, admit=False)
    access, call = production.contracts.access, production.contracts.participants.admit(number)
    production.send("otto", access.schedule(call.to, call.data, 0))
    production.pass_time(PRODUCTION.execution_delay[Role.OPERATOR])

    with pytest.raises(RevertedError, match="AccessManagerNotScheduled"):
        production.send("olga", call)


def test_a_scheduled_act_is_done_once(production: Town) -> None:
    treasurer = production.contracts.credit.mint(production.keys["lab"].address, 5, REASON)
    production.send_later("treasurer", treasurer, PRODUCTION.execution_delay[Role.TREASURER])

    with pytest.raises(RevertedError, match="AccessManagerNotScheduled"):
        production.send("treasurer", treasurer)


@pytest.mark.parametrize("scheduler", ["otto", "treasurer", "admin"])
def test_the_guardian_cancels_what_others_scheduled(production: Town, scheduler: str) -> None:
    contracts, account = production.contracts, production.keys[scheduler].address
    number = production.join("lab", Class.COMMERCIAL, admit=False)
    acts = {
        "otto": contracts.participants.admit(number),
        "treasurer": contracts.credit.mint(account, 5, REASON),
        "admin": contracts.consents.set_registrar(account),
    }
    call = acts[scheduler]
    production.send(scheduler, contracts.access.schedule(call.to, call.data, 0))

    receipt = production.send("guardian", contracts.access.cancel(account, call.to, call.data))

    assert len(events(receipt, OperationCanceled)) == 1
    production.pass_time(5 * 86_400)
    with pytest.raises(RevertedError, match="AccessManagerNotScheduled"):
        production.send(scheduler, call)


@pytest.mark.parametrize("kind", ["grant", "authority", "function role"])
def test_the_guardian_cancels_a_change_of_powers(city: tuple[Town, Profile], kind: str) -> None:
    town, profile = city
    access, mallory, admin = town.contracts.access, town.keys["mallory"].address, town.keys["admin"].address
    consents = town.contracts.consents.address
    call = {
        "grant": access.grant_role(Role.ADMIN, mallory, 0),
        "authority": access.update_authority(consents, mallory),
        "function role": access.set_target_function_role(consents, [b"\1\2\3\4"], Role.CARRIER),
    }[kind]
    town.send("admin", access.schedule(call.to, call.data, 0))

    town.send("guardian", access.cancel(admin, call.to, call.data))

    town.pass_time(profile.execution_delay[Role.ADMIN])
    with pytest.raises(RevertedError, match="AccessManagerNotScheduled"):
        town.send("admin", call)


def test_the_guardian_itself_starts_nothing(city: tuple[Town, Profile]) -> None:
    town, _ = city
    guardian = town.keys["guardian"].address
    access = town.contracts.access
    allowed = {
        (contract, name)
        for targets in POWERS.values()
        for contract, names in targets.items()
        for name in names
        if access.can_call(guardian, town.city.addresses[contract], function_selector(contract, name))[0]
    }

    assert allowed == {
        ("Participants", "freeze"),
        ("Consents", "pause"),
        ("Consents", "dismissRegistrar"),
        ("Settlement", "pause"),
    }


def test_stopping_never_waits(production: Town) -> None:
    number = production.join("lab", Class.COMMERCIAL, admit=False)
    admit = production.contracts.participants.admit(number)
    production.send_later("otto", admit, PRODUCTION.execution_delay[Role.OPERATOR])

    receipts = production.send_together(
        ("guardian", production.contracts.participants.freeze(number, REASON)),
        ("guardian", production.contracts.consents.pause()),
        ("guardian", production.contracts.settlement.pause()),
    )

    assert all(receipt.succeeded for receipt in receipts)


def test_two_persons_decide_in_production_each_after_a_schedule_of_their_own(production: Town) -> None:
    wait = PRODUCTION.execution_delay[Role.OPERATOR]
    number = production.join("lab", Class.COMMERCIAL, admit=False)
    production.send_later("otto", production.contracts.participants.admit(number), wait)
    use_case = production.apply("lab", [Source(production.dataset(sensitive=True), Ground.CONSENT, False)])
    call = production.contracts.use_cases.decide(use_case, production.decision())

    production.send_later("otto", call, wait)
    with refused("SecondPersonNeeded", first=production.keys["otto"].address):
        production.send_later("otto", call, wait)
    production.send_later("olga", call, wait)

    assert production.contracts.use_cases.use_case(use_case).state == UseCaseState.ALLOWED


# Changing powers


def test_a_new_operator_waits_for_the_grant_delay(production: Town) -> None:
    town = production
    town.pass_time(PRODUCTION.setback)
    grant = town.contracts.access.grant_role(Role.OPERATOR, town.keys["mallory"].address, 3600)
    town.send_later("admin", grant, PRODUCTION.execution_delay[Role.ADMIN])

    assert town.contracts.access.has_role(Role.OPERATOR, town.keys["mallory"].address) == (False, 3600)
    town.pass_time(PRODUCTION.grant_delay)
    assert town.contracts.access.has_role(Role.OPERATOR, town.keys["mallory"].address) == (True, 3600)


def test_a_dismissed_officer_loses_the_power_at_once(town: Town) -> None:
    dismissal = town.contracts.access.revoke_role(Role.OPERATOR, town.keys["otto"].address)
    town.send_later("admin", dismissal, DEVNET.execution_delay[Role.ADMIN])

    with refused("AccessManagedUnauthorized", caller=town.keys["otto"].address):
        town.send("otto", town.contracts.participants.admit(1))


def test_a_shortened_delay_starts_only_when_the_old_one_would_have_ended(production: Town) -> None:
    town, access = production, production.contracts.access
    consents = town.contracts.consents.address
    town.pass_time(PRODUCTION.setback)
    old = access.get_target_admin_delay(consents)
    shorten = access.set_target_admin_delay(consents, 0)

    town.send_later("admin", shorten, PRODUCTION.execution_delay[Role.ADMIN])

    assert old == access.get_target_admin_delay(consents) == PRODUCTION.target_admin_delay
    town.pass_time(max(PRODUCTION.setback, old) - 1)
    assert access.get_target_admin_delay(consents) == old
    town.pass_time(1)
    assert access.get_target_admin_delay(consents) == 0


def test_an_officers_own_delay_cannot_be_cut_by_granting_the_role_again(production: Town) -> None:
    town, otto = production, production.keys["otto"].address
    again = town.contracts.access.grant_role(Role.OPERATOR, otto, 0)
    town.send_later("admin", again, PRODUCTION.execution_delay[Role.ADMIN])

    delay = PRODUCTION.execution_delay[Role.OPERATOR]
    assert town.contracts.access.has_role(Role.OPERATOR, otto) == (True, delay)
    town.pass_time(delay)
    assert town.contracts.access.has_role(Role.OPERATOR, otto) == (True, 0)


def test_a_repeated_freeze_or_unfreeze_cannot_be_used_to_skip_a_delay(production: Town) -> None:
    """Unfreezing waits like every act of an operator; only stopping is at once."""
    number = production.join("lab", Class.COMMERCIAL, admit=False)
    wait = PRODUCTION.execution_delay[Role.OPERATOR]
    production.send_later("otto", production.contracts.participants.admit(number), wait)
    production.freeze("lab")

    with pytest.raises(RevertedError, match="AccessManagerNotScheduled"):
        production.send("otto", production.contracts.participants.unfreeze(number, REASON))
