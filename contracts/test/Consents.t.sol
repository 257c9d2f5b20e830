// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsentsHandler} from "./ConsentsHandler.sol";
import {Desk, Held} from "./Desk.sol";
import {IConsents} from "../src/interfaces/IConsents.sol";
import {Class, ConsentId, Signature} from "../src/Types.sol";

/// @notice What holds of consents whatever anybody does in whatever order. The sentences are in INVARIANTS.md.
contract ConsentsInvariants is Desk {
    ConsentsHandler private _handler;

    function setUp() public {
        foundCity();
        uint32 lab = enrol(0x1AB, Class.Commercial, keccak256("Lab"));
        uint32[] memory useCases = new uint32[](4);
        for (uint256 i = 0; i < useCases.length; ++i) {
            useCases[i] = openUseCase(0x1AB, lab);
        }
        _handler = new ConsentsHandler(ledger, lab, useCases);
        ledger.access.grantRole(0, address(_handler), 0);
        targetContract(address(_handler));
    }

    function invariant_RevokedConsentNeverHoldsAgain() public view {
        for (uint256 i = 0; i < _handler.count(); ++i) {
            if (!_handler.expected(i).revoked) continue;
            IConsents.Consent memory slot = ledger.consents.consent(_handler.heldAt(i).id);
            assertTrue(!ledger.consents.isInForce(_handler.heldAt(i).id), "a revoked consent is in force");
            assertEq(slot.revokedIn, _handler.expected(i).revokedIn, "revoked in another block");
        }
    }

    function invariant_AConsentHoldsExactlyWhileGrantedUnrevokedAndInTime() public view {
        for (uint256 i = 0; i < _handler.count(); ++i) {
            Held memory held = _handler.heldAt(i);
            bool holds = _handler.expected(i).granted && !_handler.expected(i).revoked
                && block.timestamp < held.terms.validUntil;
            assertTrue(ledger.consents.isInForce(held.id) == holds, "in force or not");
        }
    }

    function invariant_AConsentIsWhatWasSigned() public view {
        for (uint256 i = 0; i < _handler.count(); ++i) {
            if (!_handler.expected(i).granted) continue;
            Held memory held = _handler.heldAt(i);
            IConsents.Consent memory slot = ledger.consents.consent(held.id);
            assertEq(slot.useCase, held.terms.useCase, "use case");
            assertEq(slot.scope, held.terms.scope, "scope");
            assertEq(slot.validUntil, held.terms.validUntil, "end");
            assertEq(slot.grantedIn, _handler.expected(i).grantedIn, "block of the grant");
        }
    }

    function invariant_NoConsentWithoutTheRegistrar() public view {
        assertEq(_handler.unvouched(), 0, "consents without the registrar's word");
    }

    function invariant_NoConsentThatItsCitizenDidNotSign() public view {
        assertEq(_handler.forged(), 0, "forged consents");
    }

    function invariant_AStoppedGrantIsRefusedAndNoOther() public view {
        assertEq(_handler.grantedWhileStopped(), 0, "granted while stopped");
        assertEq(_handler.refusedForNothing(), 0, "refused for nothing");
    }

    function invariant_NothingBlocksARevocation() public view {
        assertEq(_handler.blocked(), 0, "blocked revocations");
    }

    function invariant_NobodyElseEndsAConsent() public view {
        assertEq(_handler.stolen(), 0, "stolen revocations");
    }

    function invariant_ASignatureChangesTheLedgerAtMostOnce() public view {
        assertEq(_handler.repeated(), 0, "second uses that did something");
    }

    function test_TheHandlerGrantsAndRevokesByEveryDoor() public {
        for (uint8 i = 0; i < 6; ++i) {
            _handler.grant(i, i);
            _handler.revoke(2 * uint256(i), i);
            _handler.revokeBeforeGrant(i, i);
            _handler.repeatGrant(2 * uint256(i), i, false);
            _handler.repeatRevocation(2 * uint256(i), i);
        }
        assertEq(_handler.grants(), 6, "grants");
        assertEq(_handler.revocations(), 12, "revocations");
        assertEq(_handler.blocked() + _handler.repeated(), 0, "violations");
    }
}

/// @notice What holds for any input.
contract ConsentsFuzz is Desk {
    bytes32 private constant LAB = keccak256("Lab");

    uint32 private _useCase;

    function setUp() public {
        foundCity();
        _useCase = openUseCase(0x1AB, enrol(0x1AB, Class.Commercial, LAB));
    }

    function testFuzz_NoConsentLastsLongerThanAllowedOrEndsBeforeItBegins(uint40 validUntil) public {
        IConsents.Terms memory terms = termsOf(_useCase, LAB, 30);
        // Half of the time a midnight, so that the other checks are reached.
        if (validUntil % 2 == 0) validUntil = uint40((block.timestamp / 1 days + validUntil % 120) * 1 days);
        terms.validUntil = validUntil;
        if (validUntil > 0) terms.until = untilOf(validUntil);
        bool allowed = validUntil > block.timestamp && validUntil % 1 days == 0
            && validUntil <= block.timestamp + uint256(LONGEST_DAYS) * 1 days;

        assertTrue(_isTaken(consentOn(terms, REGISTRAR)) == allowed, "taken or refused");
    }

    function testFuzz_OnlyThePublishedTermsAreTaken(bytes32 statement, bytes32 recipient, uint16 scope, bytes32 until)
        public
    {
        IConsents.Terms memory terms = termsOf(_useCase, LAB, 30);
        vm.assume(statement != STATEMENT && recipient != LAB && scope != 1 && until != terms.until);

        terms.statement = statement;
        assertTrue(!_isTaken(consentOn(terms, REGISTRAR)), "another statement");
        terms.statement = STATEMENT;
        terms.recipient = recipient;
        assertTrue(!_isTaken(consentOn(terms, REGISTRAR)), "another recipient");
        terms.recipient = LAB;
        terms.scope = scope;
        assertTrue(!_isTaken(consentOn(terms, REGISTRAR)), "another scope");
        terms.scope = 1;
        terms.until = until;
        assertTrue(!_isTaken(consentOn(terms, REGISTRAR)), "another date");
        terms.until = untilOf(terms.validUntil);
        assertTrue(_isTaken(consentOn(terms, REGISTRAR)), "the published terms");
    }

    function testFuzz_NoOtherSignatureIsTheCitizens(bytes32 r, bytes32 vs) public {
        Held memory held = consentOn(termsOf(_useCase, LAB, 30), REGISTRAR);
        Signature memory own = held.grant.signature;
        vm.assume(r != own.r || vs != own.vs);

        held.grant.signature = Signature(r, vs);
        assertTrue(!_isTaken(held), "any words");
        held.grant.signature = Signature(own.r, vs == own.vs ? r : vs);
        assertTrue(!_isTaken(held), "her r with another s");
        held.grant.signature = malleated(own);
        assertTrue(!_isTaken(held), "the twin of her signature");
        held.grant.signature = own;
        assertTrue(_isTaken(held), "her own");
    }

    function testFuzz_ASignatureIsForOneChain(uint64 chainId) public {
        vm.assume(chainId != 0 && chainId != block.chainid);
        Held memory held = consentOn(termsOf(_useCase, LAB, 30), REGISTRAR);
        Signature memory revocation = revocationOf(held, held.key);
        uint256 home = block.chainid;

        vm.chainId(chainId);
        assertTrue(!_isTaken(held), "a grant on another chain");
        bytes memory call = abi.encodeCall(IConsents.revokeBySignature, (held.terms, held.grant.own, revocation));
        assertTrue(!succeeds(address(this), address(ledger.consents), call), "a revocation on another chain");
        vm.chainId(home);
        assertTrue(_isTaken(held), "a grant at home");
        assertTrue(succeeds(address(this), address(ledger.consents), call), "a revocation at home");
    }

    function testFuzz_ADeadlineHoldsToItsOwnSecond(uint40 deadline) public {
        IConsents.Terms memory terms = termsOf(_useCase, LAB, 30);
        if (deadline % 2 == 0) deadline = uint40(block.timestamp - 8 + deadline % 16);
        terms.deadline = deadline;

        assertTrue(_isTaken(consentOn(terms, REGISTRAR)) == (block.timestamp <= deadline), "in time or not");
    }

    function testFuzz_ABadMemberNeverFailsTheOthers(uint8 size, uint256 bad) public {
        IConsents.Terms memory terms = termsOf(_useCase, LAB, 30);
        Held[] memory held = new Held[](bound(size, 1, 24));
        IConsents.Grant[] memory grants = new IConsents.Grant[](held.length);
        for (uint256 i = 0; i < held.length; ++i) {
            held[i] = consentOn(terms, bad >> i & 1 == 1 ? fresh() : REGISTRAR);
            grants[i] = held[i].grant;
        }

        ledger.consents.grantBatch(terms, grants);

        for (uint256 i = 0; i < held.length; ++i) {
            assertTrue(ledger.consents.isInForce(held[i].id) == (bad >> i & 1 == 0), "member");
        }
    }

    function testFuzz_OnlyTheCodeOnThePaperRevokes(uint128 code) public {
        Held memory held = consentOn(termsOf(_useCase, LAB, 30), REGISTRAR);
        vm.assume(code != held.code);
        assertTrue(_isTaken(held), "granted");

        for (uint256 i = 0; i < 2; ++i) {
            uint128 other = i == 0 ? code : wellTyped(code);
            if (other == held.code) continue;
            bytes memory call = abi.encodeCall(IConsents.revokeByCode, (held.terms, held.grant.own, other));
            assertTrue(!succeeds(address(this), address(ledger.consents), call), "another code");
        }
        assertTrue(ledger.consents.isInForce(held.id), "still in force");
    }

    function untilOf(uint40 validUntil) private view returns (bytes32) {
        uint256 days_ = validUntil / 1 days;
        uint256 today = block.timestamp / 1 days;
        // termsOf writes dates relative to today; what is not a midnight or lies before today is refused earlier.
        return days_ > today ? termsOf(_useCase, LAB, days_ - today).until : bytes32(0);
    }

    function _isTaken(Held memory held) private returns (bool) {
        bytes memory call = abi.encodeCall(IConsents.grantBySignature, (held.terms, held.grant));
        bool done = succeeds(address(this), address(ledger.consents), call);
        assertTrue(done == (ledger.consents.consent(held.id).grantedIn != 0), "refused and written");
        return done;
    }
}
