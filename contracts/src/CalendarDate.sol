// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A day as people write it
library CalendarDate {
    /// @notice keccak256 of the ISO 8601 date of the UTC day that contains `timestamp`, such as "2027-05-21".
    /// @dev The civil-from-days arithmetic of Howard Hinnant's public-domain date algorithms.
    function hashOf(uint256 timestamp) internal pure returns (bytes32) {
        // Every quantity below is a day, month or year of the calendar: nothing can overflow.
        unchecked {
            uint256 shifted = timestamp / 1 days + 719_468;
            uint256 era = shifted / 146_097;
            uint256 dayOfEra = shifted % 146_097;
            uint256 yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
            uint256 dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
            uint256 shiftedMonth = (5 * dayOfYear + 2) / 153;
            uint256 day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1;
            uint256 month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
            uint256 year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
            uint256 letters = _digits(year / 100) << 64 | _digits(year % 100) << 48 | uint256(0x2D) << 40
                | _digits(month) << 24 | uint256(0x2D) << 16 | _digits(day);
            return keccak256(abi.encodePacked(bytes10(uint80(letters))));
        }
    }

    /// @dev Two ASCII digits of a number below 100.
    function _digits(uint256 value) private pure returns (uint256) {
        unchecked {
            return (48 + value / 10) << 8 | (48 + value % 10);
        }
    }
}
