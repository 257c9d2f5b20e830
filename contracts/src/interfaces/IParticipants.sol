// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Class, Signature} from "../Types.sol";

/// @title The organisations of the city
/// @notice An organisation joins under its own signature and can act once the city has admitted it. Its name is held
/// as a digest; the text is published off the ledger and checked against it.
interface IParticipants {
    enum Status {
        None,
        Joined,
        Active,
        Frozen
    }

    /// @notice What an organisation signs to join. EIP-712 type: `Join(uint8 class,string name,address account,uint40 deadline)`.
    struct Join {
        Class class;
        bytes32 name;
        address account;
        uint40 deadline;
    }

    struct Participant {
        address account;
        Class class;
        Status status;
        bytes32 name;
    }

    /// @notice `act` is the digest of what the organisation signed; 0 for the city, which was there from the first block on.
    event ParticipantJoined(uint32 indexed id, address indexed account, Class class, bytes32 name, bytes32 act);
    event ParticipantAdmitted(uint32 indexed id);
    /// @notice No new licence, order or consent names this participant from this block on; its open orders are refunded.
    event ParticipantFrozen(uint32 indexed id, bytes32 reason);
    event ParticipantUnfrozen(uint32 indexed id, bytes32 reason);

    error AccountAlreadyJoined(address account, uint32 id);
    error NameTaken(bytes32 name, uint32 id);
    error ClassMissing();
    error NameMissing();
    error UnknownParticipant(uint32 id);
    error WrongStatus(uint32 id, Status status);
    error ReasonMissing();

    /// @notice Enrols an organisation. Anyone may carry the signed form; carrying gives no power.
    function join(Join calldata form, Signature calldata signature) external returns (uint32 id);

    /// @notice Lets an organisation act, and gives it its name: several may have joined under one, one is admitted.
    /// Operators only.
    function admit(uint32 id) external;

    /// @notice Stops an organisation within this block. Guardians only, never delayed.
    function freeze(uint32 id, bytes32 reason) external;

    /// @notice Operators only.
    function unfreeze(uint32 id, bytes32 reason) external;

    function count() external view returns (uint32);
    function participant(uint32 id) external view returns (Participant memory);
    /// @notice The number of the organisation behind `account`, 0 if there is none.
    function idOf(address account) external view returns (uint32);
    /// @notice Reverts unless `id` is admitted and not frozen.
    function requireActive(uint32 id) external view returns (address account, Class class);
    function isFrozen(address account) external view returns (bool);
}
