// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may do what for the city
/// @notice Guards the powers of people: administrator, operator, treasurer, guardian, ombudsman, carrier. Contracts know
/// each other by immutable address, and the keys of machines are trusted one by one, in Journal and Consents.
contract CityAccess is AccessManager {
    /// @dev The role that may cancel what others scheduled, administrators' acts included.
    uint64 private constant GUARDIAN = 3;

    uint32 private immutable _setback;

    /// @notice Thrown by `execute`: whoever acts calls the contract herself, so that her name is on the act.
    error ActsAreDirect();

    /// @param admin_ holds every power until it hands them over and renounces
    /// @param setback_ seconds before a shortened delay takes effect
    constructor(address admin_, uint32 setback_) AccessManager(admin_) {
        _setback = setback_;
    }

    /// @inheritdoc AccessManager
    /// @dev Refused. Called through here, everybody would be the same caller, and one operator could be both of two. After
    /// `schedule` and its delay the function itself is called; it consumes what was scheduled.
    function execute(address, bytes calldata) public payable override returns (uint32) {
        revert ActsAreDirect();
    }

    /// @inheritdoc AccessManager
    function getRoleGuardian(uint64 roleId) public view override returns (uint64) {
        return roleId == ADMIN_ROLE ? GUARDIAN : super.getRoleGuardian(roleId);
    }

    /// @inheritdoc AccessManager
    function minSetback() public view override returns (uint32) {
        return _setback;
    }
}
