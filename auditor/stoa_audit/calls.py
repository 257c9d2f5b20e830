"""What a transaction asked of a contract: the signatures behind an event are in the call, not in the event."""

from dataclasses import dataclass

from stoa_audit.abi_words import Values
from stoa_audit.city import City
from stoa_audit.contracts import contract_abi
from stoa_audit.errors import InvalidError
from stoa_audit.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Call:
    contract: str
    function: str
    values: Values


class Calls:
    """Opens calldata. Remembers the last transaction, since a batch is asked for once per member."""

    def __init__(self, city: City) -> None:
        self._names = {address: name for name, address in city.addresses.items()}
        self._last: tuple[bytes, Call | None] = (b"", None)

    def of(self, transaction: Transaction) -> Call | None:
        """None when the transaction calls none of the city's contracts directly, or nothing they publish."""
        if self._last[0] != transaction.hash:
            self._last = (transaction.hash, self._opened(transaction))
        return self._last[1]

    def _opened(self, transaction: Transaction) -> Call | None:
        contract = self._names.get(transaction.to or "")
        if contract is None:
            return None
        function = contract_abi(contract).functions.get(transaction.data[:4])
        if function is None:
            return None
        try:
            values = function.decoded(transaction.data, f"transaction 0x{transaction.hash.hex()}")
        except InvalidError:
            return None  # Solidity's decoder may be more lenient; then nothing is known of the call
        return Call(contract, function.name, values)
