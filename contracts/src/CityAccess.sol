// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may do what for the city
/// @notice Guards the powers of people: operator, treasurer, guardian, settler, ombudsman, carrier. Contracts know each
/// other by immutable address instead.
contract CityAccess is AccessManager {
    uint32 private immutable _setback;

    /// @param admin_ holds every power until it hands them over and renounces
    /// @param setback_ seconds before a shortened delay takes effect
    constructor(address admin_, uint32 setback_) AccessManager(admin_) {
        _setback = setback_;
    }

    /// @inheritdoc AccessManager
    function minSetback() public view override returns (uint32) {
        return _setback;
    }
}
