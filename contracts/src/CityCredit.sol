// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {ICityCredit} from "./interfaces/ICityCredit.sol";

/// @title CityCredit
contract CityCredit is ICityCredit, ERC20, ERC3009, AccessManaged {
    uint256 public minted;
    uint256 public redeemed;
    mapping(bytes32 statementLine => bool) private _used;

    constructor(address access)
        ERC20("Stoa City Credit", "CITY")
        EIP712("Stoa City Credit", "1")
        AccessManaged(access)
    {}

    /// @inheritdoc ICityCredit
    function mint(address to, uint256 amount, bytes32 statementLine) external restricted {
        _useLine(amount, statementLine);

        minted += amount;
        _mint(to, amount);
        // Amounts are uint64 everywhere else; with the whole supply below that no sum can overflow.
        if (totalSupply() > type(uint64).max) revert SupplyTooLarge(totalSupply());

        emit Minted(to, amount, statementLine);
    }

    /// @inheritdoc ICityCredit
    function redeem(uint256 amount, bytes32 statementLine) external restricted {
        _useLine(amount, statementLine);

        redeemed += amount;
        _burn(msg.sender, amount);

        emit Redeemed(msg.sender, amount, statementLine);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function _useLine(uint256 amount, bytes32 statementLine) private {
        if (statementLine == 0) revert StatementLineMissing();
        if (amount == 0) revert NothingToMove();
        if (_used[statementLine]) revert StatementLineUsed(statementLine);

        _used[statementLine] = true;
    }
}
