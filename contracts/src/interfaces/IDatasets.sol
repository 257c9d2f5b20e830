// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signature} from "../Types.sol";

/// @title What data there is, who is steward of it, and what each version contained
/// @notice Holds digests and roots. A version's leaves are salted per subject, so that one person's rows can be
/// erased while the version stays verifiable.
interface IDatasets {
    /// @notice EIP-712 type: `Registration(uint32 steward,uint8 topic,bool subject,bool sensitive,bytes32 metadata,bytes32 salt,uint40 deadline)`.
    struct Registration {
        uint32 steward;
        /// @dev One of the eight MyCity topics, 1 to 8.
        uint8 topic;
        /// @dev Whether a column names the person or home a row is about. Such a dataset is personal for ever.
        bool subject;
        /// @dev Special categories of personal data: a use case on it is decided by two persons.
        bool sensitive;
        bytes32 metadata;
        bytes32 salt;
        uint40 deadline;
    }

    /// @notice EIP-712 type: `Version(uint32 dataset,bytes32 root,uint32 leaves,uint64 rows,bytes32 content,uint40 deadline)`.
    struct VersionForm {
        uint32 dataset;
        /// @dev Root of the ordered tree over the salted leaf of every subject (one leaf for data about nobody).
        bytes32 root;
        uint32 leaves;
        uint64 rows;
        /// @dev SHA-256(salt || SHA-256 of the canonical rows as delivered). The salt lies off the ledger and is destroyed
        /// with the first erasure, so that nobody can confirm a guess of the erased rows.
        bytes32 content;
        uint40 deadline;
    }

    struct Dataset {
        uint32 steward;
        uint8 topic;
        bool subject;
        bool sensitive;
        bool personal;
        uint32 versions;
        bytes32 metadata;
    }

    struct Version {
        bytes32 root;
        uint32 leaves;
        uint64 rows;
        uint40 publishedAt;
        bytes32 content;
    }

    /// @notice `act` is the digest of what the steward signed.
    event DatasetRegistered(
        uint32 indexed id,
        uint32 indexed steward,
        uint8 topic,
        bool subject,
        bool sensitive,
        bytes32 metadata,
        bytes32 act
    );
    event NotPersonalProposed(uint32 indexed id, address by, bytes32 reason);
    event NotPersonalDeclared(uint32 indexed id, address first, address second, bytes32 reason);
    /// @notice `act` is the digest of what the steward signed.
    event VersionPublished(
        uint32 indexed dataset,
        uint32 indexed version,
        bytes32 root,
        uint32 leaves,
        uint64 rows,
        bytes32 content,
        bytes32 act
    );
    event LeafErased(uint32 indexed dataset, uint32 indexed version, uint32 index, bytes32 leaf);

    error UnknownDataset(uint32 id);
    error UnknownVersion(uint32 dataset, uint32 version);
    error UnknownTopic(uint8 topic);
    error SubjectColumnMakesItPersonal(uint32 id);
    error AlreadyNotPersonal(uint32 id);
    error EmptyVersion(uint32 dataset);
    error SecondPersonNeeded(address first);
    error ReasonMissing();
    error LeafNotInVersion(uint32 dataset, uint32 version, uint32 index);
    error LeafAlreadyErased(uint32 dataset, uint32 version, uint32 index);

    /// @notice Registers a dataset under its steward's signature. It counts as personal until two operators say otherwise.
    function register(Registration calldata form, Signature calldata signature) external returns (uint32 id);

    /// @notice Says that nobody can be found in a dataset. The first operator proposes, a second one declares; the
    /// reason must be the same. Impossible for a dataset with a subject column.
    function declareNotPersonal(uint32 id, bytes32 reason) external;

    /// @notice Publishes the next version under the steward's signature.
    function publishVersion(VersionForm calldata form, Signature calldata signature) external returns (uint32 version);

    /// @notice Records that the rows and the salt behind a leaf are destroyed. The root stays. Operators only.
    function eraseLeaf(uint32 dataset, uint32 version, uint32 index, bytes32 leaf, bytes32[] calldata path) external;

    function count() external view returns (uint32);
    function dataset(uint32 id) external view returns (Dataset memory);
    function version(uint32 id, uint32 number) external view returns (Version memory);
    function lastDeliveryOf(uint32 steward) external view returns (uint40);
}
