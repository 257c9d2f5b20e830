// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The anchor of the city's access log, and the keys of the machines that make evidence
/// @notice Every access to data is a leaf of an append-only tree (RFC 9162) off the ledger; here are its size and root.
interface IJournal {
    struct Anchor {
        uint64 size;
        uint40 anchoredAt;
        bytes32 root;
    }

    event Anchored(uint64 indexed size, bytes32 root);
    /// @notice `key` is an Ed25519 public key.
    event AttestorSet(bytes32 indexed key, bool trusted);

    event SettlerSet(address indexed settler, bool trusted);

    error NotASettler(address account);
    error JournalStale(uint40 anchoredAt, uint40 bound);
    error NotGrowing(uint64 size, uint64 anchored);
    error RootMissing();

    /// @notice Anchors a larger log. Settlers only.
    function anchor(uint64 size, bytes32 root) external;
    /// @notice Trusts or distrusts a key for new statements. Administrators only.
    function setAttestor(bytes32 key, bool trusted) external;

    /// @notice Trusts or distrusts a machine's key for anchoring and settling. Administrators only.
    function setSettler(address settler, bool trusted) external;

    function isSettler(address account) external view returns (bool);
    /// @notice Reverts unless `account` is a settler and the last anchor is younger than the bound: without evidence
    /// nothing new is settled.
    function requireMaySettle(address account) external view;
    function latest() external view returns (Anchor memory);
    function isAttestor(bytes32 key) external view returns (bool);
    /// @notice Seconds an anchor may age before nothing new is settled.
    function bound() external view returns (uint40);
}
