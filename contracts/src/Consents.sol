// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {CalendarDate} from "./CalendarDate.sol";
import {IConsents} from "./interfaces/IConsents.sol";
import {IUseCases} from "./interfaces/IUseCases.sol";
import {RevocationCode} from "./RevocationCode.sol";
import {ConsentId, Signature} from "./Types.sol";

/// @title Consents
contract Consents is IConsents, EIP712, AccessManaged {
    bytes32 private constant CONSENT = keccak256(
        "Consent(string statement,string recipient,string until,uint32 useCase,uint16 scope,uint40 validUntil,uint40 deadline,address signer,bytes32 commitment,bytes32 revocationHash)"
    );
    bytes32 private constant COUNTERSIGNATURE =
        keccak256("Countersignature(uint32 useCase,bytes32 commitment,bytes32 consent)");
    bytes32 private constant REVOCATION = keccak256("Revocation(bytes32 consent)");

    IUseCases private immutable _useCases;

    mapping(ConsentId id => Consent) private _slots;
    /// @dev In one slot with `paused`, since every grant reads both.
    address public registrar;
    bool public paused;

    constructor(address access, IUseCases useCases) EIP712("Stoa Consents", "1") AccessManaged(access) {
        _useCases = useCases;
    }

    /// @inheritdoc IConsents
    function grant(Terms calldata terms, Own calldata own, Signature calldata countersignature)
        external
        returns (ConsentId id)
    {
        bool objection = _requireTerms(terms);
        id = idOf(terms, own);
        if (msg.sender != own.signer) revert NotTheSigner(id, msg.sender);
        _requireUnused(id);
        _requireCountersigned(id, terms, own, countersignature);

        _write(id, terms, own, objection);
    }

    /// @inheritdoc IConsents
    function grantBySignature(Terms calldata terms, Grant calldata grant_) external returns (ConsentId id) {
        bool objection = _requireTerms(terms);
        id = idOf(terms, grant_.own);
        _requireUnused(id);
        address recovered = _recover(ConsentId.unwrap(id), grant_.signature);
        if (recovered != grant_.own.signer || recovered == address(0)) revert WrongSigner(id, recovered);
        _requireCountersigned(id, terms, grant_.own, grant_.countersignature);

        _write(id, terms, grant_.own, objection);
    }

    /// @inheritdoc IConsents
    function grantBatch(Terms calldata terms, Grant[] calldata grants) external {
        if (grants.length == 0) revert EmptyBatch();
        bool objection = _requireTerms(terms);
        for (uint256 i = 0; i < grants.length; ++i) {
            Grant calldata member = grants[i];
            ConsentId id = idOf(terms, member.own);
            (bool good, Why why) = _check(id, terms, member);
            if (good) _write(id, terms, member.own, objection);
            else emit Refused(id, uint32(i), why);
        }
    }

    /// @inheritdoc IConsents
    function revoke(Terms calldata terms, Own calldata own) external {
        ConsentId id = idOf(terms, own);
        if (msg.sender != own.signer) revert NotTheSigner(id, msg.sender);

        _end(id, terms, How.Signer, 0);
    }

    /// @inheritdoc IConsents
    function revokeBySignature(Terms calldata terms, Own calldata own, Signature calldata signature) external {
        ConsentId id = idOf(terms, own);
        address recovered = _recoverRevocation(id, signature);
        if (recovered != own.signer || recovered == address(0)) revert WrongSigner(id, recovered);

        _end(id, terms, How.Signature, 0);
    }

    /// @inheritdoc IConsents
    function revokeByCode(Terms calldata terms, Own calldata own, uint128 code) external {
        ConsentId id = idOf(terms, own);
        if (!RevocationCode.isWellTyped(code)) revert WrongCheckDigit(code);
        // A code seen in a pending transaction helps nobody: ending the consent is all it can do.
        if (RevocationCode.hashOf(code) != own.revocationHash) revert WrongRevocationCode(id);

        _end(id, terms, How.Code, 0);
    }

    /// @inheritdoc IConsents
    function revokeByMandate(Terms calldata terms, Own[] calldata owns, bytes32 mandate) external restricted {
        if (owns.length == 0) revert EmptyBatch();
        if (mandate == 0) revert MandateMissing();
        for (uint256 i = 0; i < owns.length; ++i) {
            ConsentId id = idOf(terms, owns[i]);
            if (_slots[id].revokedIn != 0) emit Refused(id, uint32(i), Why.AlreadyRevoked);
            else _end(id, terms, How.Mandate, mandate);
        }
    }

    /// @inheritdoc IConsents
    function revokeBatch(Terms calldata terms, Revocation[] calldata revocations) external {
        if (revocations.length == 0) revert EmptyBatch();
        for (uint256 i = 0; i < revocations.length; ++i) {
            Revocation calldata member = revocations[i];
            ConsentId id = idOf(terms, member.own);
            (bool good, Why why) = _checkRevocation(id, member);
            if (good) _end(id, terms, member.code == 0 ? How.Signature : How.Code, 0);
            else emit Refused(id, uint32(i), why);
        }
    }

    /// @inheritdoc IConsents
    function setRegistrar(address registrar_) external restricted {
        if (registrar != address(0)) revert RegistrarInOffice(registrar);

        registrar = registrar_;

        emit RegistrarSet(registrar_);
    }

    /// @inheritdoc IConsents
    function dismissRegistrar() external restricted {
        registrar = address(0);

        emit RegistrarSet(address(0));
    }

    /// @inheritdoc IConsents
    function pause() external restricted {
        paused = true;

        emit GrantsPausedSet(true);
    }

    /// @inheritdoc IConsents
    function unpause() external restricted {
        paused = false;

        emit GrantsPausedSet(false);
    }

    /// @inheritdoc IConsents
    function consent(ConsentId id) external view returns (Consent memory) {
        return _slots[id];
    }

    /// @inheritdoc IConsents
    function isInForce(ConsentId id) external view returns (bool) {
        Consent memory slot = _slots[id];
        return slot.grantedIn != 0 && slot.revokedIn == 0 && block.timestamp < slot.validUntil;
    }

    /// @inheritdoc IConsents
    function idOf(Terms calldata terms, Own calldata own) public view returns (ConsentId) {
        return ConsentId.wrap(_hashTypedDataV4(keccak256(abi.encode(CONSENT, terms, own))));
    }

    /// @dev Everything that is the same for all members of a batch.
    function _requireTerms(Terms calldata terms) private view returns (bool objection) {
        if (block.timestamp > terms.deadline) revert DeadlinePassed(terms.deadline, block.timestamp);
        if (terms.validUntil <= block.timestamp) revert AlreadyEnded(terms.validUntil, block.timestamp);
        if (terms.validUntil % 1 days != 0) revert NotMidnight(terms.validUntil);
        bytes32 lastDay = CalendarDate.hashOf(terms.validUntil - 1);
        if (terms.until != lastDay) revert WrongUntil(terms.until, lastDay);
        uint16 longestDays;
        (longestDays, objection) =
            _useCases.requireGrantable(terms.useCase, terms.statement, terms.recipient, terms.scope);
        // What is used without consent can be objected to at any time and for good.
        if (objection) return true;
        if (paused) revert GrantsPaused();
        uint256 latest = block.timestamp + uint256(longestDays) * 1 days;
        if (terms.validUntil > latest) revert LongerThanAllowed(terms.validUntil, latest);
    }

    function _requireUnused(ConsentId id) private view {
        Consent storage slot = _slots[id];
        if (slot.revokedIn != 0) revert ConsentAlreadyRevoked(id, slot.revokedIn);
        if (slot.grantedIn != 0) revert ConsentExists(id);
    }

    function _requireCountersigned(
        ConsentId id,
        Terms calldata terms,
        Own calldata own,
        Signature calldata countersignature
    ) private view {
        if (countersignature.r == 0) revert CountersignatureMissing(id);
        address recovered = _recoverCountersigner(id, terms, own, countersignature);
        if (recovered != registrar || recovered == address(0)) revert CountersignatureForeign(id, recovered);
    }

    function _check(ConsentId id, Terms calldata terms, Grant calldata member) private view returns (bool, Why) {
        Consent storage slot = _slots[id];
        if (slot.revokedIn != 0) return (false, Why.AlreadyRevoked);
        if (slot.grantedIn != 0) return (false, Why.AlreadyUsed);
        address recovered = _recover(ConsentId.unwrap(id), member.signature);
        if (recovered != member.own.signer || recovered == address(0)) return (false, Why.WrongSigner);
        if (member.countersignature.r == 0) return (false, Why.CountersignatureMissing);
        recovered = _recoverCountersigner(id, terms, member.own, member.countersignature);
        return (recovered == registrar && recovered != address(0), Why.CountersignatureForeign);
    }

    function _checkRevocation(ConsentId id, Revocation calldata member) private view returns (bool, Why) {
        if (_slots[id].revokedIn != 0) return (false, Why.AlreadyRevoked);
        if (member.code == 0) {
            address recovered = _recoverRevocation(id, member.signature);
            return (recovered == member.own.signer && recovered != address(0), Why.WrongSigner);
        }
        if (!RevocationCode.isWellTyped(member.code)) return (false, Why.WrongCheckDigit);
        return (RevocationCode.hashOf(member.code) == member.own.revocationHash, Why.WrongCode);
    }

    function _write(ConsentId id, Terms calldata terms, Own calldata own, bool objection) private {
        _slots[id] = Consent({
            useCase: terms.useCase,
            scope: terms.scope,
            objection: objection,
            validUntil: terms.validUntil,
            grantedIn: uint40(block.number),
            revokedIn: 0
        });

        emit ConsentGranted(
            id,
            terms.useCase,
            own.revocationHash,
            objection,
            terms.statement,
            terms.recipient,
            terms.until,
            terms.scope,
            terms.validUntil,
            terms.deadline,
            own.signer,
            own.commitment
        );
    }

    /// @dev Also for an id that was never granted: the tombstone refuses a grant that is still on its way.
    function _end(ConsentId id, Terms calldata terms, How how, bytes32 mandate) private {
        Consent storage slot = _slots[id];
        if (slot.revokedIn != 0) revert ConsentAlreadyRevoked(id, slot.revokedIn);

        slot.revokedIn = uint40(block.number);

        emit ConsentRevoked(id, terms.useCase, how, mandate);
    }

    function _recoverCountersigner(
        ConsentId id,
        Terms calldata terms,
        Own calldata own,
        Signature calldata countersignature
    ) private view returns (address) {
        return _recover(
            _hashTypedDataV4(keccak256(abi.encode(COUNTERSIGNATURE, terms.useCase, own.commitment, id))),
            countersignature
        );
    }

    function _recoverRevocation(ConsentId id, Signature calldata signature) private view returns (address) {
        return _recover(_hashTypedDataV4(keccak256(abi.encode(REVOCATION, id))), signature);
    }

    /// @dev The zero address for any signature that is malformed, malleable or missing.
    function _recover(bytes32 digest, Signature calldata signature) private pure returns (address recovered) {
        (recovered,,) = ECDSA.tryRecover(digest, signature.r, signature.vs);
    }
}
