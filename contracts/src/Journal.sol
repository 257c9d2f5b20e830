// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IJournal} from "./interfaces/IJournal.sol";

/// @title Journal
contract Journal is IJournal, AccessManaged {
    uint40 public immutable bound;

    Anchor private _latest;
    mapping(bytes32 key => bool) public isAttestor;
    mapping(address account => bool) public isSettler;

    constructor(address access, uint40 bound_) AccessManaged(access) {
        bound = bound_;
    }

    /// @inheritdoc IJournal
    function anchor(uint64 size, bytes32 root) external {
        if (!isSettler[msg.sender]) revert NotASettler(msg.sender);
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
    function setSettler(address settler, bool trusted) external restricted {
        isSettler[settler] = trusted;

        emit SettlerSet(settler, trusted);
    }

    /// @inheritdoc IJournal
    function requireMaySettle(address account) external view {
        if (!isSettler[account]) revert NotASettler(account);
        uint40 anchoredAt = _latest.anchoredAt;
        if (block.timestamp > uint256(anchoredAt) + bound) revert JournalStale(anchoredAt, bound);
    }
}
