// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Desk} from "./Desk.sol";
import {Class} from "../src/Types.sol";

/// @notice Strangers who call every function of every contract with whatever forge thinks of. The sentences are in
/// INVARIANTS.md.
/// forge-config: default.invariant.fail-on-revert = false
contract StrangersInvariants is Desk {
    bytes32 private _before;

    function setUp() public {
        foundCity();
        openUseCase(0x1AB, enrol(0x1AB, Class.Commercial, keccak256("Lab")));
        ledger.credit.mint(vm.addr(0x1AB), 1e9, REASON);
        ledger.journal.anchor(7, REASON);
        address[9] memory all = _contracts();
        for (uint256 i = 0; i < all.length; ++i) {
            targetContract(all[i]);
        }
        for (uint160 i = 1; i <= 4; ++i) {
            targetSender(address(0xBAD0 + i));
        }
        _before = _everything();
    }

    function invariant_StrangersGainNoPower() public view {
        for (uint160 i = 1; i <= 4; ++i) {
            for (uint64 role = 0; role <= 5; ++role) {
                (bool member,) = ledger.access.hasRole(role, address(0xBAD0 + i));
                assertTrue(!member, "a stranger holds a role");
            }
            assertTrue(!ledger.journal.isSettler(address(0xBAD0 + i)), "a stranger settles");
        }
        (bool still,) = ledger.access.hasRole(0, ledger.officer);
        assertTrue(still, "the administrator is gone");
        address[9] memory all = _contracts();
        for (uint256 i = 1; i < all.length; ++i) {
            assertEq(IAccessManaged(all[i]).authority(), address(ledger.access), "authority");
            assertTrue(!ledger.access.isTargetClosed(all[i]), "closed");
        }
    }

    function invariant_StrangersChangeNothing() public view {
        assertEq(_everything(), _before, "the city");
    }

    function _contracts() private view returns (address[9] memory) {
        return [
            address(ledger.access),
            address(ledger.participants),
            address(ledger.datasets),
            address(ledger.useCases),
            address(ledger.consents),
            address(ledger.credit),
            address(ledger.licences),
            address(ledger.journal),
            address(ledger.settlement)
        ];
    }

    function _everything() private view returns (bytes32) {
        return keccak256(abi.encode(_people(), _money(), ledger.journal.latest(), ledger.useCases.useCase(1)));
    }

    function _people() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                ledger.participants.count(),
                ledger.datasets.count(),
                ledger.useCases.count(),
                ledger.useCases.ruleCount(),
                ledger.consents.registrar(),
                ledger.consents.paused()
            )
        );
    }

    function _money() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                IERC20(address(ledger.credit)).totalSupply(),
                balanceOf(vm.addr(0x1AB)),
                ledger.settlement.tariffCount(),
                ledger.settlement.owed(),
                ledger.licences.count()
            )
        );
    }
}
