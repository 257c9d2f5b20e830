// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title IERC5192: minimal soulbound tokens
interface IERC5192 {
    event Locked(uint256 tokenId);
    event Unlocked(uint256 tokenId);

    function locked(uint256 tokenId) external view returns (bool);
}

/// @title IERC7858: expirable tokens
interface IERC7858 {
    enum EXPIRY_TYPE {
        BLOCKS_BASED,
        TIME_BASED
    }

    event TokenExpiryUpdated(uint256 indexed tokenId, uint256 indexed startTime, uint256 indexed endTime);

    function expiryType() external view returns (EXPIRY_TYPE);
    function isTokenExpired(uint256 tokenId) external view returns (bool);
    function startTime(uint256 tokenId) external view returns (uint256);
    function endTime(uint256 tokenId) external view returns (uint256);
}

/// @title Licences: what a buyer may do with the results of a use case
/// @notice Locked, expiring tokens with a quota of runs. Never burned: an order's buyer is its licence's owner.
interface ILicences is IERC5192, IERC7858 {
    struct Licence {
        uint32 useCase;
        uint40 startsAt;
        uint40 endsAt;
        uint32 quota;
        uint32 used;
        /// @dev The buyer's discount for data it shares, in basis points, as it stood when the licence was bought.
        uint16 discount;
        bool terminated;
    }

    event LicenceIssued(
        uint32 indexed id,
        uint32 indexed useCase,
        address indexed licensee,
        uint40 endsAt,
        uint32 quota,
        uint16 discount,
        bytes32 terms
    );
    event LicenceTerminated(uint32 indexed id, bytes32 reason);

    error NotSettlement(address caller);
    error LicenceIsLocked(uint256 id);
    error UnknownLicence(uint32 id);
    error ReasonMissing();
    error LicenceExpired(uint32 id, uint40 endsAt);
    error LicenceIsTerminated(uint32 id);
    error QuotaUsedUp(uint32 id, uint32 quota);

    /// @notice Called by Settlement when a licence is paid.
    function issue(address licensee, uint32 useCase, uint40 endsAt, uint32 quota, uint16 discount, bytes32 terms)
        external
        returns (uint32 id);
    /// @notice Called by Settlement when an order is opened. Reverts unless one more run is allowed.
    function useOnce(uint32 id) external returns (uint32 useCase, uint16 discount);
    /// @notice Called by Settlement when an order is refunded.
    function giveBack(uint32 id) external returns (address licensee);
    /// @notice Ends a licence. Operators only.
    function terminate(uint32 id, bytes32 reason) external;

    function count() external view returns (uint32);
    /// @notice The buyer a licence was issued to, for ever.
    function licenseeOf(uint32 id) external view returns (address);
    function licence(uint32 id) external view returns (Licence memory);
}
