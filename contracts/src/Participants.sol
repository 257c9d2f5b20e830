// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IParticipants} from "./interfaces/IParticipants.sol";
import {IUseCases} from "./interfaces/IUseCases.sol";
import {SignedActs} from "./SignedActs.sol";
import {Class, Signature} from "./Types.sol";

/// @title Participants
contract Participants is IParticipants, SignedActs, AccessManaged {
    bytes32 private constant JOIN = keccak256("Join(uint8 class,string name,address account,uint40 deadline)");

    IUseCases private immutable _useCases;

    uint32 public count;
    mapping(uint32 id => Participant) private _participants;
    mapping(address account => uint32) public idOf;
    mapping(address account => bool) public isFrozen;
    mapping(bytes32 name => uint32) private _named;

    /// @notice The city is participant 1 from the first block on.
    constructor(address access, IUseCases useCases, address cityAccount, bytes32 cityName)
        EIP712("Stoa Participants", "1")
        AccessManaged(access)
    {
        _useCases = useCases;
        _admit(_enrol(cityAccount, Class.City, cityName, 0));
    }

    /// @inheritdoc IParticipants
    function join(Join calldata form, Signature calldata signature) external returns (uint32 id) {
        bytes32 act = _requireAct(
            form.account,
            keccak256(abi.encode(JOIN, form.class, form.name, form.account, form.deadline)),
            form.deadline,
            signature
        );

        return _enrol(form.account, form.class, form.name, act);
    }

    /// @inheritdoc IParticipants
    function admit(uint32 id) external restricted {
        _admit(id);
    }

    /// @inheritdoc IParticipants
    function freeze(uint32 id, bytes32 reason) external restricted {
        if (reason == 0) revert ReasonMissing();

        isFrozen[_move(id, Status.Active, Status.Frozen)] = true;
        _useCases.setApplicantFrozen(id, true);

        emit ParticipantFrozen(id, reason);
    }

    /// @inheritdoc IParticipants
    function unfreeze(uint32 id, bytes32 reason) external restricted {
        if (reason == 0) revert ReasonMissing();

        isFrozen[_move(id, Status.Frozen, Status.Active)] = false;
        _useCases.setApplicantFrozen(id, false);

        emit ParticipantUnfrozen(id, reason);
    }

    /// @inheritdoc IParticipants
    function participant(uint32 id) external view returns (Participant memory) {
        return _participants[id];
    }

    /// @inheritdoc IParticipants
    function requireActive(uint32 id) external view returns (address, Class) {
        Participant storage found = _participants[id];
        if (found.status != Status.Active) revert WrongStatus(id, found.status);
        return (found.account, found.class);
    }

    function _enrol(address account, Class class, bytes32 name, bytes32 act) private returns (uint32 id) {
        if (class == Class.None) revert ClassMissing();
        if (name == 0) revert NameMissing();
        if (idOf[account] != 0) revert AccountAlreadyJoined(account, idOf[account]);

        id = ++count;
        _participants[id] = Participant({account: account, class: class, status: Status.Joined, name: name});
        idOf[account] = id;

        emit ParticipantJoined(id, account, class, name, act);
    }

    function _admit(uint32 id) private {
        _move(id, Status.Joined, Status.Active);
        bytes32 name = _participants[id].name;
        if (_named[name] != 0) revert NameTaken(name, _named[name]);

        _named[name] = id;

        emit ParticipantAdmitted(id);
    }

    function _move(uint32 id, Status from, Status to) private returns (address) {
        Participant storage found = _participants[id];
        if (found.status == Status.None) revert UnknownParticipant(id);
        if (found.status != from) revert WrongStatus(id, found.status);

        found.status = to;
        return found.account;
    }
}
