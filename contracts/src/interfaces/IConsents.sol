// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsentId, Signature} from "../Types.sol";

/// @title Consents: what citizens allow, until when, and that they stopped
/// @notice One packed slot per consent or objection and nothing about who gave it. Wallets show the sentences; the
/// contract receives their hashes.
interface IConsents {
    /// @notice The half of a consent that is the same for everybody in a batch. With `Own` it is the EIP-712 type
    /// `Consent(string statement,string recipient,string until,uint32 useCase,uint16 scope,uint40 validUntil,uint40 deadline,address signer,bytes32 commitment,bytes32 revocationHash)`.
    struct Terms {
        bytes32 statement;
        bytes32 recipient;
        /// @dev keccak256 of the last full day in ISO 8601, such as "2027-05-21".
        bytes32 until;
        uint32 useCase;
        uint16 scope;
        /// @dev 00:00 UTC after the last full day.
        uint40 validUntil;
        uint40 deadline;
    }

    /// @notice The half that is one citizen's own. A fresh key per consent, so no address appears twice.
    struct Own {
        address signer;
        bytes32 commitment;
        bytes32 revocationHash;
    }

    struct Grant {
        Own own;
        Signature signature;
        /// @dev The registrar's, over `Countersignature(uint32 useCase,bytes32 commitment,bytes32 consent)`.
        Signature countersignature;
    }

    /// @notice One member of a batch of revocations: by code if `code` is not 0, else by signature over `Revocation(bytes32 consent)`.
    struct Revocation {
        Own own;
        uint128 code;
        Signature signature;
    }

    struct Consent {
        uint32 useCase;
        uint16 scope;
        bool objection;
        uint40 validUntil;
        uint40 grantedIn;
        uint40 revokedIn;
    }

    enum How {
        Signer,
        Signature,
        Code,
        Mandate
    }

    /// @notice Why one member of a batch was left out.
    enum Why {
        AlreadyUsed,
        WrongSigner,
        CountersignatureMissing,
        CountersignatureForeign,
        AlreadyRevoked,
        WrongCode,
        WrongCheckDigit
    }

    /// @notice Emitted when a consent starts, in this block. Carries every field, so that a typed code finds and ends it from any node.
    event ConsentGranted(
        ConsentId indexed id,
        uint32 indexed useCase,
        bytes32 indexed revocationHash,
        bool objection,
        bytes32 statement,
        bytes32 recipient,
        bytes32 until,
        uint16 scope,
        uint40 validUntil,
        uint40 deadline,
        address signer,
        bytes32 commitment
    );
    /// @notice Emitted when a consent ends, from this block on, or is refused before it arrived. `mandate` is 0 unless `how` is Mandate.
    event ConsentRevoked(ConsentId indexed id, uint32 indexed useCase, How how, bytes32 mandate);
    /// @notice Emitted when one member of a batch fails; the others go on.
    event Refused(ConsentId indexed id, uint32 index, Why why);
    event RegistrarSet(address indexed registrar);
    event GrantsPausedSet(bool paused);

    error GrantsPaused();
    error DeadlinePassed(uint40 deadline, uint256 now_);
    error AlreadyEnded(uint40 validUntil, uint256 now_);
    error NotMidnight(uint40 validUntil);
    error WrongUntil(bytes32 until, bytes32 expected);
    error LongerThanAllowed(uint40 validUntil, uint256 latest);
    error ConsentExists(ConsentId id);
    error WrongSigner(ConsentId id, address recovered);
    error CountersignatureMissing(ConsentId id);
    error CountersignatureForeign(ConsentId id, address recovered);
    error NotTheSigner(ConsentId id, address caller);
    error ConsentAlreadyRevoked(ConsentId id, uint40 revokedIn);
    error WrongRevocationCode(ConsentId id);
    error WrongCheckDigit(uint128 code);
    error EmptyBatch();
    error MandateMissing();
    error RegistrarInOffice(address registrar);

    /// @notice Grants with one's own transaction.
    function grant(Terms calldata terms, Own calldata own, Signature calldata countersignature)
        external
        returns (ConsentId);

    /// @notice Grants on behalf of the citizen who signed. Anyone may carry it.
    function grantBySignature(Terms calldata terms, Grant calldata grant_) external returns (ConsentId);

    /// @notice Grants many under the same terms. A bad member is reported and left out.
    function grantBatch(Terms calldata terms, Grant[] calldata grants) external;

    /// @notice Takes a consent back, from this block on, with the key that gave it.
    /// @dev Not retroactive: what was settled before stays settled. Never paused. Reads no other contract.
    function revoke(Terms calldata terms, Own calldata own) external;

    /// @notice Takes a consent back with a signature of the key that gave it. Anyone may carry it.
    function revokeBySignature(Terms calldata terms, Own calldata own, Signature calldata signature) external;

    /// @notice Takes a consent back with the code on the citizen's paper.
    /// @dev Anyone who knows the code may call: a lost wallet must not keep a consent alive.
    /// @param code the typed code as a number in base 31; its last digit is a check digit
    function revokeByCode(Terms calldata terms, Own calldata own, uint128 code) external;

    /// @notice Ends consents on a documented mandate. Ombudsmen only; it can end and never grant.
    function revokeByMandate(Terms calldata terms, Own[] calldata owns, bytes32 mandate) external;

    /// @notice Takes many back, by code or signature. A bad member is reported and left out.
    function revokeBatch(Terms calldata terms, Revocation[] calldata revocations) external;

    /// @notice Says whose countersignature new grants need, while there is nobody in office. Administrators only.
    /// @dev With `dismissRegistrar` it takes two roles to replace a registrar, so that nobody alone can invent citizens.
    function setRegistrar(address registrar) external;

    /// @notice Ends the registrar's office: nothing is granted until an administrator names a successor. Guardians only.
    function dismissRegistrar() external;

    /// @notice Stops new consents, and nothing else. Guardians only.
    /// @dev Never an objection: what is used without consent can be objected to at any time.
    function pause() external;
    function unpause() external;

    function idOf(Terms calldata terms, Own calldata own) external view returns (ConsentId);
    function consent(ConsentId id) external view returns (Consent memory);
    /// @notice Whether a consent is in force in this block.
    function isInForce(ConsentId id) external view returns (bool);
    function registrar() external view returns (address);
    function paused() external view returns (bool);
}
