// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The anchor of the city's access log, and the key its statements are signed with
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

    error NotGrowing(uint64 size, uint64 anchored);
    error RootMissing();

    /// @notice Anchors a larger log. Settlers only.
    function anchor(uint64 size, bytes32 root) external;
    /// @notice Trusts or distrusts a key for new statements. Administrators only.
    function setAttestor(bytes32 key, bool trusted) external;

    function latest() external view returns (Anchor memory);
    /// @notice Whether the last anchor is younger than the bound within which the city must anchor.
    function isFresh() external view returns (bool);
    function isAttestor(bytes32 key) external view returns (bool);
    /// @notice Seconds an anchor may age before nothing new is settled.
    function bound() external view returns (uint40);
}
