// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Class, OrderId} from "../Types.sol";

/// @title Settlement: tariffs, licences paid, orders in escrow, pots and pull credits
/// @notice Amounts are micro-credits. An order is settled or refunded: exactly one of the two, once.
interface ISettlement {
    /// @notice What one unit of a bill is: a run, a released cell, the published size of a version, a connected device.
    enum Meter {
        Run,
        Cell,
        VersionRows,
        Device
    }

    struct Payee {
        uint32 participant;
        uint16 basisPoints;
    }

    /// @notice A tariff never changes; a new one takes its place for what is opened afterwards.
    struct Tariff {
        /// @dev 0 for the tariff of every use case that has none of its own.
        uint32 useCase;
        Class class;
        Meter meter;
        uint64 licencePrice;
        uint64 unitPrice;
        uint16 licenceDays;
        uint32 quota;
        /// @dev Discount for buyers who delivered data within `sharingDays`, in basis points.
        uint16 sharingDiscount;
        uint16 sharingDays;
        /// @dev At most 4; what is left belongs to the city.
        Payee[] payees;
    }

    /// @notice What a buyer accepts. Its digest is the nonce of the payment.
    struct LicenceQuote {
        uint32 useCase;
        uint32 tariff;
        uint64 price;
        uint40 deadline;
        bytes32 salt;
    }

    /// @notice What a buyer accepts. Its digest is the nonce of the payment and the order's id.
    struct OrderQuote {
        uint32 licence;
        uint32 tariff;
        /// @dev Digest of what is asked: which versions, which parameters.
        bytes32 request;
        uint64 cap;
        /// @dev From then on the order can no longer be settled, and anyone may refund it.
        uint40 deadline;
        bytes32 salt;
    }

    /// @notice An ERC-3009 authorisation of the buyer to Settlement. `nonce` is read by the x402 door only.
    struct Payment {
        address from;
        uint40 validAfter;
        uint40 validBefore;
        bytes32 nonce;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    struct Outcome {
        uint32 units;
        bytes32 result;
        bytes32 manifest;
        uint40 consentBlock;
        bytes32 consentRoot;
        uint32 cohortSize;
    }

    enum State {
        None,
        Escrowed,
        Settled,
        Refunded
    }

    struct Order {
        uint64 cap;
        uint32 licence;
        uint32 tariff;
        uint40 deadline;
        /// @dev The block it was opened in: no consents of an earlier block may be used.
        uint40 openedIn;
        uint16 discount;
        State state;
    }

    event TariffSet(uint32 indexed tariff, uint32 indexed useCase, Class indexed class, Tariff terms);
    event LicenceBought(
        uint32 indexed licence, address indexed buyer, uint32 indexed tariff, uint64 price, bytes32 quote, bytes32 nonce
    );
    event OrderOpened(
        OrderId indexed id,
        uint32 indexed licence,
        address indexed buyer,
        uint32 tariff,
        bytes32 request,
        uint64 cap,
        uint40 deadline,
        uint16 discount,
        bytes32 nonce
    );
    event OrderSettled(
        OrderId indexed id, uint32 indexed licence, uint32 indexed tariff, uint64 charge, Outcome outcome
    );
    /// @notice `reason` is 0 for a refund after the deadline.
    event OrderRefunded(OrderId indexed id, uint32 indexed licence, uint64 amount, bytes32 reason);
    event Withdrawn(address indexed account, uint64 amount);
    event ShareWithdrawn(uint32 indexed tariff, uint256 indexed party, address indexed account, uint64 amount);
    event Reconciled(address indexed payer, uint64 amount, bytes32 evidence);

    error UnknownTariff(uint32 tariff);
    error WrongTariff(uint32 tariff, uint32 current);
    error WrongPrice(uint64 price, uint64 expected);
    error CapBelowOneUnit(uint64 cap, uint64 unitPrice);
    error QuoteExpired(uint40 deadline, uint256 now_);
    error DeadlineOutOfRange(uint40 deadline, uint256 earliest, uint256 latest);
    error OrderExists(OrderId id);
    error WrongOrderState(OrderId id, State state);
    error DeadlinePassed(OrderId id, uint40 deadline);
    error DeadlineNotReached(OrderId id, uint40 deadline);
    error ConsentBlockInFuture(uint40 consentBlock, uint256 current);
    error ConsentBlockBeforeOrder(uint40 consentBlock, uint40 openedIn);
    error ResultMissing(OrderId id);
    error BuyerFrozen(address buyer);
    error NotASettler(address account);
    error ReasonMissing();
    error TooManyPayees(uint256 payees);
    error SharesAboveWhole(uint256 basisPoints);
    error UnknownParty(uint32 tariff, uint256 party);
    error DiscountAboveWhole(uint16 discount);
    error NoTerm();
    error NothingToWithdraw();
    error NoSurplus(uint256 surplus, uint64 amount);

    /// @notice Sets the tariff for a use case (0 for all without their own) and a class, for what is opened from now on. Operators only.
    function setTariff(Tariff calldata tariff) external returns (uint32 number);

    /// @notice Pays for and issues a licence, for the tariff's days or the use case's longest duration, whichever is shorter. Anyone may carry the buyer's authorisation; its nonce binds every word of the quote.
    function buyLicence(LicenceQuote calldata quote, Payment calldata payment) external returns (uint32 licence);
    /// @notice The same for stock x402 clients, whose nonce binds nothing. Carriers only: the terms are the carrier's word.
    function buyLicenceFor(LicenceQuote calldata quote, Payment calldata payment) external returns (uint32 licence);

    /// @notice Puts the price cap into escrow and uses one run of the licence.
    function openOrder(OrderQuote calldata quote, Payment calldata payment) external returns (OrderId id);
    function openOrderFor(OrderQuote calldata quote, Payment calldata payment) external returns (OrderId id);

    /// @notice Charges for a result, at most the cap, and credits the rest back. Settlers only, strictly before the deadline.
    /// @dev The consents are those of a block since the order was opened: whoever stopped before is not in the answer.
    function settle(OrderId id, Outcome calldata outcome) external returns (uint64 charge);

    /// @notice Refunds in full. From the deadline on, or as soon as its buyer is frozen, anyone may call.
    function refund(OrderId id) external;
    /// @notice Refunds in full before the deadline: there is no answer. Settlers only.
    function refundEarly(OrderId id, bytes32 reason) external;

    /// @notice Pays out what is credited to `account`, to `account`. Anyone may call.
    function withdraw(address account) external returns (uint64 amount);
    /// @notice Pays a party of a tariff its share so far. Party 0 is the city with the remainder, party n the n-th payee. Anyone may call.
    /// @dev What was earned since the last withdrawal of any party is divided first, once: each payee's part is rounded
    /// down, the city gets the rest. So no part ever shrinks, and the parts are the whole.
    function withdrawShare(uint32 tariff, uint256 party) external returns (uint64 amount);

    /// @notice Credits a payer for money that reached Settlement past its doors, out of measured surplus. Treasurers only.
    function reconcile(address payer, uint64 amount, bytes32 evidence) external;

    /// @notice Stops new licences and orders, and nothing else. Guardians only.
    function pause() external;
    function unpause() external;

    function tariffCount() external view returns (uint32);
    function tariff(uint32 number) external view returns (Tariff memory);
    /// @notice The tariff now in force for a use case and a class, 0 if there is none.
    function tariffFor(uint32 useCase, Class class) external view returns (uint32);
    function order(OrderId id) external view returns (Order memory);
    /// @notice keccak256 over the outcome of a settled order, so that a later contract can check a claim against it.
    function outcomeOf(OrderId id) external view returns (bytes32);
    function credits(address account) external view returns (uint64);
    function earned(uint32 tariff) external view returns (uint64);
    /// @notice What of the pot has been divided among the parties.
    function divided(uint32 tariff) external view returns (uint64);
    /// @notice A party's part of what has been divided.
    function accrued(uint32 tariff, uint256 party) external view returns (uint64);
    function released(uint32 tariff, uint256 party) external view returns (uint64);
    /// @notice Escrow, undistributed shares and credits together.
    function owed() external view returns (uint64);
    function licenceQuoteId(LicenceQuote calldata quote) external pure returns (bytes32);
    function orderId(OrderQuote calldata quote) external pure returns (OrderId);
}
