// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MiniTest} from "./MiniTest.sol";
import {CalendarDate} from "../src/CalendarDate.sol";
import {OrderedTree} from "../src/OrderedTree.sol";
import {RevocationCode} from "../src/RevocationCode.sol";

/// @notice The three pieces of arithmetic, each against a slower way to get the same. The sentences are in INVARIANTS.md.
contract LibrariesFuzz is MiniTest {
    uint256 private constant CODES = 31 ** 20;

    function testFuzz_ADateIsTheOneOfTheCalendar(uint256 day) public pure {
        // 1970 to 2269: the calendar repeats after 400 years, and leap years after 100 differ within these.
        day = bound(day, 0, 109_000);
        (uint256 year, uint256 month, uint256 rest) = _date(day);

        assertEq(
            CalendarDate.hashOf(day * 1 days + 86_399),
            keccak256(abi.encodePacked(vm.toString(year), "-", _two(month), "-", _two(rest))),
            "the date"
        );
    }

    function testFuzz_OneWrongCharacterIsNoticed(uint256 seed, uint8 place, uint8 shift) public pure {
        uint256 code = _wellTyped(seed);
        uint256 power = 31 ** bound(place, 0, 19);
        uint256 digit = code / power % 31;
        uint256 other = (digit + bound(shift, 1, 30)) % 31;

        assertTrue(RevocationCode.isWellTyped(uint128(code)), "as printed");
        assertTrue(!RevocationCode.isWellTyped(uint128(code - digit * power + other * power)), "one wrong character");
    }

    function testFuzz_TwoSwappedCharactersAreNoticed(uint256 seed, uint8 one, uint8 two) public pure {
        uint256 code = _wellTyped(seed);
        (uint256 a, uint256 b) = (31 ** bound(one, 0, 19), 31 ** bound(two, 0, 19));
        (uint256 first, uint256 second) = (code / a % 31, code / b % 31);
        if (first == second) return;

        uint256 swapped = code - first * a - second * b + second * a + first * b;
        assertTrue(!RevocationCode.isWellTyped(uint128(swapped)), "two swapped characters");
    }

    function testFuzz_ACodeHasTwentyCharacters(uint128 code) public pure {
        if (code >= CODES) assertTrue(!RevocationCode.isWellTyped(code), "too long");
    }

    function testFuzz_AnOrderedTreeContainsItsLeavesAndNoOther(uint8 size, uint8 index, bytes32 other, uint8 elsewhere)
        public
        view
    {
        uint256 count = bound(size, 1, 40);
        uint256 place = bound(index, 0, count - 1);
        bytes32[] memory leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            leaves[i] = keccak256(abi.encode(size, i));
        }
        bytes32 root = _root(leaves, 0, count);
        bytes32[] memory path = _path(leaves, 0, count, place);
        uint256 wrong = bound(elsewhere, 0, 50);

        assertTrue(this.contains(root, count, place, leaves[place], path), "a leaf in its place");
        if (other != leaves[place]) assertTrue(!this.contains(root, count, place, other, path), "another leaf");
        if (wrong != place) assertTrue(!this.contains(root, count, wrong, leaves[place], path), "another place");
    }

    function contains(bytes32 root, uint256 size, uint256 index, bytes32 leaf, bytes32[] calldata path)
        external
        pure
        returns (bool)
    {
        return OrderedTree.contains(root, size, index, leaf, path);
    }

    /// @dev Counts years and months one by one.
    function _date(uint256 day) private pure returns (uint256 year, uint256 month, uint256 rest) {
        year = 1970;
        while (day >= (_isLeap(year) ? 366 : 365)) {
            day -= _isLeap(year) ? 366 : 365;
            ++year;
        }
        month = 1;
        while (day >= _daysOf(year, month)) {
            day -= _daysOf(year, month);
            ++month;
        }
        rest = day + 1;
    }

    function _isLeap(uint256 year) private pure returns (bool) {
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    }

    function _daysOf(uint256 year, uint256 month) private pure returns (uint256) {
        if (month == 2) return _isLeap(year) ? 29 : 28;
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    function _two(uint256 value) private pure returns (string memory) {
        return value < 10 ? string.concat("0", vm.toString(value)) : vm.toString(value);
    }

    function _wellTyped(uint256 seed) private pure returns (uint256) {
        uint256 code = seed % 31 ** 19 * 31;
        for (uint256 check = 0; check < 31; ++check) {
            if (_sum(code + check) % 31 == 0) return code + check;
        }
        revert("31 is prime, so one of the 31 fits");
    }

    function _sum(uint256 code) private pure returns (uint256 sum) {
        for (uint256 place = 0; place < 20; ++place) {
            sum += (place + 1) * (code / 31 ** place % 31);
        }
    }

    /// @dev RFC 9162 section 2.1.1, as it is written there: the larger half is the largest power of two below the size.
    function _root(bytes32[] memory leaves, uint256 from, uint256 size) private pure returns (bytes32) {
        if (size == 1) return keccak256(abi.encodePacked(bytes1(0x00), leaves[from]));
        uint256 half = _half(size);
        return
            keccak256(
                abi.encodePacked(bytes1(0x01), _root(leaves, from, half), _root(leaves, from + half, size - half))
            );
    }

    /// @dev RFC 9162 section 2.1.3.1.
    function _path(bytes32[] memory leaves, uint256 from, uint256 size, uint256 index)
        private
        pure
        returns (bytes32[] memory path)
    {
        if (size == 1) return new bytes32[](0);
        uint256 half = _half(size);
        bool left = index < half;
        bytes32[] memory inner =
            left ? _path(leaves, from, half, index) : _path(leaves, from + half, size - half, index - half);
        path = new bytes32[](inner.length + 1);
        for (uint256 i = 0; i < inner.length; ++i) {
            path[i] = inner[i];
        }
        path[inner.length] = left ? _root(leaves, from + half, size - half) : _root(leaves, from, half);
    }

    function _half(uint256 size) private pure returns (uint256 half) {
        half = 1;
        while (half * 2 < size) half *= 2;
    }
}
