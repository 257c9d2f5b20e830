// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Desk, Held, Ledger} from "./Desk.sol";
import {IConsents} from "../src/interfaces/IConsents.sol";
import {ConsentId, Signature} from "../src/Types.sol";

/// @notice Citizens, carriers, thieves and officers, in any order. It keeps what the ledger should say, and counts what
/// must never happen.
contract ConsentsHandler is Desk {
    /// @notice What a consent should look like on the ledger.
    struct Expected {
        bool granted;
        bool revoked;
        uint40 grantedIn;
        uint40 revokedIn;
    }

    uint256 private constant WAYS = 6;

    uint32[] private _useCases;
    uint32 private immutable _lab;
    Held[] private _held;
    mapping(uint256 index => Expected) private _expected;
    uint256 private _registrar = REGISTRAR;
    bool private _paused;
    bool private _frozen;
    bool private _closedTarget;
    mapping(uint32 useCase => bool) private _ended;

    uint256 public grants;
    uint256 public revocations;
    /// @notice Consents that stand on the ledger without the registrar's word.
    uint256 public unvouched;
    /// @notice Consents that stand there although their citizen signed something else.
    uint256 public forged;
    /// @notice Grants that went through while they were stopped.
    uint256 public grantedWhileStopped;
    /// @notice Grants that were refused although nothing stood against them.
    uint256 public refusedForNothing;
    /// @notice Rightful revocations that did not go through.
    uint256 public blocked;
    /// @notice Revocations of somebody who had no right to them.
    uint256 public stolen;
    /// @notice Times that what had been used once changed the ledger again.
    uint256 public repeated;

    constructor(Ledger memory city, uint32 lab, uint32[] memory useCases) {
        ledger = city;
        _lab = lab;
        _useCases = useCases;
    }

    // Citizens

    function grant(uint256 seed, uint8 door) external {
        Held memory held = _signedFor(seed, _registrar);
        bool stopped = _isStopped(held);

        bool granted = _enter(held, door);

        if (granted && stopped) ++grantedWhileStopped;
        if (!granted && !stopped) ++refusedForNothing;
        _keep(held, granted);
    }

    function grantUnvouched(uint256 seed, uint8 lack, uint8 door) external {
        Held memory held = _signedFor(seed, _registrar);
        if (lack % 5 == 0) held.grant.countersignature = Signature(0, 0);
        else if (lack % 5 == 1) held.grant.countersignature = countersigned(held, fresh());
        else if (lack % 5 == 2) held.grant.countersignature = countersigned(held, held.key);
        else if (lack % 5 == 3) held.grant.countersignature = malleated(held.grant.countersignature);
        else held.grant.countersignature = _signedFor(seed, _registrar).grant.countersignature;

        _enter(held, door);

        if (_isKnown(held.id)) ++unvouched;
    }

    function grantAltered(uint256 seed, uint8 field, uint8 door) external {
        Held memory held = _signedFor(seed, _registrar);
        IConsents.Own memory own = held.grant.own;
        if (field % 4 == 0) own.signer = vm.addr(fresh());
        else if (field % 4 == 1) own.commitment = bytes32(fresh());
        else if (field % 4 == 2) own.revocationHash = bytes32(fresh());
        else held.terms.deadline += 1;
        held.id = ledger.consents.idOf(held.terms, own);
        // The registrar vouches for the altered consent too: her signature alone must not be enough.
        held.grant.countersignature = countersigned(held, _registrar);

        _enter(held, door % 2 == 0 ? 0 : 2);

        if (_isKnown(held.id)) ++forged;
    }

    function repeatGrant(uint256 seed, uint8 door, bool twin) external {
        if (_held.length == 0) return;
        uint256 index = seed % _held.length;
        Held memory held = _held[index];
        if (!_expected[index].granted && !_expected[index].revoked) return;
        if (twin) held.grant.signature = malleated(held.grant.signature);
        bytes32 before = _slot(held.id);

        _enter(held, door);

        if (_slot(held.id) != before) ++repeated;
    }

    function revoke(uint256 seed, uint8 way) external {
        if (_held.length == 0) return;
        uint256 index = seed % _held.length;
        if (_expected[index].revoked) return;

        _end(index, way);
    }

    function revokeBeforeGrant(uint256 seed, uint8 way) external {
        _keep(_signedFor(seed, _registrar), false);

        _end(_held.length - 1, way);
    }

    function repeatRevocation(uint256 seed, uint8 way) external {
        if (_held.length == 0) return;
        Held memory held = _held[seed % _held.length];
        if (!_expected[seed % _held.length].revoked) return;
        bytes32 before = _slot(held.id);

        _leave(held, way, held.key, held.code);

        if (_slot(held.id) != before) ++repeated;
    }

    function steal(uint256 seed, uint8 way) external {
        if (_held.length == 0) return;
        Held memory held = _held[seed % _held.length];
        bytes32 before = _slot(held.id);
        // Neither the mandate nor the citizen's own key or code.
        uint8 chosen = way % 5 == 3 ? 5 : way % 5;

        _leave(held, chosen, fresh(), wellTyped(fresh()));

        if (_slot(held.id) != before) ++stolen;
    }

    // The city

    function setPaused(bool on) external {
        if (_closedTarget) return;
        vm.prank(ledger.officer);
        if (on) ledger.consents.pause();
        else ledger.consents.unpause();
        _paused = on;
    }

    function freezeRecipient() external {
        vm.prank(ledger.officer);
        if (_frozen) ledger.participants.unfreeze(_lab, REASON);
        else ledger.participants.freeze(_lab, REASON);
        _frozen = !_frozen;
    }

    function endUseCase(uint256 seed, bool byRetiring) external {
        // One in eight, and never the last: a city in which nothing can be granted shows little.
        if (seed % 8 != 0) return;
        uint32 useCase = _useCases[1 + (seed >> 8) % (_useCases.length - 1)];
        if (_ended[useCase]) return;
        vm.prank(ledger.officer);
        if (byRetiring) ledger.useCases.retireNotice(useCase, STATEMENT);
        else ledger.useCases.close(useCase, REASON);
        _ended[useCase] = true;
    }

    function changeRegistrar() external {
        if (_closedTarget) return;
        _registrar = fresh();
        vm.startPrank(ledger.officer);
        ledger.consents.dismissRegistrar();
        ledger.consents.setRegistrar(vm.addr(_registrar));
        vm.stopPrank();
    }

    function closeTarget(bool closed) external {
        vm.prank(ledger.officer);
        ledger.access.setTargetClosed(address(ledger.consents), closed);
        _closedTarget = closed;
    }

    function pass(uint256 seconds_, uint8 blocks, bool toMidnight) external {
        uint256 later = block.timestamp + bound(seconds_, 1, 10 days);
        vm.warp(toMidnight ? later / 1 days * 1 days + 1 days : later);
        vm.roll(block.number + blocks);
    }

    // What the ledger should say

    function count() external view returns (uint256) {
        return _held.length;
    }

    function heldAt(uint256 index) external view returns (Held memory) {
        return _held[index];
    }

    function expected(uint256 index) external view returns (Expected memory) {
        return _expected[index];
    }

    function _signedFor(uint256 seed, uint256 registrar) private returns (Held memory) {
        uint32 useCase = _useCases[seed % _useCases.length];
        return consentOn(termsOf(useCase, keccak256("Lab"), 1 + (seed >> 8) % (LONGEST_DAYS - 1)), registrar);
    }

    function _isStopped(Held memory held_) private view returns (bool) {
        return _paused || _frozen || _ended[held_.terms.useCase];
    }

    function _enter(Held memory held_, uint8 door) private returns (bool) {
        address consents = address(ledger.consents);
        bytes memory call;
        address caller = address(0xCAFE);
        if (door % 3 == 0) {
            call = abi.encodeCall(IConsents.grantBySignature, (held_.terms, held_.grant));
        } else if (door % 3 == 1) {
            caller = held_.grant.own.signer;
            call = abi.encodeCall(IConsents.grant, (held_.terms, held_.grant.own, held_.grant.countersignature));
        } else {
            IConsents.Grant[] memory grants_ = new IConsents.Grant[](1);
            grants_[0] = held_.grant;
            call = abi.encodeCall(IConsents.grantBatch, (held_.terms, grants_));
        }
        uint40 before = ledger.consents.consent(held_.id).grantedIn;
        return succeeds(caller, consents, call) && before != ledger.consents.consent(held_.id).grantedIn;
    }

    function _keep(Held memory held_, bool granted) private {
        if (granted) {
            ++grants;
            _expected[_held.length] = Expected(true, false, uint40(block.number), 0);
        }
        _held.push(held_);
    }

    function _end(uint256 index, uint8 way) private {
        Held memory held_ = _held[index];
        // A closed target takes the ombudsman's power for a while; the citizen's own ways stay.
        uint8 chosen = _closedTarget && way % WAYS == 3 ? 0 : way;

        bool done = _leave(held_, chosen, held_.key, held_.code);

        if (!done || ledger.consents.consent(held_.id).revokedIn != block.number) ++blocked;
        ++revocations;
        _expected[index].revoked = true;
        _expected[index].revokedIn = uint40(block.number);
    }

    function _leave(Held memory held_, uint8 way, uint256 key, uint128 code) private returns (bool) {
        address consents = address(ledger.consents);
        uint256 chosen = way % WAYS;
        if (chosen == 0) {
            return succeeds(vm.addr(key), consents, abi.encodeCall(IConsents.revoke, (held_.terms, held_.grant.own)));
        }
        return succeeds(chosen == 3 ? ledger.officer : address(0xCAFE), consents, _revocation(held_, chosen, key, code));
    }

    function _revocation(Held memory held_, uint256 way, uint256 key, uint128 code)
        private
        view
        returns (bytes memory)
    {
        IConsents.Own memory own = held_.grant.own;
        if (way == 1) {
            return abi.encodeCall(IConsents.revokeBySignature, (held_.terms, own, revocationOf(held_, key)));
        }
        if (way == 2) return abi.encodeCall(IConsents.revokeByCode, (held_.terms, own, code));
        if (way == 3) {
            IConsents.Own[] memory owns = new IConsents.Own[](1);
            owns[0] = own;
            return abi.encodeCall(IConsents.revokeByMandate, (held_.terms, owns, REASON));
        }
        IConsents.Revocation[] memory members = new IConsents.Revocation[](1);
        members[0] = way == 4
            ? IConsents.Revocation(own, code, Signature(0, 0))
            : IConsents.Revocation(own, 0, revocationOf(held_, key));
        return abi.encodeCall(IConsents.revokeBatch, (held_.terms, members));
    }

    function _isKnown(ConsentId id) private view returns (bool) {
        return ledger.consents.consent(id).grantedIn != 0;
    }

    function _slot(ConsentId id) private view returns (bytes32) {
        return keccak256(abi.encode(ledger.consents.consent(id)));
    }
}
