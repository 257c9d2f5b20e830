"""Money, to the last micro-credit: parts add up to the whole, and after every block Settlement can pay what it owes."""

from collections.abc import Callable, Mapping

from stoa_audit.report import Report
from stoa_audit.world import Happening, World

CITY = 1


class MoneyRules:
    def __init__(self, world: World, report: Report) -> None:
        self._world = world
        self._conserved = report["money.conserved"]
        self._covered = report["money.covered"]
        self._split = report["money.split"]
        self._owed = 0
        self._supply = 0
        self._moved = True

    @property
    def rules(self) -> Mapping[tuple[str, str], Callable[[Happening], None]]:
        return {
            ("CityCredit", "Transfer"): self._on_transfer,
            ("Settlement", "LicenceBought"): lambda event: self._owe(event.values["price"]),
            ("Settlement", "OrderOpened"): lambda event: self._owe(event.values["cap"]),
            ("Settlement", "Withdrawn"): lambda event: self._owe(-event.values["amount"]),
            ("Settlement", "Reconciled"): lambda event: self._owe(event.values["amount"]),
            ("Settlement", "ShareWithdrawn"): self._on_share,
        }

    def _on_transfer(self, event: Happening) -> None:
        nobody = "0x" + "00" * 20
        if event.values["from"] == nobody:
            self._supply += event.values["value"]
        if event.values["to"] == nobody:
            self._supply -= event.values["value"]
        self._moved = True

    def _owe(self, amount: int) -> None:
        self._owed += amount
        self._moved = True

    def _on_share(self, event: Happening) -> None:
        values = event.values
        self._owe(-values["amount"])
        tariff = self._world.tariffs.get(values["tariff"])
        if tariff is None or values["party"] not in tariff.parties:
            return  # named by the reducer
        party = values["party"]
        number = CITY if party == 0 else tariff.terms["payees"][party - 1]["participant"]
        payee = self._world.participants.get(number)
        due = tariff.share(party) - tariff.released.get(party, 0)
        self._split.expect(
            values["amount"] == due and payee is not None and values["account"] == payee.account,
            f"{event.place}, tariff {values['tariff']}, party {party}",
            f"{values['account']} was paid {values['amount']}, {due} were due to participant {number}",
        )

    def require_covered(self, block: int) -> None:
        """After a block in which money moved."""
        if not self._moved:
            return
        self._moved = False
        world = self._world
        self._conserved.expect(
            self._supply == world.minted - world.redeemed,
            f"block {block}",
            f"{self._supply} are in circulation, {world.minted} came in and {world.redeemed} went out",
        )
        balance = world.balances.get(world.city.addresses["Settlement"], 0)
        self._covered.expect(
            balance >= self._owed, f"block {block}", f"Settlement holds {balance} and owes {self._owed}"
        )

    def require_sums(self, block: int) -> None:
        """At the end: every balance, every escrow, every pot and every credit together."""
        world = self._world
        place = f"block {block}"
        held = sum(world.balances.values())
        self._conserved.expect(
            held == world.minted - world.redeemed,
            place,
            f"all balances are {held}, {world.minted} came in and {world.redeemed} went out",
        )
        parts = world.escrowed + world.unreleased + sum(world.credits.values())
        self._covered.expect(
            parts == self._owed, place, f"escrow, pots and credits are {parts}, {self._owed} are owed"
        )
        for tariff in world.tariffs.values():
            whole = sum(tariff.share(party) for party in tariff.parties)
            paid = [tariff.released.get(party, 0) <= tariff.share(party) for party in tariff.parties]
            self._split.expect(
                whole == tariff.earned and all(paid),
                f"tariff {tariff.number}",
                f"its parts are {whole}, it earned {tariff.earned}",
            )
        surplus = world.balances.get(world.city.addresses["Settlement"], 0) - self._owed
        self._covered.notes.append(
            f"in {world.minted}, out {world.redeemed}, owed {self._owed}, beyond what is owed {surplus} (micro-credits)"
        )
