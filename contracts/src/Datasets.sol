// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IDatasets} from "./interfaces/IDatasets.sol";
import {IParticipants} from "./interfaces/IParticipants.sol";
import {OrderedTree} from "./OrderedTree.sol";
import {SignedActs} from "./SignedActs.sol";
import {Signature} from "./Types.sol";

/// @title Datasets
contract Datasets is IDatasets, SignedActs, AccessManaged {
    bytes32 private constant REGISTRATION = keccak256(
        "Registration(uint32 steward,uint8 topic,bool subject,bool sensitive,bytes32 metadata,bytes32 salt,uint40 deadline)"
    );
    bytes32 private constant VERSION =
        keccak256("Version(uint32 dataset,bytes32 root,uint32 leaves,uint64 rows,bytes32 content,uint40 deadline)");
    uint8 private constant TOPICS = 8;

    struct Proposal {
        address by;
        bytes32 reason;
    }

    IParticipants private immutable _participants;

    uint32 public count;
    mapping(uint32 id => Dataset) private _datasets;
    mapping(uint32 id => mapping(uint32 number => Version)) private _versions;
    mapping(uint32 id => Proposal) private _proposals;
    mapping(uint32 id => mapping(uint32 number => mapping(uint32 index => bool))) private _erased;
    mapping(uint32 steward => uint40) public lastDeliveryOf;

    constructor(address access, IParticipants participants) EIP712("Stoa Datasets", "1") AccessManaged(access) {
        _participants = participants;
    }

    /// @inheritdoc IDatasets
    function register(Registration calldata form, Signature calldata signature) external returns (uint32 id) {
        (address steward,) = _participants.requireActive(form.steward);
        bytes32 act = _requireAct(steward, keccak256(abi.encode(REGISTRATION, form)), form.deadline, signature);
        if (form.topic == 0 || form.topic > TOPICS) revert UnknownTopic(form.topic);

        id = ++count;
        Dataset storage made = _datasets[id];
        made.steward = form.steward;
        made.topic = form.topic;
        made.subject = form.subject;
        made.sensitive = form.sensitive;
        made.personal = true;
        made.metadata = form.metadata;

        emit DatasetRegistered(id, form.steward, form.topic, form.subject, form.sensitive, form.metadata, act);
    }

    /// @inheritdoc IDatasets
    function declareNotPersonal(uint32 id, bytes32 reason) external restricted {
        Dataset storage found = _known(id);
        if (reason == 0) revert ReasonMissing();
        if (found.subject) revert SubjectColumnMakesItPersonal(id);
        if (!found.personal) revert AlreadyNotPersonal(id);
        Proposal memory first = _proposals[id];
        if (first.by == address(0) || first.reason != reason) {
            _proposals[id] = Proposal({by: msg.sender, reason: reason});
            emit NotPersonalProposed(id, msg.sender, reason);
            return;
        }
        if (first.by == msg.sender) revert SecondPersonNeeded(first.by);

        found.personal = false;
        delete _proposals[id];

        emit NotPersonalDeclared(id, first.by, msg.sender, reason);
    }

    /// @inheritdoc IDatasets
    function publishVersion(VersionForm calldata form, Signature calldata signature) external returns (uint32 number) {
        Dataset storage found = _known(form.dataset);
        (address steward,) = _participants.requireActive(found.steward);
        bytes32 act = _requireAct(steward, keccak256(abi.encode(VERSION, form)), form.deadline, signature);
        if (form.leaves == 0 || form.rows == 0 || form.root == 0) revert EmptyVersion(form.dataset);

        number = ++found.versions;
        _versions[form.dataset][number] = Version({
            root: form.root,
            leaves: form.leaves,
            rows: form.rows,
            publishedAt: uint40(block.timestamp),
            content: form.content
        });
        lastDeliveryOf[found.steward] = uint40(block.timestamp);

        emit VersionPublished(form.dataset, number, form.root, form.leaves, form.rows, form.content, act);
    }

    /// @inheritdoc IDatasets
    function eraseLeaf(uint32 id, uint32 number, uint32 index, bytes32 leaf, bytes32[] calldata path)
        external
        restricted
    {
        Version storage found = _versions[id][number];
        if (found.leaves == 0) revert UnknownVersion(id, number);
        if (_erased[id][number][index]) revert LeafAlreadyErased(id, number, index);
        if (!OrderedTree.contains(found.root, found.leaves, index, leaf, path)) {
            revert LeafNotInVersion(id, number, index);
        }

        _erased[id][number][index] = true;

        emit LeafErased(id, number, index, leaf);
    }

    /// @inheritdoc IDatasets
    function dataset(uint32 id) external view returns (Dataset memory) {
        return _known(id);
    }

    /// @inheritdoc IDatasets
    function version(uint32 id, uint32 number) external view returns (Version memory) {
        return _versions[id][number];
    }

    function _known(uint32 id) private view returns (Dataset storage found) {
        found = _datasets[id];
        if (found.steward == 0) revert UnknownDataset(id);
    }
}
