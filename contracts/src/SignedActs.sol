// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Signature} from "./Types.sol";

/// @title Acts of organisations, carried by anyone
/// @notice An act is valid once, until its deadline, on this chain and this contract, under the actor's own signature.
abstract contract SignedActs is EIP712 {
    mapping(bytes32 act => bool) private _done;

    error ActExpired(uint40 deadline, uint256 now_);
    error ActRepeated(bytes32 act);
    error NotSignedBy(address actor, address recovered);

    function _requireAct(address actor, bytes32 structHash, uint40 deadline, Signature calldata signature)
        internal
        returns (bytes32 act)
    {
        act = _hashTypedDataV4(structHash);
        if (block.timestamp > deadline) revert ActExpired(deadline, block.timestamp);
        if (_done[act]) revert ActRepeated(act);
        address recovered = _recover(act, signature);
        if (recovered != actor || actor == address(0)) revert NotSignedBy(actor, recovered);

        _done[act] = true;
    }

    /// @dev The zero address for any signature that is malformed, malleable or missing.
    function _recover(bytes32 digest, Signature calldata signature) internal pure returns (address recovered) {
        (recovered,,) = ECDSA.tryRecover(digest, signature.r, signature.vs);
    }
}
