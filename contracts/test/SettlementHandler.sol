// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Desk, IAuthorisedTransfers, Ledger} from "./Desk.sol";
import {ICityCredit} from "../src/interfaces/ICityCredit.sol";
import {ISettlement} from "../src/interfaces/ISettlement.sol";
import {Class, OrderId} from "../src/Types.sol";

/// @notice Buyers, payees, the treasury and strangers, in any order. It keeps the books a second time, and counts what
/// must never happen.
contract SettlementHandler is Desk {
    /// @notice An order as the handler saw it being opened, and what became of it.
    struct Run {
        OrderId id;
        uint64 cap;
        uint64 unitPrice;
        uint32 licence;
        uint32 tariff;
        uint40 deadline;
        uint256 buyer;
        uint64 charge;
        bytes32 outcome;
        uint8 settled;
        uint8 refunded;
    }

    /// @notice A licence as it was bought.
    struct Bought {
        uint256 buyer;
        uint32 useCase;
        uint32 tariff;
        uint32 quota;
        uint32 open;
    }

    uint256 public constant BUYERS = 2;
    uint256 private constant PAYEES = 4;

    uint256[2] private _keys;
    uint32[2] private _numbers;
    uint32[2] private _useCases;
    uint32[4] private _payees;
    bool private _paused;
    bool[2] private _frozen;

    Run[] private _runs;
    Bought[] private _licences;
    uint32 private _tariffs;

    /// @notice What each buyer's credit should be.
    uint64[2] public credited;
    uint256 public minted;
    uint256 public redeemed;
    /// @notice What lies in Settlement that nobody paid for anything.
    uint256 public stranded;

    /// @notice Settlements from the deadline on, and strangers' refunds before it.
    uint256 public outOfTime;
    /// @notice Refunds, withdrawals and shares that did not go through although they were due.
    uint256 public blocked;
    /// @notice Purchases and orders that went through while they were stopped, or with another's payment.
    uint256 public unlawful;
    /// @notice Purchases, orders and settlements that were refused although nothing stood against them.
    uint256 public refusedForNothing;
    /// @notice Payments that were taken a second time.
    uint256 public repeated;
    /// @notice Shares that paid another amount than the party's part.
    uint256 public wrongShares;

    constructor(
        Ledger memory city,
        uint256[2] memory keys,
        uint32[2] memory numbers,
        uint32[2] memory useCases,
        uint32[4] memory payees
    ) {
        ledger = city;
        _keys = keys;
        _numbers = numbers;
        _useCases = useCases;
        _payees = payees;
    }

    // The treasury

    function mint(uint256 seed, uint64 amount) external {
        uint256 value = bound(amount, 1, 1e12);
        vm.prank(ledger.officer);
        ledger.credit.mint(vm.addr(_keys[seed % BUYERS]), value, bytes32(fresh()));
        minted += value;
    }

    function redeem(uint256 seed, uint64 amount) external {
        address buyer = vm.addr(_keys[seed % BUYERS]);
        uint256 value = bound(amount, 0, balanceOf(buyer));
        if (value == 0) return;
        vm.prank(buyer);
        IERC20(address(ledger.credit)).transfer(ledger.officer, value);
        vm.prank(ledger.officer);
        ledger.credit.redeem(value, bytes32(fresh()));
        redeemed += value;
    }

    function giveAway(uint256 seed, uint64 amount) external {
        address buyer = vm.addr(_keys[seed % BUYERS]);
        uint256 value = bound(amount, 0, balanceOf(buyer) / 8);
        vm.prank(buyer);
        IERC20(address(ledger.credit)).transfer(address(ledger.settlement), value);
        stranded += value;
    }

    function reconcile(uint256 seed, uint64 amount) external {
        uint256 buyer = seed % BUYERS;
        bytes memory call = abi.encodeCall(ISettlement.reconcile, (vm.addr(_keys[buyer]), amount, REASON));
        bool due = amount != 0 && amount <= stranded;

        bool done = succeeds(ledger.officer, address(ledger.settlement), call);

        if (done && !due) ++unlawful;
        if (!done && due) ++refusedForNothing;
        if (done) {
            stranded -= amount;
            credited[buyer] += amount;
        }
    }

    // Tariffs, licences

    function setTariff(uint256 seed, uint64 licencePrice, uint64 unitPrice, uint16[4] calldata shares) external {
        ISettlement.Tariff memory tariff;
        tariff.useCase = _useCases[seed % BUYERS];
        tariff.class = Class.Commercial;
        tariff.licencePrice = uint64(bound(licencePrice, 0, 1e9));
        tariff.unitPrice = uint64(bound(unitPrice, 0, 1e8));
        tariff.licenceDays = uint16(1 + (seed >> 8) % 90);
        tariff.quota = uint32(1 + (seed >> 16) % 3);
        tariff.payees = new ISettlement.Payee[]((seed >> 24) % (PAYEES + 1));
        uint256 left = 10_000;
        for (uint256 i = 0; i < tariff.payees.length; ++i) {
            uint256 share = bound(shares[i], 0, left);
            left -= share;
            tariff.payees[i] = ISettlement.Payee(_payees[i], uint16(share));
        }
        vm.prank(ledger.officer);
        _tariffs = ledger.settlement.setTariff(tariff);
    }

    function buyLicence(uint256 seed, bool stock) external {
        uint256 buyer = seed % BUYERS;
        ISettlement.LicenceQuote memory quote = _licenceQuote(buyer);
        if (quote.tariff == 0) return;
        ISettlement.Payment memory payment = _licencePayment(buyer, quote, stock);
        bool due = !_paused && !_frozen[buyer] && balanceOf(payment.from) >= quote.price;
        bytes memory call = stock
            ? abi.encodeCall(ISettlement.buyLicenceFor, (quote, payment))
            : abi.encodeCall(ISettlement.buyLicence, (quote, payment));

        bool done = _carried(call);

        if (done && !due) ++unlawful;
        if (!done && due) ++refusedForNothing;
        if (done) {
            uint32 quota = ledger.settlement.tariff(quote.tariff).quota;
            _licences.push(Bought(buyer, quote.useCase, quote.tariff, quota, 0));
            if (_carried(call)) ++repeated;
        }
    }

    function terminate(uint256 seed) external {
        if (_licences.length == 0 || seed % 8 != 0) return;
        uint32 licence = uint32(1 + (seed >> 8) % _licences.length);
        if (ledger.licences.licence(licence).terminated) return;
        vm.prank(ledger.officer);
        ledger.licences.terminate(licence, REASON);
    }

    // Orders

    function openOrder(uint256 seed, uint64 cap, uint40 lasting, bool stock) external {
        if (_licences.length == 0) return;
        // Mostly the first ones, so that quotas are used up.
        uint32 licence = uint32(1 + seed % (seed % 4 == 0 || _licences.length < 3 ? _licences.length : 3));
        ISettlement.OrderQuote memory quote = _orderQuote(licence, cap, lasting);
        if (quote.tariff == 0) return;
        uint256 buyer = _licences[licence - 1].buyer;
        ISettlement.Payment memory payment = _orderPayment(buyer, quote, stock);
        bool due = _mayOrder(buyer, quote);
        bytes memory call = stock
            ? abi.encodeCall(ISettlement.openOrderFor, (quote, payment))
            : abi.encodeCall(ISettlement.openOrder, (quote, payment));

        bool done = _carried(call);

        if (done && !due) ++unlawful;
        if (!done && due) ++refusedForNothing;
        if (done) {
            _open(buyer, quote);
            if (_carried(call)) ++repeated;
        }
    }

    /// @notice Mallory sees a payment on its way and tries to spend it on something else.
    function spendAnothersPayment(uint256 seed, uint64 cap, bool past) external {
        if (_licences.length == 0) return;
        uint32 licence = uint32(1 + seed % _licences.length);
        ISettlement.OrderQuote memory quote = _orderQuote(licence, cap, 3600);
        uint256 buyer = _licences[licence - 1].buyer;
        ISettlement.Payment memory payment = _orderPayment(buyer, quote, past);
        if (past) {
            bool arrived = succeeds(address(0xBAD), address(ledger.credit), _past(payment, quote.cap));
            if (arrived) stranded += quote.cap;
            if (arrived && _carried(abi.encodeCall(ISettlement.openOrderFor, (quote, payment)))) ++unlawful;
        } else {
            quote.request = bytes32(fresh());
            if (_carried(abi.encodeCall(ISettlement.openOrder, (quote, payment)))) ++unlawful;
        }
    }

    function settle(uint256 seed, uint32 units) external {
        if (_runs.length == 0) return;
        Run storage run = _runs[seed % _runs.length];
        if (seed % 2 == 0) units %= 4;
        ISettlement.Outcome memory outcome = outcomeNow();
        outcome.units = units;
        _anchor();
        bool due = _isOpen(run) && block.timestamp < run.deadline && !_frozen[run.buyer];

        bool done =
            succeeds(ledger.officer, address(ledger.settlement), abi.encodeCall(ISettlement.settle, (run.id, outcome)));

        if (!done && due) ++refusedForNothing;
        if (done) _noteSettled(run, outcome);
    }

    function refund(uint256 seed) external {
        if (_runs.length == 0) return;
        Run storage run = _runs[seed % _runs.length];
        bool due = _isOpen(run) && (block.timestamp >= run.deadline || _frozen[run.buyer]);

        bool done = succeeds(address(0xBAD), address(ledger.settlement), abi.encodeCall(ISettlement.refund, (run.id)));

        if (!done && due) ++blocked;
        if (done && block.timestamp < run.deadline && !_frozen[run.buyer]) ++outOfTime;
        if (done) _noteRefunded(run);
    }

    function refundEarly(uint256 seed) external {
        if (_runs.length == 0 || seed % 4 != 0) return;
        Run storage run = _runs[(seed >> 8) % _runs.length];
        bool due = _isOpen(run);

        bool done = succeeds(
            ledger.officer, address(ledger.settlement), abi.encodeCall(ISettlement.refundEarly, (run.id, REASON))
        );

        if (!done && due) ++blocked;
        if (done) _noteRefunded(run);
    }

    // Out

    function withdraw(uint256 seed) external {
        uint256 buyer = seed % BUYERS;
        address account = vm.addr(_keys[buyer]);
        uint64 due = credited[buyer];
        uint256 before = balanceOf(account);

        bool done =
            succeeds(address(0xBAD), address(ledger.settlement), abi.encodeCall(ISettlement.withdraw, (account)));

        if (done != (due != 0) || balanceOf(account) != before + due) ++blocked;
        credited[buyer] = 0;
    }

    function withdrawShare(uint256 seed) external {
        if (_tariffs == 0) return;
        uint32 tariff = uint32(1 + seed % _tariffs);
        uint256 parties = ledger.settlement.tariff(tariff).payees.length + 1;
        uint256 party = (seed >> 32) % parties;
        address account = ledger.participants.participant(party == 0 ? 1 : _payees[party - 1]).account;
        uint256 before = balanceOf(account);

        bool done = succeeds(
            address(0xBAD), address(ledger.settlement), abi.encodeCall(ISettlement.withdrawShare, (tariff, party))
        );

        uint256 paid = balanceOf(account) - before;
        if (done != (paid != 0)) ++wrongShares;
        if (ledger.settlement.released(tariff, party) > ledger.settlement.accrued(tariff, party)) ++wrongShares;
        // Once somebody divided, everybody is paid what she has left.
        if (done && ledger.settlement.released(tariff, party) != ledger.settlement.accrued(tariff, party)) {
            ++wrongShares;
        }
        if (!done && ledger.settlement.accrued(tariff, party) != ledger.settlement.released(tariff, party)) {
            ++blocked;
        }
    }

    // The city

    function setPaused() external {
        vm.prank(ledger.officer);
        if (_paused) ledger.settlement.unpause();
        else ledger.settlement.pause();
        _paused = !_paused;
    }

    function freezeBuyer(uint256 seed) external {
        uint256 buyer = seed % BUYERS;
        vm.prank(ledger.officer);
        if (_frozen[buyer]) ledger.participants.unfreeze(_numbers[buyer], REASON);
        else ledger.participants.freeze(_numbers[buyer], REASON);
        _frozen[buyer] = !_frozen[buyer];
    }

    function pass(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 3 days));
        vm.roll(block.number + 1);
    }

    /// @notice To the very second in which an order can no longer be settled.
    function passToDeadline(uint256 seed) external {
        if (_runs.length == 0) return;
        uint40 deadline = _runs[seed % _runs.length].deadline;
        if (deadline > block.timestamp) vm.warp(deadline);
    }

    // What the ledger should say

    function runs() external view returns (Run[] memory) {
        return _runs;
    }

    function licences() external view returns (Bought[] memory) {
        return _licences;
    }

    function buyerAt(uint256 index) external view returns (address) {
        return vm.addr(_keys[index]);
    }

    /// @notice Everybody who can hold credits, Settlement excepted.
    function holders() external view returns (address[] memory all) {
        all = new address[](BUYERS + PAYEES + 2);
        for (uint256 i = 0; i < BUYERS; ++i) {
            all[i] = vm.addr(_keys[i]);
        }
        for (uint256 i = 0; i < PAYEES; ++i) {
            all[BUYERS + i] = ledger.participants.participant(_payees[i]).account;
        }
        all[BUYERS + PAYEES] = ledger.participants.participant(1).account;
        all[BUYERS + PAYEES + 1] = ledger.officer;
    }

    function _licenceQuote(uint256 buyer) private returns (ISettlement.LicenceQuote memory quote) {
        quote.useCase = _useCases[buyer];
        quote.tariff = ledger.settlement.tariffFor(quote.useCase, Class.Commercial);
        quote.price = ledger.settlement.tariff(quote.tariff).licencePrice;
        quote.deadline = soon();
        quote.salt = bytes32(fresh());
    }

    function _licencePayment(uint256 buyer, ISettlement.LicenceQuote memory quote, bool stock)
        private
        returns (ISettlement.Payment memory)
    {
        if (stock) return stockPaymentOf(_keys[buyer], quote.price, bytes32(fresh()));
        return paymentOf(_keys[buyer], quote.price, ledger.settlement.licenceQuoteId(quote));
    }

    function _orderQuote(uint32 licence, uint64 cap, uint40 lasting)
        private
        returns (ISettlement.OrderQuote memory quote)
    {
        quote.licence = licence;
        quote.tariff = ledger.settlement.tariffFor(_licences[licence - 1].useCase, Class.Commercial);
        uint64 unitPrice = ledger.settlement.tariff(quote.tariff).unitPrice;
        quote.cap = uint64(bound(cap, unitPrice, 4 * uint256(unitPrice) + 7));
        quote.deadline = uint40(block.timestamp + bound(lasting, SHORTEST_ORDER, LONGEST_ORDER));
        quote.request = REASON;
        quote.salt = bytes32(fresh());
    }

    function _orderPayment(uint256 buyer, ISettlement.OrderQuote memory quote, bool stock)
        private
        returns (ISettlement.Payment memory)
    {
        if (stock) return stockPaymentOf(_keys[buyer], quote.cap, bytes32(fresh()));
        return paymentOf(_keys[buyer], quote.cap, OrderId.unwrap(ledger.settlement.orderId(quote)));
    }

    function _mayOrder(uint256 buyer, ISettlement.OrderQuote memory quote) private view returns (bool) {
        Bought memory bought = _licences[quote.licence - 1];
        bool usable = !ledger.licences.licence(quote.licence).terminated
            && block.timestamp < ledger.licences.licence(quote.licence).endsAt && bought.open < bought.quota;
        return usable && !_paused && !_frozen[buyer] && balanceOf(vm.addr(_keys[buyer])) >= quote.cap;
    }

    function _carried(bytes memory call) private returns (bool) {
        return succeeds(ledger.officer, address(ledger.settlement), call);
    }

    function _past(ISettlement.Payment memory payment, uint64 amount) private view returns (bytes memory) {
        return abi.encodeCall(
            IAuthorisedTransfers.transferWithAuthorization,
            (
                payment.from,
                address(ledger.settlement),
                amount,
                payment.validAfter,
                payment.validBefore,
                payment.nonce,
                payment.v,
                payment.r,
                payment.s
            )
        );
    }

    function _open(uint256 buyer, ISettlement.OrderQuote memory quote) private {
        Run storage run = _runs.push();
        run.id = ledger.settlement.orderId(quote);
        run.cap = quote.cap;
        run.unitPrice = ledger.settlement.tariff(quote.tariff).unitPrice;
        run.licence = quote.licence;
        run.tariff = quote.tariff;
        run.deadline = quote.deadline;
        run.buyer = buyer;
        ++_licences[quote.licence - 1].open;
    }

    function _noteSettled(Run storage run, ISettlement.Outcome memory outcome) private {
        if (block.timestamp >= run.deadline) ++outOfTime;
        uint256 price = uint256(outcome.units) * run.unitPrice;
        ++run.settled;
        run.charge = price > run.cap ? run.cap : uint64(price);
        run.outcome = keccak256(abi.encode(run.charge, outcome));
        credited[run.buyer] += run.cap - run.charge;
    }

    function _noteRefunded(Run storage run) private {
        ++run.refunded;
        credited[run.buyer] += run.cap;
        --_licences[run.licence - 1].open;
    }

    function _isOpen(Run storage run) private view returns (bool) {
        return run.settled + run.refunded == 0;
    }

    function _anchor() private {
        uint64 size = ledger.journal.latest().size + 1;
        vm.prank(ledger.officer);
        ledger.journal.anchor(size, bytes32(fresh()));
    }
}
