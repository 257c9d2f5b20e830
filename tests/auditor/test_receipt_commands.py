"""`stoa-audit receipt` and `stoa audit receipt`, each a process of its own, with every kind of paper."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.devnet.chain import Devnet
from tests.auditor import papers
from tests.auditor.conftest import Honest, served
from tests.town import Clock, Town

HOLDS, WRONG, UNREADABLE, INCOMPLETE = 0, 1, 2, 3
STOA = Path(sys.executable).with_name("stoa")

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of paper: a right one, a forgery, and what is said of each."""

    made: Callable[[Honest], Json]
    forge: Callable[[Json], Any]
    says: str
    found: str


def consent(honest: Honest) -> Json:
    return papers.consent_receipt(honest, honest.happened.given[8])


def revoked_consent(honest: Honest) -> Json:
    assert honest.happened.revoked is not None
    return papers.consent_receipt(honest, honest.happened.revoked, revoked=True)


def settled_purchase(honest: Honest) -> Json:
    return papers.purchase_receipt(honest, honest.happened.settled)


def refunded_purchase(honest: Honest) -> Json:
    return papers.purchase_receipt(honest, honest.happened.refunded)


def used(honest: Honest) -> Json:
    return papers.cohort_proof(honest, honest.happened.settled, honest.happened.given[0].consent.id)


def unused(honest: Honest) -> Json:
    return papers.cohort_proof(honest, honest.happened.settled, bytes(32))


def milder(paper: Json) -> None:
    paper["terms"]["statement"] = "I allow lab to know the weather."


def never_ended(paper: Json) -> None:
    paper["revoked"] = paper["granted"]


def cheaper(paper: Json) -> None:
    paper["paid"]["charge"] = "1"


def kept_back(paper: Json) -> None:
    paper["paid"]["back"] = "0"


def another_place(paper: Json) -> None:
    paper["included"]["index"] += 1


def alone(paper: Json) -> None:
    paper["excluded"]["above"] = None


KINDS = {
    "consent": Kind(consent, milder, "not revoked when this receipt was made", "consent.terms: consent 0x"),
    "revoked consent": Kind(revoked_consent, never_ended, ", revoked in block ", "consent.ledger: "),
    "purchase": Kind(settled_purchase, cheaper, "order.statement", "order.paid: "),
    "refunded purchase": Kind(refunded_purchase, kept_back, "order.ended", "order.paid: "),
    "used": Kind(used, another_place, "was used: one of 13 consents at block ", "cohort.proof: consent 0x"),
    "unused": Kind(
        unused, alone, "was NOT used: not among 13 consents at block ", "cohort.proof: consent 0x"
    ),
}


@pytest.fixture(scope="module")
def rewritten(honest: Honest) -> Generator[str]:
    """A node with the same genesis and the same sequencer, who sealed another history, as long as the first."""
    with Devnet.in_memory(clock=Clock(), signer=honest.sequencer) as other:
        assert other.genesis_hash == honest.town.city.genesis
        for _ in range(honest.town.node.head().number):
            other.mine()
        with served(other.rpc) as where:
            yield where


@pytest.fixture
def paper(tmp_path: Path) -> Callable[[Json], Path]:
    def written(document: Json) -> Path:
        path = tmp_path / "paper.json"
        path.write_text(json.dumps(document, indent=2))
        return path

    return written


def stoa_audit(*arguments: str) -> subprocess.CompletedProcess[str]:
    """With nothing of the city importable."""
    return run([sys.executable, "-I", "-m", "stoa_audit", *arguments], {})


def run(command: list[str], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "200", **more}
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("kind", KINDS)
def test_a_right_paper_holds_and_says_what_it_shows(
    kind: str, honest: Honest, url: str, paper: Callable[[Json], Path]
) -> None:
    file, city = paper(KINDS[kind].made(honest)), honest.town.city.digest.hex()

    done = stoa_audit("receipt", str(file), "--node", url, "--city", city)

    assert done.returncode == HOLDS, done
    assert "Level P1: the paper and one node" in done.stdout
    assert KINDS[kind].says in done.stdout
    assert done.stdout.endswith("Everything was checked, and everything holds.\n")
    assert done.stderr == ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_paper_is_named(kind: str, honest: Honest, url: str, paper: Callable[[Json], Path]) -> None:
    document = KINDS[kind].made(honest)
    KINDS[kind].forge(document)

    city = honest.town.city.digest.hex()
    done = stoa_audit("receipt", str(paper(document)), "--node", url, "--city", city)

    assert done.returncode == WRONG, done
    assert "SOMETHING IS WRONG.\n" in done.stdout
    assert KINDS[kind].found in done.stdout.split("SOMETHING IS WRONG.")[1]


@pytest.mark.parametrize("kind", ["consent", "purchase", "used"])
def test_a_paper_of_a_rewritten_chain_is_named(
    kind: str, honest: Honest, rewritten: str, paper: Callable[[Json], Path]
) -> None:
    file, city = paper(KINDS[kind].made(honest)), honest.town.city.digest.hex()

    done = stoa_audit("receipt", str(file), "--node", rewritten, "--city", city)

    assert done.returncode == WRONG, done
    assert "paper.chain: newest, block" in done.stdout.split("SOMETHING IS WRONG.")[1]
    assert "is not in the node's chain: the ledger was rewritten" in done.stdout


@pytest.mark.parametrize("kind", ["consent", "purchase", "used"])
def test_a_paper_of_another_city_is_named(
    kind: str, honest: Honest, town: Town, url: str, paper: Callable[[Json], Path]
) -> None:
    done = stoa_audit(
        "receipt",
        str(paper(KINDS[kind].made(honest))),
        "--node",
        url,
        "--city",
        town.city.digest.hex(),
    )

    assert done.returncode == WRONG, done
    assert "paper.city: city: has the digest 0x" in done.stdout.split("SOMETHING IS WRONG.")[1]


def test_what_could_not_be_checked_is_said(honest: Honest, paper: Callable[[Json], Path]) -> None:
    file = paper(consent(honest))

    alone = stoa_audit("receipt", str(file))
    unreachable = stoa_audit("receipt", str(file), "--node", "http://127.0.0.1:1")

    assert alone.returncode == unreachable.returncode == INCOMPLETE
    assert alone.stdout.endswith("Not checked: paper.city, paper.chain\n")
    assert "does not answer" in unreachable.stdout


def test_a_file_that_is_no_paper_is_refused(paper: Callable[[Json], Path]) -> None:
    done = stoa_audit("receipt", str(paper({"stoa": "ticket/1"})))

    assert done.returncode == UNREADABLE
    assert "nobody knows a paper of kind 'ticket/1'" in done.stderr
    assert done.stderr.count("\n") == 1


# From the city's own command line: the city of the home and its node


@pytest.fixture
def home(honest: Honest, url: str, tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "city.json").write_text(json.dumps(honest.town.city.document))
    (folder / "settings.json").write_text(json.dumps({"node": url}))
    return folder


def stoa(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run([str(STOA), "audit", "receipt", *arguments], {"STOA_HOME": str(home), "HOME": str(home)})


@pytest.mark.parametrize("kind", ["consent", "purchase", "used"])
def test_the_citys_command_says_the_same(
    kind: str, honest: Honest, home: Path, paper: Callable[[Json], Path]
) -> None:
    document = KINDS[kind].made(honest)
    right = stoa(home, str(paper(document)))
    KINDS[kind].forge(document)
    forged = stoa(home, str(paper(document)))

    assert right.returncode == HOLDS, right
    assert KINDS[kind].says in right.stdout
    assert "Everything was checked, and everything holds." in right.stdout
    assert forged.returncode == WRONG, forged
    assert KINDS[kind].found in forged.stdout.split("SOMETHING IS WRONG.")[1]


def test_the_citys_command_names_another_city_and_refuses_a_node_without_this_one(
    honest: Honest, town: Town, home: Path, rewritten: str, paper: Callable[[Json], Path]
) -> None:
    file = paper(consent(honest))

    foreign = stoa(home, str(file), "--city", town.city.digest.hex())
    (home / "settings.json").write_text(json.dumps({"node": rewritten}))
    elsewhere = stoa(home, str(file))

    assert foreign.returncode == elsewhere.returncode == WRONG
    assert "paper.city: city: has the digest 0x" in foreign.stdout
    assert "has other code than the city file names" in elsewhere.stderr
    assert elsewhere.stderr.count("\n") == 1


def test_the_citys_command_refuses_what_is_no_paper_in_one_line(
    home: Path, paper: Callable[[Json], Path]
) -> None:
    unknown, missing = stoa(home, str(paper({"stoa": "ticket/1"}))), stoa(home, "/nowhere/paper.json")

    assert (unknown.returncode, missing.returncode) == (UNREADABLE, 1)
    assert "nobody knows a paper of kind 'ticket/1'" in unknown.stderr
    assert missing.stderr.count("\n") == 1
