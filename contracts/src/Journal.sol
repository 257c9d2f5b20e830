// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IJournal} from "./interfaces/IJournal.sol";

/// @title Journal
contract Journal is IJournal, AccessManaged {
    uint40 public immutable bound;

    Anchor private _latest;
    mapping(bytes32 key => bool) public isAttestor;

    constructor(address access, uint40 bound_) AccessManaged(access) {
        bound = bound_;
    }

    /// @inheritdoc IJournal
    function anchor(uint64 size, bytes32 root) external restricted {
        if (size <= _latest.size) revert NotGrowing(size, _latest.size);
        if (root == 0) revert RootMissing();

        _latest = Anchor({size: size, anchoredAt: uint40(block.timestamp), root: root});

        emit Anchored(size, root);
    }

    /// @inheritdoc IJournal
    function setAttestor(bytes32 key, bool trusted) external restricted {
        isAttestor[key] = trusted;

        emit AttestorSet(key, trusted);
    }

    /// @inheritdoc IJournal
    function latest() external view returns (Anchor memory) {
        return _latest;
    }

    /// @inheritdoc IJournal
    function isFresh() external view returns (bool) {
        return block.timestamp <= uint256(_latest.anchoredAt) + bound;
    }
}
