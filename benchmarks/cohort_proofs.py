"""What a citizen's proof costs that she was, or was not, counted: `python -m benchmarks.cohort_proofs`.

One use case, all consents in force at one block. Three ways: from the rows each time, the first proof of a cohort
(rows read, tree built, tree kept), and every later one. Best of some rounds; a database file of its own.
"""

import argparse
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, create_engine, insert
from sqlalchemy.orm import Session

from ledger.node import Block
from marketplace.consent.queries import cohort_at
from marketplace.consent.tables import ConsentRow
from marketplace.consent.trees import KeptTrees

AT = Block(10, b"\x01" * 32, b"\x02" * 32, 1_800_000_000)
SIZES = (3_000, 50_000)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES, help="how many consents are in force")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(
        "| Consents in force | Read their rows | And build their tree: the first proof | Every later proof |"
    )
    print("| --: | --: | --: | --: |")
    for size in given.sizes:
        rows, first, later = measured(size, given.rounds)
        print(f"| {size:,} | {rows:,.0f} ms | {first:,.0f} ms | {later:.2f} ms |", flush=True)


def measured(size: int, rounds: int) -> tuple[float, float, float]:
    """Milliseconds for the rows, for the first proof and for a later one."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'consents.db'}")
        ids = filled(engine, size)
        with Session(engine) as session:
            root = cohort_at(session, 1, AT).tree.root
            rows = best(lambda: cohort_at(session, 1, AT), rounds)
            first = best(lambda: proof(session, KeptTrees(), root, ids[0]), rounds)
            kept = KeptTrees()
            proof(session, kept, root, ids[0])
            later = best(lambda: proof(session, kept, root, ids[-1]), 100 * rounds)
        engine.dispose()
    return rows, first, later


def proof(session: Session, trees: KeptTrees, root: bytes, consent: bytes) -> object:
    return trees.tree(root, lambda: cohort_at(session, 1, AT).tree).proof(consent)


def filled(engine: Engine, size: int) -> list[bytes]:
    ConsentRow.metadata.tables["consents"].create(engine)
    ids = [secrets.token_bytes(32) for _ in range(size)]
    common = {"use_case": 1, "objection": False, "scope": 3, "statement": bytes(32), "recipient": bytes(32)}
    dates = {"until": bytes(32), "valid_until": 1_900_000_000, "deadline": 1_800_000_000}
    ledger = {"signer": "0x" + "11" * 20, "granted_in": 5, "granted_at": 1_799_000_000}
    rows = [
        {
            **common,
            **dates,
            **ledger,
            "id": one,
            "commitment": secrets.token_bytes(32),
            "revocation_hash": secrets.token_bytes(32),
        }
        for one in ids
    ]
    with Session(engine) as session:
        session.execute(insert(ConsentRow), rows)
        session.commit()
    return ids


def best(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds, the shortest of some rounds."""
    found = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        found = min(found, time.perf_counter() - started)
    return 1000 * found


if __name__ == "__main__":
    main()
