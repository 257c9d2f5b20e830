// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Desk, Ledger} from "./Desk.sol";
import {IUseCases} from "../src/interfaces/IUseCases.sol";
import {Class} from "../src/Types.sol";

/// @notice An applicant, and an operator who decides, decides again, publishes, retires and closes in any order.
contract UseCasesHandler is Desk {
    bytes32[3] private _statements = [keccak256("one"), keccak256("two"), keccak256("three")];

    uint32 private immutable _lab;
    uint32 private immutable _dataset;
    IUseCases.UseCase[] private _expected;
    mapping(uint256 index => mapping(bytes32 statement => bool)) private _published;
    mapping(uint256 index => mapping(bytes32 statement => bool)) private _retired;
    /// @notice Decisions of what was decided, loosened conditions, and closings of what was not open.
    uint256 public unlawful;
    uint256 public refusedForNothing;
    /// @notice Notices of what is not allowed, and of what was published or retired before.
    uint256 public unlawfulNotices;

    constructor(Ledger memory city, uint32 lab, uint32 dataset) {
        ledger = city;
        _lab = lab;
        _dataset = dataset;
    }

    function apply_(uint32 minimumCohort, uint16 longestDays) external {
        IUseCases.Application memory form = applicationOf(_lab, _dataset);
        form.minimumCohort = uint32(bound(minimumCohort, 5, 1000));
        form.longestDays = uint16(bound(longestDays, 1, 365));
        form.routine = bytes32(fresh());
        uint32 id = applied(0x1AB, form);
        _expected.push(ledger.useCases.useCase(id));
    }

    function decide(uint256 seed, bool allowed, uint32 minimumCohort, uint16 longestDays) external {
        if (_expected.length == 0) return;
        IUseCases.UseCase storage found = _expected[seed % _expected.length];
        if (seed % 3 != 0) {
            minimumCohort = uint32(bound(minimumCohort, found.minimumCohort, type(uint32).max));
            longestDays = uint16(bound(longestDays, 0, found.longestDays));
        }
        bool due = found.state == IUseCases.State.Applied && minimumCohort >= found.minimumCohort
            && longestDays <= found.longestDays && (!allowed || longestDays != 0);

        bool done = _officially(
            abi.encodeCall(
                IUseCases.decide,
                (
                    uint32(1 + seed % _expected.length),
                    IUseCases.Decision(allowed, minimumCohort, longestDays, REASON, REASON)
                )
            )
        );

        _note(done, due);
        if (!done) return;
        found.state = allowed ? IUseCases.State.Allowed : IUseCases.State.Denied;
        found.minimumCohort = minimumCohort;
        found.longestDays = longestDays;
        found.recipient = keccak256("Lab");
    }

    /// @notice Rules decide what is not personal; ours is, so a rule must never decide it.
    function decideByRule(uint256 seed) external {
        if (_expected.length == 0) return;
        vm.prank(ledger.officer);
        uint32 rule = ledger.useCases.publishRule(IUseCases.Rule(0, type(uint16).max, 365, 3650, REASON));
        _note(_anybody(abi.encodeCall(IUseCases.decideByRule, (uint32(1 + seed % _expected.length), rule))), false);
    }

    function close(uint256 seed) external {
        if (_expected.length == 0 || seed % 4 != 0) return;
        uint256 index = (seed >> 8) % _expected.length;
        bool due = _expected[index].state == IUseCases.State.Allowed;

        bool done = _officially(abi.encodeCall(IUseCases.close, (uint32(index + 1), REASON)));

        _note(done, due);
        if (done) _expected[index].state = IUseCases.State.Closed;
    }

    function publishNotice(uint256 seed) external {
        if (_expected.length == 0) return;
        uint256 index = seed % _expected.length;
        bytes32 statement = _statements[(seed >> 8) % 3];
        bool due = _expected[index].state == IUseCases.State.Allowed && !_published[index][statement];

        bool done = _officially(
            abi.encodeCall(
                IUseCases.publishNotice,
                (uint32(index + 1), IUseCases.Notice("en", IUseCases.NoticeKind.Consent, 1, statement))
            )
        );

        if (done != due) ++unlawfulNotices;
        if (done) _published[index][statement] = true;
    }

    function retireNotice(uint256 seed) external {
        if (_expected.length == 0) return;
        uint256 index = seed % _expected.length;
        bytes32 statement = _statements[(seed >> 8) % 3];
        bool due = _published[index][statement] && !_retired[index][statement];

        bool done = _officially(abi.encodeCall(IUseCases.retireNotice, (uint32(index + 1), statement)));

        if (done != due) ++unlawfulNotices;
        if (done) _retired[index][statement] = true;
    }

    function count() external view returns (uint256) {
        return _expected.length;
    }

    function expected(uint256 index) external view returns (IUseCases.UseCase memory) {
        return _expected[index];
    }

    /// @notice Whether a citizen may be asked for a consent under one of the three statements.
    function isOpen(uint256 index, uint256 statement) external view returns (bool) {
        bytes32 digest = _statements[statement];
        return
            _expected[index].state == IUseCases.State.Allowed && _published[index][digest] && !_retired[index][digest];
    }

    function statementAt(uint256 index) external view returns (bytes32) {
        return _statements[index];
    }

    function _officially(bytes memory call) private returns (bool) {
        return succeeds(ledger.officer, address(ledger.useCases), call);
    }

    function _anybody(bytes memory call) private returns (bool) {
        return succeeds(address(0xBAD), address(ledger.useCases), call);
    }

    function _note(bool done, bool due) private {
        if (done && !due) ++unlawful;
        if (!done && due) ++refusedForNothing;
    }
}

/// @notice What holds of use cases. The sentences are in INVARIANTS.md.
contract UseCasesInvariants is Desk {
    UseCasesHandler private _handler;

    function setUp() public {
        foundCity();
        uint32 lab = enrol(0x1AB, Class.Commercial, keccak256("Lab"));
        _handler = new UseCasesHandler(ledger, lab, registered());
        _handler.apply_(10, 90);
        targetContract(address(_handler));
    }

    function invariant_WhatIsDecidedStaysDecided() public view {
        assertEq(_handler.unlawful(), 0, "unlawful decisions");
        assertEq(_handler.refusedForNothing(), 0, "refused for nothing");
    }

    function invariant_TheTermsOfAUseCaseAreFixed() public view {
        for (uint32 i = 0; i < _handler.count(); ++i) {
            assertEq(
                keccak256(abi.encode(ledger.useCases.useCase(i + 1))),
                keccak256(abi.encode(_handler.expected(i))),
                "the use case"
            );
        }
    }

    function invariant_CitizensAreAskedOnlyUnderAPublishedNoticeOfAnAllowedUseCase() public {
        assertEq(_handler.unlawfulNotices(), 0, "unlawful notices");
        for (uint32 i = 0; i < _handler.count(); ++i) {
            for (uint256 j = 0; j < 3; ++j) {
                bytes memory call =
                    abi.encodeCall(IUseCases.requireGrantable, (i + 1, _handler.statementAt(j), keccak256("Lab"), 1));
                bool open = succeeds(address(this), address(ledger.useCases), call);
                assertTrue(open == _handler.isOpen(i, j), "open for consents");
            }
        }
    }

    function invariant_NothingIsSoldForAUseCaseThatIsNotAllowed() public {
        for (uint32 i = 0; i < _handler.count(); ++i) {
            bytes memory call = abi.encodeCall(IUseCases.requireOpenFor, (i + 1, vm.addr(0x1AB)));
            bool open = succeeds(address(this), address(ledger.useCases), call);
            assertTrue(open == (_handler.expected(i).state == IUseCases.State.Allowed), "open for purchases");
        }
    }

    function testFuzz_ADecisionNeverLoosensWhatWasAppliedFor(uint32 minimumCohort, uint16 longestDays) public {
        IUseCases.Decision memory decision = IUseCases.Decision(true, minimumCohort, longestDays, REASON, REASON);
        bool due = minimumCohort >= 10 && longestDays <= 90 && longestDays != 0;

        bytes memory call = abi.encodeCall(IUseCases.decide, (1, decision));
        assertTrue(succeeds(address(this), address(ledger.useCases), call) == due, "decided");
    }
}
