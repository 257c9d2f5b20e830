// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title City credit: 1 credit = 1 euro held by the city = 1,000,000 micro-credits
/// @notice The supply is what came in from the bank less what was paid out: each mint and each redemption names a
/// bank statement line, and a line is used once.
interface ICityCredit {
    event Minted(address indexed to, uint256 amount, bytes32 indexed statementLine);
    event Redeemed(address indexed from, uint256 amount, bytes32 indexed statementLine);

    error StatementLineUsed(bytes32 statementLine);
    error StatementLineMissing();
    error NothingToMove();
    error SupplyTooLarge(uint256 supply);

    /// @notice Issues credits for money that arrived. Treasurers only.
    function mint(address to, uint256 amount, bytes32 statementLine) external;

    /// @notice Destroys credits of the caller for money that was paid out. Treasurers only; whoever is paid out sends
    /// its credits to the treasurer first.
    function redeem(uint256 amount, bytes32 statementLine) external;

    function minted() external view returns (uint256);
    function redeemed() external view returns (uint256);
}
