// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {Desk} from "./Desk.sol";
import {SettlementHandler} from "./SettlementHandler.sol";
import {ILicences} from "../src/interfaces/ILicences.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Class, OrderId} from "../src/Types.sol";

/// @notice Founds a city with two buyers, a use case and a tariff for each, and four payees.
abstract contract Market is Desk {
    SettlementHandler internal handler;
    uint256[2] internal keys = [uint256(0x1AB), 0x2AB];

    function openMarket() internal {
        foundCity();
        uint32[2] memory numbers;
        uint32[2] memory useCases;
        uint32[4] memory payees;
        for (uint256 i = 0; i < 2; ++i) {
            numbers[i] = enrol(keys[i], Class.Commercial, bytes32(fresh()));
            useCases[i] = openUseCase(keys[i], numbers[i]);
        }
        for (uint256 i = 0; i < 4; ++i) {
            payees[i] = enrol(0xBA7 + i, Class.Supplier, bytes32(fresh()));
        }
        handler = new SettlementHandler(ledger, keys, numbers, useCases, payees);
        for (uint256 i = 0; i < 2; ++i) {
            handler.mint(i, 1e12);
            handler.setTariff(i | 0xFDFF00 | 4 << 24, 100e6, 10e6, [uint16(1000), 2500, 33, 1]);
            handler.buyLicence(i, false);
        }
    }
}

/// @notice What holds of money, orders and licences whatever anybody does. The sentences are in INVARIANTS.md.
contract SettlementInvariants is Market {
    function setUp() public {
        openMarket();
        targetContract(address(handler));
    }

    function invariant_SettlementHoldsWhatItOwes() public view {
        uint256 escrow = 0;
        SettlementHandler.Run[] memory runs = handler.runs();
        for (uint256 i = 0; i < runs.length; ++i) {
            if (ledger.settlement.order(runs[i].id).state == ISettlement.State.Escrowed) {
                escrow += ledger.settlement.order(runs[i].id).cap;
            }
        }
        uint256 credits = ledger.settlement.credits(handler.buyerAt(0)) + ledger.settlement.credits(handler.buyerAt(1));

        assertEq(ledger.settlement.owed(), escrow + credits + _potsLeft(), "owed is escrow, credits and pots");
        assertEq(
            balanceOf(address(ledger.settlement)),
            ledger.settlement.owed() + handler.stranded(),
            "held is owed and stranded"
        );
    }

    function invariant_PartsAddUpToTheWhole() public view {
        for (uint32 tariff = 1; tariff <= ledger.settlement.tariffCount(); ++tariff) {
            ISettlement.Payee[] memory payees = ledger.settlement.tariff(tariff).payees;
            uint256 divided = ledger.settlement.divided(tariff);
            uint256 sum = ledger.settlement.accrued(tariff, 0);
            for (uint256 i = 0; i < payees.length; ++i) {
                uint256 part = ledger.settlement.accrued(tariff, i + 1);
                sum += part;
                assertLe(part, divided * payees[i].basisPoints / 10_000, "a payee's part");
            }
            assertEq(sum, divided, "parts and whole");
            assertLe(divided, ledger.settlement.earned(tariff), "divided of earned");
        }
    }

    function invariant_APotIsWhatWasPaidUnderItsTariff() public view {
        uint256[] memory paid = new uint256[](ledger.settlement.tariffCount() + 1);
        SettlementHandler.Run[] memory runs = handler.runs();
        for (uint256 i = 0; i < runs.length; ++i) {
            paid[runs[i].tariff] += runs[i].charge;
        }
        SettlementHandler.Bought[] memory bought = handler.licences();
        for (uint256 i = 0; i < bought.length; ++i) {
            paid[bought[i].tariff] += ledger.settlement.tariff(bought[i].tariff).licencePrice;
        }
        for (uint32 tariff = 1; tariff < paid.length; ++tariff) {
            assertEq(ledger.settlement.earned(tariff), paid[tariff], "the pot");
        }
    }

    function invariant_AnOrderIsSettledOrRefundedAndEitherOnce() public view {
        SettlementHandler.Run[] memory runs = handler.runs();
        for (uint256 i = 0; i < runs.length; ++i) {
            ISettlement.State state = ledger.settlement.order(runs[i].id).state;
            assertLe(runs[i].settled + runs[i].refunded, 1, "endings");
            assertTrue((state == ISettlement.State.Settled) == (runs[i].settled == 1), "settled");
            assertTrue((state == ISettlement.State.Refunded) == (runs[i].refunded == 1), "refunded");
        }
    }

    function invariant_TheChargeIsUnitsAtThePinnedPriceAndAtMostTheCap() public view {
        SettlementHandler.Run[] memory runs = handler.runs();
        for (uint256 i = 0; i < runs.length; ++i) {
            if (runs[i].settled == 0) continue;
            assertLe(runs[i].charge, runs[i].cap, "charge and cap");
            assertEq(ledger.settlement.outcomeOf(runs[i].id), runs[i].outcome, "charge and outcome on the ledger");
        }
    }

    function invariant_ACreditIsRefundsAndChangeLessWithdrawals() public view {
        for (uint256 i = 0; i < 2; ++i) {
            assertEq(ledger.settlement.credits(handler.buyerAt(i)), handler.credited(i), "credit");
        }
    }

    function invariant_SupplyIsMintedLessRedeemed() public view {
        uint256 supply = IERC20(address(ledger.credit)).totalSupply();
        assertEq(supply, handler.minted() - handler.redeemed(), "supply");
        assertEq(ledger.credit.minted(), handler.minted(), "minted");
        assertEq(ledger.credit.redeemed(), handler.redeemed(), "redeemed");
    }

    function invariant_MoneyIsNeitherMadeNorLost() public view {
        address[] memory holders = handler.holders();
        uint256 sum = balanceOf(address(ledger.settlement));
        for (uint256 i = 0; i < holders.length; ++i) {
            sum += balanceOf(holders[i]);
        }
        assertEq(sum, IERC20(address(ledger.credit)).totalSupply(), "everybody's credits");
    }

    function invariant_SettlingEndsAtTheDeadlineAndRefundingBeginsThere() public view {
        assertEq(handler.outOfTime(), 0, "out of time");
    }

    function invariant_NothingBlocksARefundOrAWithdrawal() public view {
        assertEq(handler.blocked(), 0, "blocked");
        assertEq(handler.wrongShares(), 0, "wrong shares");
    }

    function invariant_OnlyItsOwnPaymentBuysAndOnlyOnce() public view {
        assertEq(handler.unlawful(), 0, "bought or ordered unlawfully");
        assertEq(handler.repeated(), 0, "paid twice with one payment");
    }

    function invariant_WhatIsDueIsNotRefused() public view {
        assertEq(handler.refusedForNothing(), 0, "refused for nothing");
    }

    function invariant_ALicenceIsUsedAtMostItsQuota() public view {
        SettlementHandler.Bought[] memory bought = handler.licences();
        assertEq(ledger.licences.count(), bought.length, "licences and purchases");
        for (uint32 i = 0; i < bought.length; ++i) {
            ILicences.Licence memory licence = ledger.licences.licence(i + 1);
            assertLe(licence.used, licence.quota, "used of quota");
            assertEq(licence.used, bought[i].open, "used is open and settled orders");
        }
    }

    function invariant_ALicenceStaysWithItsBuyer() public view {
        SettlementHandler.Bought[] memory bought = handler.licences();
        for (uint32 i = 0; i < bought.length; ++i) {
            assertEq(IERC721(address(ledger.licences)).ownerOf(i + 1), handler.buyerAt(bought[i].buyer), "owner");
            assertTrue(ledger.licences.locked(i + 1), "locked");
        }
    }

    function test_TheHandlerReachesEveryEnding() public {
        for (uint256 i = 0; i < 3; ++i) {
            handler.openOrder(0, 25e6, 3600, i == 2);
        }
        handler.settle(0, 1);
        handler.refundEarly(1 << 8);
        handler.pass(1 days);
        handler.refund(2);
        handler.withdraw(0);
        for (uint256 party = 0; party < 5; ++party) {
            handler.withdrawShare(0 | party << 32);
        }
        handler.giveAway(1, 5);
        handler.reconcile(1, 5);

        SettlementHandler.Run[] memory runs = handler.runs();
        assertEq(runs[0].settled + runs[1].refunded + runs[2].refunded, 3, "endings");
        assertEq(ledger.settlement.divided(1), 110e6, "divided");
        assertEq(handler.credited(1), 5, "reconciled");
        assertEq(handler.refusedForNothing() + handler.blocked() + handler.unlawful(), 0, "violations");
    }

    function _potsLeft() private view returns (uint256 left) {
        for (uint32 tariff = 1; tariff <= ledger.settlement.tariffCount(); ++tariff) {
            left += ledger.settlement.earned(tariff);
            for (uint256 party = 0; party <= ledger.settlement.tariff(tariff).payees.length; ++party) {
                left -= ledger.settlement.released(tariff, party);
            }
        }
    }
}

/// @notice What holds for any amount, share and second.
contract SettlementFuzz is Market {
    function setUp() public {
        openMarket();
    }

    function testFuzz_PartsAddUpToTheWholeForAnyAmountAndShares(uint64 price, uint16[4] calldata shares) public {
        ISettlement.Tariff memory tariff = ledger.settlement.tariff(1);
        tariff.licencePrice = price;
        uint256 left = 10_000;
        for (uint256 i = 0; i < 4; ++i) {
            tariff.payees[i].basisPoints = uint16(bound(shares[i], 0, left));
            left -= tariff.payees[i].basisPoints;
        }
        uint32 number = ledger.settlement.setTariff(tariff);
        uint256 room = type(uint64).max - IERC20(address(ledger.credit)).totalSupply();
        vm.assume(price != 0 && price <= room);
        ledger.credit.mint(vm.addr(keys[0]), price, bytes32(fresh()));
        handler.buyLicence(0, false);

        uint256 paid = 0;
        for (uint256 party = 0; party < 5; ++party) {
            bytes memory call = abi.encodeCall(ISettlement.withdrawShare, (number, party));
            bool done = succeeds(address(0xBAD), address(ledger.settlement), call);
            uint256 part = ledger.settlement.released(number, party);
            assertTrue(done == (part != 0), "paid or nothing to pay");
            if (party > 0) {
                assertEq(part, uint256(price) * tariff.payees[party - 1].basisPoints / 10_000, "a payee's part");
            }
            paid += part;
        }
        assertEq(paid, price, "parts and whole");
    }

    function testFuzz_AtEverySecondExactlyOneOfSettlingAndRefundingIsOpen(uint40 lasting, uint256 later) public {
        handler.openOrder(0, 10e6, lasting, false);
        SettlementHandler.Run memory run = handler.runs()[0];
        // Half of the time near the deadline.
        uint256 rest = run.deadline - block.timestamp;
        vm.warp(block.timestamp + (later % 2 == 0 ? bound(later, rest - 2, rest + 2) : bound(later, 0, 14 days)));
        ledger.journal.anchor(1, REASON);
        bytes memory settle = abi.encodeCall(ISettlement.settle, (run.id, outcomeNow()));
        bytes memory refund = abi.encodeCall(ISettlement.refund, (run.id));

        // Each on its own: after the one, the other is refused at any second.
        uint256 before = vm.snapshotState();
        bool settled = succeeds(ledger.officer, address(ledger.settlement), settle);
        assertTrue(vm.revertToState(before), "back");
        bool refunded = succeeds(address(0xBAD), address(ledger.settlement), refund);

        assertTrue(refunded == (block.timestamp >= run.deadline), "refunded");
        assertTrue(settled == !refunded, "settled");
    }

    function testFuzz_AQuotaIsUsedToItsLastRunAndNoFurther(uint8 quota) public {
        quota = uint8(bound(quota, 1, 6));
        ISettlement.Tariff memory tariff = ledger.settlement.tariff(1);
        tariff.quota = quota;
        ledger.settlement.setTariff(tariff);
        handler.buyLicence(0, false);
        uint32 licence = ledger.licences.count();

        for (uint256 i = 0; i <= quota; ++i) {
            handler.openOrder(licence - 1, 10e6, 3600, false);
            assertEq(handler.runs().length, i < quota ? i + 1 : quota, "orders");
            assertEq(ledger.licences.licence(licence).used, handler.runs().length, "used");
        }
        assertEq(handler.unlawful() + handler.refusedForNothing(), 0, "violations");
    }

    function testFuzz_ADeadlineLiesWithinItsBounds(uint40 deadline) public {
        if (deadline % 2 == 0) deadline = uint40(block.timestamp + deadline % 8 days);
        ISettlement.OrderQuote memory quote = ISettlement.OrderQuote(1, 1, REASON, 10e6, deadline, REASON);
        bytes32 id = OrderId.unwrap(ledger.settlement.orderId(quote));
        bytes memory call = abi.encodeCall(ISettlement.openOrder, (quote, paymentOf(keys[0], 10e6, id)));
        bool within = deadline >= block.timestamp + SHORTEST_ORDER && deadline <= block.timestamp + LONGEST_ORDER;

        assertTrue(succeeds(address(0xBAD), address(ledger.settlement), call) == within, "taken or refused");
    }

    function testFuzz_APaymentIsForEveryWordOfItsQuote(uint8 field, uint256 word) public {
        ISettlement.OrderQuote memory quote =
            ISettlement.OrderQuote(1, 1, REASON, 10e6, uint40(block.timestamp + 3600), REASON);
        bytes32 id = OrderId.unwrap(ledger.settlement.orderId(quote));
        ISettlement.Payment memory payment = paymentOf(keys[0], 10e6, id);
        ISettlement.OrderQuote memory other =
            ISettlement.OrderQuote(1, 1, REASON, 10e6, uint40(block.timestamp + 3600), REASON);
        if (field % 5 == 0) other.request = bytes32(word);
        else if (field % 5 == 1) other.salt = bytes32(word);
        else if (field % 5 == 2) other.deadline = uint40(block.timestamp + bound(word, 60, 7 days));
        else if (field % 5 == 3) other.cap = uint64(bound(word, 10e6, 100e6));
        else other.licence = uint32(word);
        bool same = OrderId.unwrap(ledger.settlement.orderId(other)) == id;

        bytes memory call = abi.encodeCall(ISettlement.openOrder, (other, payment));
        assertTrue(succeeds(address(0xBAD), address(ledger.settlement), call) == same, "another quote");
        call = abi.encodeCall(ISettlement.openOrder, (quote, payment));
        assertTrue(succeeds(address(0xBAD), address(ledger.settlement), call) == !same, "its own quote");
    }

    function testFuzz_NeverMoreThanTheSurplusIsReconciled(uint64 given, uint64 amount) public {
        given = uint64(bound(given, 0, 1e9));
        if (amount % 2 == 0) amount = uint64(bound(amount, 0, uint256(given) + 2));
        vm.prank(vm.addr(keys[0]));
        IERC20(address(ledger.credit)).transfer(address(ledger.settlement), given);

        bytes memory call = abi.encodeCall(ISettlement.reconcile, (vm.addr(keys[0]), amount, REASON));
        bool done = succeeds(address(this), address(ledger.settlement), call);

        assertTrue(done == (amount != 0 && amount <= given), "reconciled");
        assertLe(ledger.settlement.owed(), balanceOf(address(ledger.settlement)), "owed and held");
    }

    function testFuzz_NobodyMovesALicence(address thief, uint256 licence) public {
        licence = bound(licence, 1, 2);
        address owner = IERC721(address(ledger.licences)).ownerOf(licence);
        vm.assume(thief != address(0));
        bytes memory call = abi.encodeCall(IERC721.transferFrom, (owner, thief, licence));

        assertTrue(!succeeds(thief, address(ledger.licences), call), "a thief");
        assertTrue(!succeeds(owner, address(ledger.licences), call), "its owner");
        assertEq(IERC721(address(ledger.licences)).ownerOf(licence), owner, "owner");
    }

    function testFuzz_SupplyStaysBelow64Bits(uint256 amount) public {
        uint256 supply = IERC20(address(ledger.credit)).totalSupply();
        if (amount % 2 == 0) amount = bound(amount, type(uint64).max - supply - 2, type(uint64).max - supply + 2);
        bytes32 line = bytes32(fresh());
        bytes memory call = abi.encodeWithSignature("mint(address,uint256,bytes32)", address(this), amount, line);

        bool done = succeeds(address(this), address(ledger.credit), call);

        assertTrue(done == (amount != 0 && amount <= type(uint64).max - supply), "minted");
        assertTrue(!succeeds(address(this), address(ledger.credit), call), "a bank statement line used twice");
    }
}
