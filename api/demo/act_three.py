"""Act 3, trouble: a forbidden purchase, killed workers, a trial balance, and three lies that the auditor names."""

import json
import random
import secrets
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from api.cli.terminal import in_credits
from api.demo.act_one import partner
from api.demo.liar import lying_node
from api.demo.score import Score
from api.demo.stage import PlayFailedError, Stage, require
from ledger.bindings import LicenceQuote
from ledger.city import Contracts
from ledger.enums import OrderState
from ledger.keys import LocalSigner
from ledger.node import RevertedError
from ledger.payments import licence_quote_id, pay
from ledger.transactions import DirectSender
from marketplace.house import House
from marketplace.orders import queries as orders
from marketplace.orders import trial_balance
from marketplace.provenance import bundle
from marketplace.provenance.queries import head

DEADLINE_SECONDS = 30
SEALED = "O10.after_sealed"
CHANGEABLE = {
    "consents": "valid_until",
    "orders": "charge",
    "licences": "quota",
    "tariffs": "unit_price",
    "use_cases": "minimum_cohort",
    "dataset_versions": "rows",
    "credit_accounts": "balance",
}


def play(stage: Stage, score: Score) -> None:
    score.act("Act 3 · Trouble")
    forbidden_purchase(stage, score)
    killed_and_resumed(stage, score)
    killed_and_kept_down(stage, score)
    balance(stage, score)
    audit(stage, score)
    tampered(stage, score)
    score.end_act()


def forbidden_purchase(stage: Stage, score: Score) -> None:
    with score.step("The refused use case is bought by a raw transaction: the contract refuses") as step:
        city, contracts = stage.house.city, Contracts(stage.house.city, stage.city.node)
        buyer = stage.home.wallets.signer("transitlab")
        with stage.house.database.reading() as session:
            now = head(session).timestamp
        quote = LicenceQuote(stage.memory["too_fine"], 1, 0, now + 600, secrets.token_bytes(32))
        payment = pay(
            city.domains.credit,
            buyer,
            city.addresses["Settlement"],
            amount=0,
            nonce=licence_quote_id(quote),
            valid_before=now + 600,
        )
        sender = DirectSender(stage.city.node, stage.home.keys.existing("city"))
        try:
            sender.send(contracts.settlement.buy_licence(quote, payment))
        except RevertedError as refusal:
            step.say(refusal.name)
        else:
            raise PlayFailedError("The ledger sold a licence for a denied use case.")


def order_by(stage: Stage, seconds: int = 3600) -> str:
    buyer = partner(stage, "Bike Works") if "bikes" in stage.memory else partner(stage, "TransitLab")
    licence = stage.memory["licence"]
    return buyer.place_order(buyer.quote_order(licence, seconds=seconds))


def kill_after_sealing(stage: Stage, seconds: int) -> str:
    """Order, and let the workers die as by kill -9 when the result is durable and not yet settled."""
    stage.processes.stop("workers")
    stage.start_workers(failpoint=SEALED)
    order = order_by(stage, seconds)
    stage.until(lambda: not stage.processes.is_running("workers"), "The workers' death")
    stage.processes.wait_for_end("workers", 5)
    return order


def state_of(stage: Stage, order: str) -> OrderState:
    with stage.house.database.reading() as session:
        try:
            return orders.order(session, bytes.fromhex(order.removeprefix("0x"))).state
        except orders.UnknownOrderError:
            return OrderState.NONE


def killed_and_resumed(stage: Stage, score: Score) -> None:
    with score.step("The workers are killed when a result is durable; started again, they resume") as step:
        order = kill_after_sealing(stage, 3600)
        stage.start_workers()
        stage.until(lambda: state_of(stage, order) is OrderState.SETTLED, "The settlement")
        partner(stage, "TransitLab").wait_for_end(order)
        step.say("settled once, charged once")


def killed_and_kept_down(stage: Stage, score: Score) -> None:
    with score.step(f"Killed and kept down: after {DEADLINE_SECONDS} s anybody refunds") as step:
        order = kill_after_sealing(stage, DEADLINE_SECONDS)
        contracts = Contracts(stage.house.city, stage.city.node)
        id_ = bytes.fromhex(order.removeprefix("0x"))
        deadline = contracts.settlement.order(id_).deadline
        stage.until(lambda: stage.city.node.head().timestamp >= deadline, "The deadline", seconds=90)
        stranger = DirectSender(stage.city.node, LocalSigner.fresh())
        stranger.send(contracts.settlement.refund(id_), gas=300_000)
        stage.start_workers()
        stage.until(lambda: state_of(stage, order) is OrderState.REFUNDED, "The refund")
        step.say("refunded in full by a key that nobody knows; the result is destroyed")


def balance(stage: Stage, score: Score) -> None:
    with score.step("The trial balance, to the last micro-credit") as step:
        with stage.house.database.reading() as session:
            found = trial_balance.compute(session, stage.house.city.addresses["Settlement"])
        require(found.balances, f"The trial balance does not balance: {found}")
        step.say(
            f"paid in {in_credits(found.paid_in)} = accounts {in_credits(found.accounts)} + escrow "
            f"{in_credits(found.escrow)} + credits {in_credits(found.credits)} + shares "
            f"{in_credits(found.shares)} + paid out {in_credits(found.paid_out)}"
        )


def audit(stage: Stage, score: Score) -> None:
    with score.step("The independent auditor replays everything from genesis") as step:
        folder = stage.home.folder / "audit"
        shutil.rmtree(folder, ignore_errors=True)
        bundle.export(stage.house, stage.city.node, folder, step.progress)
        code, verdict = verify(stage, folder, stage.home.settings.node)
        require(code == 0, f"The auditor found: {findings(verdict)}")
        checks = verdict["checks"]
        step.say(f"{len(checks)} checks hold over blocks 0 to {verdict['range']['last']}")
        for one in checks:
            step.detail(f"{one['title']}: {one['count']} {one['unit']}, {one['covered']}")
        score.show(f"Not audited: {len(verdict['notAudited'])} tables in whole or in part: " + names(verdict))
        score.record["verdict"] = verdict


def findings(verdict: dict[str, Any]) -> str:
    return "; ".join(f"{one['id']}: {one['finding']}" for one in verdict.get("checks", []) if one["finding"])


def names(verdict: dict[str, Any]) -> str:
    return ", ".join(line.split(" ")[0] for line in verdict["notAudited"])


def verify(stage: Stage, folder: Path, node: str) -> tuple[int, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "verdict.json"
        command = [sys.executable, "-m", "stoa_audit", "verify", "--bundle", str(folder), "--node", node]
        command += ["--city", stage.house.city.digest.hex()]
        done = subprocess.run([*command, "--json", str(report)], check=False, capture_output=True)
        verdict = json.loads(report.read_text()) if report.exists() else {"output": done.stdout.decode()}
        return done.returncode, verdict


def tampered(stage: Stage, score: Score) -> None:
    seed = secrets.randbelow(1_000_000)
    chance = random.Random(seed)  # noqa: S311 (a rehearsal that anybody can repeat, not a secret)
    with score.step(f"On copies, three lies picked by seed {seed}: a row, a result, a node's answer") as step:
        step.detail(changed_row(stage, chance))
        step.detail(changed_result(stage, chance))
        step.detail(changed_answer(stage, chance))
        step.say("each is named")
    for line in step.details:
        score.show(line)


def changed_row(stage: Stage, chance: random.Random) -> str:
    """A row of a copied database is changed and exported: the auditor names table and column."""
    table = chance.choice(sorted(CHANGEABLE))
    column = CHANGEABLE[table]
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "city"
        copy.mkdir()
        with (
            sqlite3.connect(stage.home.folder / "stoa.db") as source,
            sqlite3.connect(copy / "stoa.db") as target,
        ):
            source.backup(target)
            rows = [row[0] for row in target.execute(f"SELECT rowid FROM {table}")]  # noqa: S608 (our own names)
            row = chance.choice(rows)
            target.execute(f"UPDATE {table} SET {column} = COALESCE({column}, 0) + 1 WHERE rowid = ?", (row,))  # noqa: S608
        house = House.of(stage.house.city, copy)
        bundle.export(house, stage.city.node, Path(scratch) / "bundle")
        house.close()
        code, verdict = verify(stage, Path(scratch) / "bundle", stage.home.settings.node)
    return f"row {row} of {table}: {named(code, verdict)}"


def changed_result(stage: Stage, chance: random.Random) -> str:
    buyer = partner(stage, "TransitLab")
    order = stage.memory["first_order"]
    content = bytearray(buyer.result_bytes(order))
    place = chance.randrange(len(content))
    content[place] ^= 1
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "result.json"
        file.write_bytes(bytes(content))
        command = [sys.executable, "-m", "stoa_audit", "result", str(file), "--salt", buyer.salt(order)]
        command += ["--order", order, "--bundle", str(stage.home.folder / "audit")]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    # 1: another digest. 2: the change has made it something else than a result.
    require(done.returncode in {1, 2}, "The auditor did not notice a changed result.")
    return f"byte {place} of a result: {last_line(done.stdout + done.stderr)}"


def changed_answer(stage: Stage, chance: random.Random) -> str:
    with lying_node(stage.home.settings.node, chance) as liar:
        code, verdict = verify(stage, stage.home.folder / "audit", liar.url)
    return f"{liar.lie}: {named(code, verdict)}"


def named(code: int, verdict: dict[str, Any]) -> str:
    """What the auditor says is wrong."""
    require(code == 1, "The auditor did not notice a lie.")
    wrong = next(one for one in verdict["checks"] if one["status"] == "wrong")
    return f"{wrong['id']}: {wrong['finding']['place']} {wrong['finding']['reason']}"


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]
