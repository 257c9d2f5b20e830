// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {CityCredit} from "./CityCredit.sol";
import {IDatasets} from "./interfaces/IDatasets.sol";
import {IJournal} from "./interfaces/IJournal.sol";
import {ILicences} from "./interfaces/ILicences.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {ISettlement} from "./interfaces/ISettlement.sol";
import {IUseCases} from "./interfaces/IUseCases.sol";
import {Class, OrderId} from "./Types.sol";

/// @title Settlement
contract Settlement is ISettlement, AccessManaged, Pausable {
    bytes32 private constant LICENCE_QUOTE =
        keccak256("LicenceQuote(uint32 useCase,uint32 tariff,uint64 price,uint40 deadline,bytes32 salt)");
    bytes32 private constant ORDER_QUOTE =
        keccak256("OrderQuote(uint32 licence,uint32 tariff,bytes32 request,uint64 cap,uint40 deadline,bytes32 salt)");
    uint256 private constant WHOLE = 10_000;
    uint256 private constant MOST_PAYEES = 4;
    /// @dev The city is the first participant; the remainder of every split is its own.
    uint32 private constant CITY = 1;

    IParticipants private immutable _participants;
    IDatasets private immutable _datasets;
    IUseCases private immutable _useCases;
    ILicences private immutable _licences;
    CityCredit private immutable _credit;
    IJournal private immutable _journal;
    /// @dev Seconds from opening to an order's deadline, at least and at most.
    uint40 private immutable _shortest;
    uint40 private immutable _longest;

    /// @dev First, so that it shares a slot with what every payment reads anyway.
    uint64 public owed;
    uint32 public tariffCount;
    mapping(uint32 number => Tariff) private _tariffs;

    /// @dev What an order needs of the tariff in force, in one slot.
    struct Current {
        uint32 number;
        uint64 unitPrice;
    }

    mapping(uint32 useCase => mapping(Class class => Current)) private _current;
    mapping(OrderId id => Order) private _orders;
    mapping(OrderId id => bytes32) public outcomeOf;
    mapping(address account => uint64) public credits;
    mapping(uint32 tariff => uint64) public earned;
    mapping(uint32 tariff => uint64) public divided;
    mapping(uint32 tariff => mapping(uint256 party => uint64)) public accrued;
    mapping(uint32 tariff => mapping(uint256 party => uint64)) public released;

    /// @notice The contracts that Settlement works with, and the bounds of an order's deadline in seconds.
    struct Parts {
        IParticipants participants;
        IDatasets datasets;
        IUseCases useCases;
        ILicences licences;
        CityCredit credit;
        IJournal journal;
        uint40 shortest;
        uint40 longest;
    }

    constructor(address access, Parts memory parts) AccessManaged(access) {
        _participants = parts.participants;
        _datasets = parts.datasets;
        _useCases = parts.useCases;
        _licences = parts.licences;
        _credit = parts.credit;
        _journal = parts.journal;
        _shortest = parts.shortest;
        _longest = parts.longest;
    }

    /// @inheritdoc ISettlement
    function setTariff(Tariff calldata terms) external restricted returns (uint32 number) {
        uint256 whole = 0;
        if (terms.payees.length > MOST_PAYEES) revert TooManyPayees(terms.payees.length);
        for (uint256 i = 0; i < terms.payees.length; ++i) {
            if (_participants.participant(terms.payees[i].participant).account == address(0)) {
                revert IParticipants.UnknownParticipant(terms.payees[i].participant);
            }
            whole += terms.payees[i].basisPoints;
        }
        if (whole > WHOLE) revert SharesAboveWhole(whole);
        if (terms.sharingDiscount > WHOLE) revert DiscountAboveWhole(terms.sharingDiscount);
        if (terms.licenceDays == 0 || terms.quota == 0) revert NoTerm();
        if (terms.class == Class.None) revert IParticipants.ClassMissing();

        number = ++tariffCount;
        _tariffs[number] = terms;
        _current[terms.useCase][terms.class] = Current({number: number, unitPrice: terms.unitPrice});

        emit TariffSet(number, terms.useCase, terms.class, terms);
    }

    /// @inheritdoc ISettlement
    function buyLicence(LicenceQuote calldata quote, Payment calldata payment) external whenNotPaused returns (uint32) {
        bytes32 id = licenceQuoteId(quote);
        _pull(payment, quote.price, id);
        return _issue(quote, id, payment.from, id);
    }

    /// @inheritdoc ISettlement
    function buyLicenceFor(LicenceQuote calldata quote, Payment calldata payment)
        external
        whenNotPaused
        restricted
        returns (uint32)
    {
        _push(payment, quote.price);
        return _issue(quote, licenceQuoteId(quote), payment.from, payment.nonce);
    }

    /// @inheritdoc ISettlement
    function openOrder(OrderQuote calldata quote, Payment calldata payment)
        external
        whenNotPaused
        returns (OrderId id)
    {
        id = orderId(quote);
        _pull(payment, quote.cap, OrderId.unwrap(id));
        _open(id, quote, payment.from, OrderId.unwrap(id));
    }

    /// @inheritdoc ISettlement
    function openOrderFor(OrderQuote calldata quote, Payment calldata payment)
        external
        whenNotPaused
        restricted
        returns (OrderId id)
    {
        id = orderId(quote);
        _push(payment, quote.cap);
        _open(id, quote, payment.from, payment.nonce);
    }

    /// @inheritdoc ISettlement
    function settle(OrderId id, Outcome calldata outcome) external returns (uint64 charge) {
        _journal.requireMaySettle(msg.sender);
        Order memory found = _escrowed(id);
        if (block.timestamp >= found.deadline) revert DeadlinePassed(id, found.deadline);
        if (outcome.consentBlock > block.number) revert ConsentBlockInFuture(outcome.consentBlock, block.number);
        if (outcome.consentBlock < found.openedIn) {
            revert ConsentBlockBeforeOrder(outcome.consentBlock, found.openedIn);
        }
        if (outcome.result == 0 || outcome.manifest == 0) revert ResultMissing(id);
        address buyer = _buyerOf(found.licence);
        if (_participants.isFrozen(buyer)) revert BuyerFrozen(buyer);

        charge = _charge(found, outcome.units);
        _orders[id].state = State.Settled;
        earned[found.tariff] += charge;
        if (charge < found.cap) credits[buyer] += found.cap - charge;
        outcomeOf[id] = keccak256(abi.encode(charge, outcome));

        emit OrderSettled(id, found.licence, found.tariff, charge, outcome);
    }

    /// @inheritdoc ISettlement
    function refund(OrderId id) external {
        Order memory found = _escrowed(id);
        // A frozen buyer's orders can no longer be settled, so there is nothing to wait for.
        if (block.timestamp < found.deadline && !_participants.isFrozen(_buyerOf(found.licence))) {
            revert DeadlineNotReached(id, found.deadline);
        }

        _refund(id, found, 0);
    }

    /// @inheritdoc ISettlement
    function refundEarly(OrderId id, bytes32 reason) external {
        if (!_journal.isSettler(msg.sender)) revert NotASettler(msg.sender);
        if (reason == 0) revert ReasonMissing();

        _refund(id, _escrowed(id), reason);
    }

    /// @inheritdoc ISettlement
    function withdraw(address account) external returns (uint64 amount) {
        amount = credits[account];
        if (amount == 0) revert NothingToWithdraw();

        credits[account] = 0;
        owed -= amount;

        emit Withdrawn(account, amount);
        _pay(account, amount);
    }

    /// @inheritdoc ISettlement
    function withdrawShare(uint32 number, uint256 party) external returns (uint64 amount) {
        Tariff storage found = _tariffs[number];
        if (found.class == Class.None) revert UnknownTariff(number);
        if (party > found.payees.length) revert UnknownParty(number, party);
        uint32 participant = party == 0 ? CITY : found.payees[party - 1].participant;
        _divide(number, found);
        amount = accrued[number][party] - released[number][party];
        if (amount == 0) revert NothingToWithdraw();

        released[number][party] += amount;
        owed -= amount;

        address account = _participants.participant(participant).account;
        emit ShareWithdrawn(number, party, account, amount);
        _pay(account, amount);
    }

    /// @inheritdoc ISettlement
    function reconcile(address payer, uint64 amount, bytes32 evidence) external restricted {
        uint256 surplus = _credit.balanceOf(address(this)) - owed;
        if (evidence == 0) revert ReasonMissing();
        if (amount == 0 || amount > surplus) revert NoSurplus(surplus, amount);

        credits[payer] += amount;
        owed += amount;

        emit Reconciled(payer, amount, evidence);
    }

    /// @inheritdoc ISettlement
    function pause() external restricted {
        _pause();
    }

    /// @inheritdoc ISettlement
    function unpause() external restricted {
        _unpause();
    }

    /// @inheritdoc ISettlement
    function tariff(uint32 number) external view returns (Tariff memory) {
        return _tariffs[number];
    }

    /// @inheritdoc ISettlement
    function tariffFor(uint32 useCase, Class class) external view returns (uint32) {
        return _currentFor(useCase, class).number;
    }

    /// @inheritdoc ISettlement
    function order(OrderId id) external view returns (Order memory) {
        return _orders[id];
    }

    /// @inheritdoc ISettlement
    function licenceQuoteId(LicenceQuote calldata quote) public pure returns (bytes32) {
        return keccak256(abi.encode(LICENCE_QUOTE, quote));
    }

    /// @inheritdoc ISettlement
    function orderId(OrderQuote calldata quote) public pure returns (OrderId) {
        return OrderId.wrap(keccak256(abi.encode(ORDER_QUOTE, quote)));
    }

    function _issue(LicenceQuote calldata quote, bytes32 id, address buyer, bytes32 nonce)
        private
        returns (uint32 licence)
    {
        if (block.timestamp > quote.deadline) revert QuoteExpired(quote.deadline, block.timestamp);
        (uint32 applicant, Class class) = _useCases.requireOpenFor(quote.useCase, buyer);
        _requireCurrent(quote.tariff, quote.useCase, class);
        Tariff storage found = _tariffs[quote.tariff];
        uint16 discount = _discountFor(found, applicant);
        uint64 price = _less(found.licencePrice, discount);
        if (price != quote.price) revert WrongPrice(quote.price, price);

        earned[quote.tariff] += price;
        owed += price;

        licence = _mintLicence(quote.useCase, buyer, found, discount);
        emit LicenceBought(licence, buyer, quote.tariff, price, id, nonce);
    }

    function _mintLicence(uint32 useCase, address buyer, Tariff storage found, uint16 discount)
        private
        returns (uint32)
    {
        (bytes32 terms, uint16 longestDays) = _useCases.boundsOf(useCase);
        uint256 lasting = longestDays < found.licenceDays ? longestDays : found.licenceDays;
        return _licences.issue(buyer, useCase, uint40(block.timestamp + lasting * 1 days), found.quota, discount, terms);
    }

    function _open(OrderId id, OrderQuote calldata quote, address payer, bytes32 nonce) private {
        if (_orders[id].state != State.None) revert OrderExists(id);
        uint16 discount = _useLicence(quote, payer);

        _orders[id] = Order({
            cap: quote.cap,
            licence: quote.licence,
            tariff: quote.tariff,
            deadline: quote.deadline,
            openedIn: uint40(block.number),
            discount: discount,
            state: State.Escrowed
        });
        owed += quote.cap;

        emit OrderOpened(
            id, quote.licence, payer, quote.tariff, quote.request, quote.cap, quote.deadline, discount, nonce
        );
    }

    function _useLicence(OrderQuote calldata quote, address payer) private returns (uint16) {
        uint256 earliest = block.timestamp + _shortest;
        uint256 latest = block.timestamp + _longest;
        if (quote.deadline < earliest || quote.deadline > latest) {
            revert DeadlineOutOfRange(quote.deadline, earliest, latest);
        }
        (uint32 useCase, uint16 discount) = _licences.useOnce(quote.licence);
        // A use case has one applicant and its account never changes: whoever may buy for it holds its licences.
        (, Class class) = _useCases.requireOpenFor(useCase, payer);
        uint64 unitPrice = _less(_requireCurrent(quote.tariff, useCase, class), discount);
        if (quote.cap < unitPrice) revert CapBelowOneUnit(quote.cap, unitPrice);
        return discount;
    }

    function _refund(OrderId id, Order memory found, bytes32 reason) private {
        _orders[id].state = State.Refunded;
        address buyer = _licences.giveBack(found.licence);
        credits[buyer] += found.cap;

        emit OrderRefunded(id, found.licence, found.cap, reason);
    }

    /// @dev The payment's nonce is the quote's digest, so an authorisation seen by others opens nothing else.
    function _pull(Payment calldata payment, uint64 amount, bytes32 nonce) private {
        _credit.receiveWithAuthorization(
            payment.from,
            address(this),
            amount,
            payment.validAfter,
            payment.validBefore,
            nonce,
            payment.v,
            payment.r,
            payment.s
        );
    }

    function _push(Payment calldata payment, uint64 amount) private {
        _credit.transferWithAuthorization(
            payment.from,
            address(this),
            amount,
            payment.validAfter,
            payment.validBefore,
            payment.nonce,
            payment.v,
            payment.r,
            payment.s
        );
    }

    function _pay(address account, uint64 amount) private {
        // CityCredit returns true or reverts.
        _credit.transfer(account, amount);
    }

    function _currentFor(uint32 useCase, Class class) private view returns (Current memory current) {
        current = _current[useCase][class];
        if (current.number == 0) current = _current[0][class];
    }

    function _requireCurrent(uint32 quoted, uint32 useCase, Class class) private view returns (uint64 unitPrice) {
        Current memory current = _currentFor(useCase, class);
        if (current.number != quoted || quoted == 0) revert WrongTariff(quoted, current.number);
        return current.unitPrice;
    }

    function _escrowed(OrderId id) private view returns (Order memory found) {
        found = _orders[id];
        if (found.state != State.Escrowed) revert WrongOrderState(id, found.state);
    }

    function _buyerOf(uint32 licence) private view returns (address) {
        return _licences.licenseeOf(licence);
    }

    function _charge(Order memory found, uint32 units) private view returns (uint64) {
        uint256 price = uint256(units) * _less(_tariffs[found.tariff].unitPrice, found.discount);
        return price > found.cap ? found.cap : uint64(price);
    }

    function _discountFor(Tariff storage found, uint32 participant) private view returns (uint16) {
        if (found.sharingDiscount == 0) return 0;
        uint256 delivered = _datasets.lastDeliveryOf(participant);
        bool shares = delivered != 0 && block.timestamp <= delivered + uint256(found.sharingDays) * 1 days;
        return shares ? found.sharingDiscount : 0;
    }

    /// @dev Divides what was earned since the last time. Nothing is divided twice, so no party's part ever shrinks.
    function _divide(uint32 number, Tariff storage found) private {
        uint64 rest = earned[number] - divided[number];
        uint64 fresh = rest;
        for (uint256 i = 0; i < found.payees.length; ++i) {
            uint64 part = _part(fresh, found.payees[i].basisPoints);
            accrued[number][i + 1] += part;
            rest -= part;
        }
        accrued[number][0] += rest;
        divided[number] += fresh;
    }

    function _part(uint64 total, uint16 basisPoints) private pure returns (uint64) {
        return uint64(uint256(total) * basisPoints / WHOLE);
    }

    function _less(uint64 price, uint16 discount) private pure returns (uint64) {
        return price - _part(price, discount);
    }
}
