"""The command: what it says, how it exits, and that nothing makes it crash."""

import json
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from stoa_audit.__main__ import main

from tests.auditor import papers
from tests.auditor.bundles import Copy
from tests.auditor.conftest import Honest
from tests.auditor.desk import ANSWER

HOLDS, WRONG, UNREADABLE, INCOMPLETE = 0, 1, 2, 3


def whole(honest: Honest, url: str) -> list[str]:
    """Everything that an auditor can name."""
    city = honest.town.city.digest.hex()
    return ["verify", "--bundle", str(honest.bundle), "--node", url, "--city", city]


def test_an_honest_city_exits_0_and_says_so(
    honest: Honest, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verdict = tmp_path / "verdict.json"

    code = main([*whole(honest, url), "--json", str(verdict)])

    shown = capsys.readouterr()
    assert code == HOLDS
    assert "Everything was checked, and everything holds." in shown.out
    assert "Not audited:" in shown.out
    assert "sealed (artefacts): all 5 columns" in shown.out
    assert shown.err == ""
    document = json.loads(verdict.read_text())
    assert (document["stoa"], document["verdict"], document["exit"]) == ("verdict/1", "holds", 0)
    assert document["range"]["last"] > 100
    assert all(check["status"] == "holds" for check in document["checks"])


def test_a_bundle_alone_exits_3_and_says_what_was_not_checked(
    honest: Honest, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["verify", "--bundle", str(honest.bundle)])

    assert code == INCOMPLETE
    assert (
        "Not checked: city.file, node.ledger, node.headers, node.logs, node.state, node.calls"
        in capsys.readouterr().out
    )


def test_a_changed_bundle_exits_1_and_names_what_is_wrong(
    copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    copy.edit_row("projection/orders.jsonl", 0, charge=1)

    code = main(["verify", "--bundle", str(copy.folder)])

    out = capsys.readouterr().out
    assert code == WRONG
    assert "SOMETHING IS WRONG." in out
    assert "projection.orders: orders, row id 0x" in out


def test_a_checkpoint_is_kept_and_continued(
    honest: Honest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "checkpoint.json"
    arguments = ["verify", "--bundle", str(honest.bundle), "--checkpoint", str(kept)]

    main(arguments)
    first = kept.read_bytes()
    main(arguments)

    assert "checkpoint.continues" in capsys.readouterr().out
    assert kept.read_bytes() == first
    assert json.loads(first)["stoa"] == "checkpoint/1"


def test_a_checkpoint_is_not_moved_by_a_bundle_that_is_wrong(copy: Copy, tmp_path: Path) -> None:
    copy.edit_row("projection/orders.jsonl", 0, charge=1)

    main(["verify", "--bundle", str(copy.folder), "--checkpoint", str(tmp_path / "checkpoint.json")])

    assert not (tmp_path / "checkpoint.json").exists()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"stoa":"bundle/2"}', b'{"stoa":"bundle/1"}', b"\xff", b"[" * 100_000]
)
def test_a_manifest_that_is_none_exits_2_with_one_sentence(
    content: bytes, copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy.folder / "manifest.json").write_bytes(content)

    code = main(["verify", "--bundle", str(copy.folder)])

    assert code == UNREADABLE
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "/etc/passwd", "documents/keccak256/../x", "chain/other.jsonl", "city.json\n"],
)
def test_a_manifest_cannot_name_a_file_elsewhere(
    path: str, copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = orjson.loads(copy.read("manifest.json"))
    manifest["files"][0]["path"] = path
    (copy.folder / "manifest.json").write_bytes(orjson.dumps(manifest))

    assert main(["verify", "--bundle", str(copy.folder)]) == UNREADABLE
    assert "a bundle holds no file named" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "--bundle", "/nowhere"],
        ["verify", "--bundle", ".", "--city", "0x12"],
        ["verify", "--bundle", ".", "--city", "nonsense"],
        ["receipt", "/nowhere"],
        ["result", "/nowhere", "--salt", "00" * 32, "--order", "00" * 32, "--node", "http://127.0.0.1:1"],
        ["result", __file__, "--salt", "00" * 32, "--order", "00" * 32],
    ],
)
def test_bad_usage_exits_2_with_one_sentence(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == UNREADABLE
    assert capsys.readouterr().err.count("\n") == 1


def test_no_command_exits_2_and_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == UNREADABLE

    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "exit codes: 0 everything was checked and holds" in capsys.readouterr().out


def test_a_node_that_is_down_exits_3(honest: Honest, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["verify", "--bundle", str(honest.bundle), "--node", "http://127.0.0.1:1"])

    assert code == INCOMPLETE
    assert "does not answer" in capsys.readouterr().out


def test_a_receipt_is_checked_by_the_command(
    honest: Honest, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper = tmp_path / "receipt.json"
    paper.write_bytes(orjson.dumps(papers.consent_receipt(honest, honest.happened.given[8])))

    assert main(["receipt", str(paper), "--node", url, "--city", honest.town.city.digest.hex()]) == HOLDS
    assert "by the node's word, today: not revoked" in capsys.readouterr().out


# Results


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_text(json.dumps(ANSWER, indent=3))
    return path


def arguments_of(honest: Honest, result: Path, *source: str) -> list[str]:
    order = honest.happened.settled
    salt = honest.desk.salts[order].hex()
    return ["result", str(result), "--salt", salt, "--order", order.hex(), *source]


def test_the_settled_result_is_recognised_from_bundle_receipt_and_node(
    honest: Honest, url: str, result: Path, tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(orjson.dumps(papers.purchase_receipt(honest, honest.happened.settled)))

    assert main(arguments_of(honest, result, "--bundle", str(honest.bundle))) == HOLDS
    assert main(arguments_of(honest, result, "--receipt", str(receipt))) == HOLDS
    assert main(arguments_of(honest, result, "--node", url)) == HOLDS


def test_a_changed_figure_is_noticed(
    honest: Honest, result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result.write_text(json.dumps({**ANSWER, "cells": [[13], [7], None]}))

    assert main(arguments_of(honest, result, "--bundle", str(honest.bundle))) == WRONG
    assert "makes 0x" in capsys.readouterr().out


def test_a_wrong_salt_is_noticed(honest: Honest, result: Path) -> None:
    order = honest.happened.settled.hex()

    code = main(
        ["result", str(result), "--salt", "11" * 32, "--order", order, "--bundle", str(honest.bundle)]
    )

    assert code == WRONG


def test_a_result_of_an_order_that_was_refunded_is_wrong(honest: Honest, result: Path, url: str) -> None:
    arguments = ["result", str(result), "--salt", "11" * 32, "--order", honest.happened.refunded.hex()]

    assert main([*arguments, "--bundle", str(honest.bundle)]) == WRONG
    assert main([*arguments, "--node", url]) == WRONG


def test_the_command_runs_as_a_process_of_its_own(honest: Honest) -> None:
    """With nothing of the city importable."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "stoa_audit", "verify", "--bundle", str(honest.bundle)],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == INCOMPLETE
    assert done.stderr == ""
    assert "consents.countersigned" in done.stdout
