// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Desk, Ledger} from "./Desk.sol";
import {IJournal} from "../src/interfaces/IJournal.sol";

/// @notice Settlers that anchor whatever comes to their mind, and strangers that do too.
contract JournalHandler is Desk {
    IJournal.Anchor private _newest;
    /// @notice Anchors that replaced one of the same or a larger size, came from a stranger, or had no root.
    uint256 public unlawful;
    uint256 public refusedForNothing;

    constructor(Ledger memory city) {
        ledger = city;
    }

    function anchor(uint64 size, bytes32 root, bool near, bool stranger, bool empty) external {
        if (near) size = uint64(bound(size, _newest.size / 2, uint256(_newest.size) + 3) % 2 ** 64);
        if (empty) root = 0;
        bool due = size > _newest.size && root != 0 && !stranger;
        address caller = stranger ? address(0xBAD) : ledger.officer;

        bool done = succeeds(caller, address(ledger.journal), abi.encodeCall(IJournal.anchor, (size, root)));

        if (done && !due) ++unlawful;
        if (!done && due) ++refusedForNothing;
        if (done) _newest = IJournal.Anchor(size, uint40(block.timestamp), root);
    }

    function pass(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 2 days));
    }

    function newest() external view returns (IJournal.Anchor memory) {
        return _newest;
    }
}

/// @notice What holds of the access log's anchors. The sentences are in INVARIANTS.md.
contract JournalInvariants is Desk {
    JournalHandler private _handler;

    function setUp() public {
        foundCity();
        _handler = new JournalHandler(ledger);
        targetContract(address(_handler));
    }

    function invariant_TheAnchoredLogOnlyGrows() public view {
        assertEq(_handler.unlawful(), 0, "anchors that did not grow");
        assertEq(_handler.refusedForNothing(), 0, "refused for nothing");
    }

    function invariant_TheNewestAnchorIsTheLastOneTaken() public view {
        IJournal.Anchor memory latest = ledger.journal.latest();
        assertEq(latest.size, _handler.newest().size, "size");
        assertEq(latest.root, _handler.newest().root, "root");
        assertEq(latest.anchoredAt, _handler.newest().anchoredAt, "time");
    }

    function testFuzz_NothingIsSettledWithoutAFreshAnchor(uint256 later) public {
        later = bound(later, 0, 3 days);
        ledger.journal.anchor(1, REASON);
        vm.warp(block.timestamp + later);

        bytes memory call = abi.encodeCall(IJournal.requireMaySettle, (address(this)));
        assertTrue(succeeds(address(this), address(ledger.journal), call) == (later <= 1 days), "fresh or stale");
    }
}
