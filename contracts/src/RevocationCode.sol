// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The code on a citizen's paper
/// @notice 20 characters of a 31-letter alphabet without look-alikes, read as a number in base 31. The last character
/// is a check digit: the digits weighted 1 (last) to 20 (first) sum to 0 modulo 31. 31 is prime and above 20, so any one
/// wrong character and any two swapped characters are noticed (the scheme of ISBN-10).
library RevocationCode {
    function isWellTyped(uint128 code) internal pure returns (bool) {
        uint256 rest = code;
        uint256 sum = 0;
        unchecked {
            // At most 20 * 30 * 20: cannot overflow.
            for (uint256 weight = 1; weight <= 20; ++weight) {
                sum += weight * (rest % 31);
                rest /= 31;
            }
        }
        return rest == 0 && sum % 31 == 0;
    }

    function hashOf(uint128 code) internal pure returns (bytes32) {
        return keccak256(abi.encode(code));
    }
}
