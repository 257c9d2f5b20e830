// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A day as people write it
library CalendarDate {
    /// @notice keccak256 of the ISO 8601 date of the UTC day that contains `timestamp`, such as "2027-05-21".
    /// @dev The civil-from-days arithmetic of Howard Hinnant's public-domain date algorithms.
    function hashOf(uint256 timestamp) internal pure returns (bytes32) {
        uint256 shifted = timestamp / 1 days + 719_468;
        uint256 era = shifted / 146_097;
        uint256 dayOfEra = shifted % 146_097;
        uint256 yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        uint256 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        uint256 shiftedMonth = (5 * dayOfYear + 2) / 153;
        uint256 day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1;
        uint256 month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
        uint256 year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
        return keccak256(
            abi.encodePacked(
                _digit(year / 1000), _digit(year / 100), _digit(year / 10), _digit(year), "-",
                _digit(month / 10), _digit(month), "-", _digit(day / 10), _digit(day)
            )
        );
    }

    function _digit(uint256 value) private pure returns (bytes1) {
        return bytes1(uint8(48 + value % 10));
    }
}
