"""The command line: `stoa-audit verify`, `stoa-audit receipt`, `stoa-audit result`."""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

from stoa_audit import printing
from stoa_audit.audit import Task, verify
from stoa_audit.digests import unhexed
from stoa_audit.errors import InvalidError, NodeError, UnreadableError
from stoa_audit.node import Node, over_http
from stoa_audit.papers.examine import examine
from stoa_audit.report import Exit, Report
from stoa_audit.results import Claim, Source, check_result

ABOUT = """\
Checks a Stoa city without trusting it. It shares no code with the city.

  stoa-audit verify --bundle DIR --node URL   replay the ledger from genesis and compare everything
  stoa-audit receipt FILE --node URL          check a consent receipt, a purchase receipt or a cohort proof
  stoa-audit result FILE --salt HEX --order ID --bundle DIR
                                              check that a result is the one that was settled
"""
EXITS = """\
exit codes: 0 everything was checked and holds; 1 something is wrong, and the first thing is named; 2 bad usage, or
nothing to read; 3 nothing wrong was found, but not everything could be checked (for example: no node was named)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        report = options.run(options)
        shown = printing.lines(report)
        if options.json is not None:
            options.json.write_bytes(
                orjson.dumps(printing.document(report), option=orjson.OPT_INDENT_2) + b"\n"
            )
    except (UnreadableError, InvalidError, NodeError) as error:
        print(f"stoa-audit: {error}", file=sys.stderr)
        return Exit.UNREADABLE
    except OSError as error:
        print(f"stoa-audit: {error.filename or 'a file'} cannot be used: {error.strerror}.", file=sys.stderr)
        return Exit.UNREADABLE
    except KeyboardInterrupt:
        print("stoa-audit: stopped; nothing was decided. Start it again at any time.", file=sys.stderr)
        return Exit.UNREADABLE
    except Exception as error:  # the input is somebody else's: whatever it does, no traceback and no verdict
        kind = type(error).__name__
        print(
            f"stoa-audit: INVALID: nobody foresaw this input ({kind}: {error}). Nothing was decided.",
            file=sys.stderr,
        )
        return Exit.UNREADABLE
    print("\n".join(shown))
    return report.exit


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "stoa-audit", description=ABOUT, epilog=EXITS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_verify(commands.add_parser("verify", help="check a bundle, and a node beside it", epilog=EXITS))
    _add_receipt(commands.add_parser("receipt", help="check a receipt or a proof", epilog=EXITS))
    _add_result(commands.add_parser("result", help="check a result against its order", epilog=EXITS))
    return parser


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Replays the ledger from genesis out of a bundle (docs/bundle.md) and compares everything that the city "
        "says with it: blocks, seals, consents, orders, money, documents, statements, access log and database. With "
        "a node, also what the node says. Every check names its range and count, and the first thing that is wrong."
    )
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="what the city exported")
    parser.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="continue from here, and keep it up to date"
    )
    _add_common(parser)
    parser.set_defaults(run=_verify)


def _add_receipt(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Checks what people and buyers hold: a consent receipt, a purchase receipt, or the proof that a consent was "
        "or was not used for an order. It holds by its own signatures, proofs and seals; a node shows in addition "
        "that its blocks are still in the chain."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the receipt or proof (JSON)")
    _add_common(parser)
    parser.set_defaults(run=_receipt)


def _add_result(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Checks that a result is the one whose salted digest was settled for an order: SHA-256(salt, SHA-256 of its "
        "RFC 8785 bytes). The digest is taken from a bundle, from a purchase receipt, or from a node's word."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the result (JSON)")
    parser.add_argument("--salt", required=True, metavar="HEX", help="the salt that came with it")
    parser.add_argument("--order", required=True, metavar="ID", help="the order it answers")
    parser.add_argument("--bundle", type=Path, metavar="DIR")
    parser.add_argument("--receipt", type=Path, metavar="FILE")
    _add_common(parser)
    parser.set_defaults(run=_result)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--node", metavar="URL", help="a node of the ledger; it is not trusted")
    parser.add_argument("--city", metavar="DIGEST", help="the digest of the city file that you know")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdict here as well")


def _verify(options: argparse.Namespace) -> Report:
    task = Task(options.bundle, _node(options), _digest(options.city, "--city"), options.checkpoint)
    return verify(task, Shown())


def _receipt(options: argparse.Namespace) -> Report:
    return examine(options.file, _node(options), _digest(options.city, "--city"))


def _result(options: argparse.Namespace) -> Report:
    salt, order = _digest(options.salt, "--salt"), _digest(options.order, "--order")
    source = Source(options.bundle, options.receipt, _node(options))
    if source == Source():
        raise UnreadableError(
            "Name where the ledger's digest is to be taken from: --bundle, --receipt or --node."
        )
    assert salt is not None
    assert order is not None
    return check_result(Claim(options.file, salt, order), source, Shown())


def _node(options: argparse.Namespace) -> Node | None:
    return None if options.node is None else Node(over_http(options.node))


def _digest(text: str | None, option: str) -> bytes | None:
    if text is None:
        return None
    digest = unhexed(text.lower() if text.startswith("0x") else f"0x{text.lower()}", option)
    if len(digest) != 32:
        raise InvalidError("32 bytes in hex are wanted", option)
    return digest


class Shown:
    """Says on a terminal how far a long piece of work is. Says nothing to a file."""

    PAUSE = 0.2

    def __init__(self) -> None:
        self._last = 0.0
        self._active = sys.stderr.isatty()

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if self._active and (now - self._last > self.PAUSE or done >= total):
            self._last = now
            far = f" {done:,} of {total:,}" if total and done < total else ""
            print(f"\r\x1b[K{what + far if far else ''}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
