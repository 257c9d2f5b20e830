// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What kind of organisation a participant is. Tariffs and rules are made per class.
enum Class {
    None,
    City,
    Registrar,
    Supplier,
    Commercial,
    PublicService,
    Auditor
}

/// @notice An EIP-2098 compact secp256k1 signature: the parity of v is the top bit of s.
struct Signature {
    bytes32 r;
    bytes32 vs;
}

/// @notice The digest under which a consent (or an objection) is known: the EIP-712 digest of what was signed.
type ConsentId is bytes32;

/// @notice The digest of an order's terms. It is also the nonce of the payment that opened the order.
type OrderId is bytes32;
