// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

import {IERC5192, IERC7858, ILicences} from "./interfaces/ILicences.sol";

/// @title Licences
contract Licences is ILicences, ERC721, AccessManaged {
    address private immutable _settlement;

    uint32 public count;
    mapping(uint32 id => Licence) private _licences;

    modifier onlySettlement() {
        if (msg.sender != _settlement) revert NotSettlement(msg.sender);
        _;
    }

    constructor(address access, address settlement) ERC721("Stoa Licence", "STOALIC") AccessManaged(access) {
        _settlement = settlement;
    }

    /// @inheritdoc ILicences
    function issue(address licensee, uint32 useCase, uint40 endsAt, uint32 quota, uint16 discount, bytes32 terms)
        external
        onlySettlement
        returns (uint32 id)
    {
        id = ++count;
        _licences[id] = Licence({
            useCase: useCase,
            startsAt: uint40(block.timestamp),
            endsAt: endsAt,
            quota: quota,
            used: 0,
            discount: discount,
            terminated: false
        });
        // Not _safeMint: a licensee that is a contract must not get a say in its own purchase.
        _mint(licensee, id);

        emit Locked(id);
        emit TokenExpiryUpdated(id, block.timestamp, endsAt);
        emit LicenceIssued(id, useCase, licensee, endsAt, quota, discount, terms);
    }

    /// @inheritdoc ILicences
    function useOnce(uint32 id) external onlySettlement returns (uint32, uint16) {
        Licence memory found = _licences[id];
        if (found.endsAt == 0) revert UnknownLicence(id);
        if (found.terminated) revert LicenceIsTerminated(id);
        if (block.timestamp >= found.endsAt) revert LicenceExpired(id, found.endsAt);
        if (found.used >= found.quota) revert QuotaUsedUp(id, found.quota);

        _licences[id].used = found.used + 1;
        return (found.useCase, found.discount);
    }

    /// @inheritdoc ILicences
    function giveBack(uint32 id) external onlySettlement returns (address) {
        --_licences[id].used;
        return _ownerOf(id);
    }

    /// @inheritdoc ILicences
    function terminate(uint32 id, bytes32 reason) external restricted {
        Licence storage found = _licences[id];
        if (found.endsAt == 0) revert UnknownLicence(id);
        if (found.terminated) revert LicenceIsTerminated(id);
        if (reason == 0) revert ReasonMissing();

        found.terminated = true;

        emit LicenceTerminated(id, reason);
    }

    /// @inheritdoc ILicences
    function licence(uint32 id) external view returns (Licence memory) {
        return _licences[id];
    }

    /// @inheritdoc ILicences
    function licenseeOf(uint32 id) external view returns (address) {
        return _requireOwned(id);
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return true;
    }

    /// @inheritdoc IERC7858
    function expiryType() external pure returns (EXPIRY_TYPE) {
        return EXPIRY_TYPE.TIME_BASED;
    }

    /// @inheritdoc IERC7858
    function isTokenExpired(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        Licence storage found = _licences[uint32(tokenId)];
        return found.terminated || block.timestamp >= found.endsAt;
    }

    /// @inheritdoc IERC7858
    function startTime(uint256 tokenId) external view returns (uint256) {
        _requireOwned(tokenId);
        return _licences[uint32(tokenId)].startsAt;
    }

    /// @inheritdoc IERC7858
    function endTime(uint256 tokenId) external view returns (uint256) {
        _requireOwned(tokenId);
        return _licences[uint32(tokenId)].endsAt;
    }

    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC5192).interfaceId || interfaceId == type(IERC7858).interfaceId
            || super.supportsInterface(interfaceId);
    }

    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        if (_ownerOf(tokenId) != address(0)) revert LicenceIsLocked(tokenId);
        return super._update(to, tokenId, auth);
    }
}
