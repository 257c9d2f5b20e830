"""The command line of the chain's process."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.devnet import genesis as genesis_file
from ledger.devnet.chain import Devnet
from ledger.devnet.errors import GenesisFileError
from ledger.devnet.genesis import GenesisFile, checksum_of
from ledger.devnet.limits import Settings
from ledger.devnet.server import DEFAULT_PORT, LOOPBACK, serve

FOLDER = Path(".stoa/devnet")

EPILOG = """\
The chain keeps everything in its folder: genesis.json (which chain this is), chain.sqlite (blocks, state, logs),
keys/ (the sequencer's key) and door.json (who may send). Delete the folder to start over; copy it, while the
chain is stopped, to keep it.

door.json is read again whenever it changes:
  {"senders": ["0x..."],                                     these may send anything
   "open_calls": [{"contract": "0x...", "selectors": ["0x12345678"]}],
                                                             anybody may call these, at a limited rate
   "anybody": false}                                         true: no door at all

Gas costs nothing: sign with maxFeePerGas 0. docs/devnet.md tells the rest.
"""


def main(
    arguments: Sequence[str] | None = None,
    *,
    program: str = "python -m ledger.devnet",
    genesis: Path | None = None,
    first_door: Path | None = None,
) -> int:
    """Run the command; `genesis` and `first_door` are the files that a new chain starts from. Returns the exit code."""
    options = _parser(program, genesis).parse_args(arguments)
    os.umask(0o077)  # the chain's files are its owner's alone
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    try:
        wanted = genesis_file.read(options.genesis) if options.genesis else None
    except GenesisFileError as error:
        print(error, file=sys.stderr)
        return 1
    try:
        code = _serve(options, wanted, first_door)
    except KeyboardInterrupt:
        print("Stopped before it listened. Nothing was lost.")
        return 0
    if code == 0:
        print("Stopped. Everything that was acknowledged is in the folder; start again to go on.")
    return code


def _serve(options: argparse.Namespace, genesis: GenesisFile | None, first_door: Path | None) -> int:
    settings = Settings(block_period=options.block_period, idle_block_after=options.idle_block_after or None)
    return serve(
        options.folder,
        host=options.host,
        port=options.port,
        genesis=genesis,
        first_door=first_door.read_bytes() if first_door else None,
        settings=settings,
        started=lambda devnet, url: _announce(devnet, url, options.folder),
    )


def _parser(program: str, genesis: Path | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description="An EVM chain in pure Python: durable, sealed, permissioned, asked by JSON-RPC.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where the chain is kept (default: %(default)s)"
    )
    parser.add_argument("--host", default=LOOPBACK, help="address to listen on (default: this machine only)")
    parser.add_argument(
        "--port",
        type=_port,
        help=f"port to listen on; 0 takes a free one (default: {DEFAULT_PORT}, or a free one)",
    )
    parser.add_argument(
        "--genesis",
        type=Path,
        default=genesis,
        help="genesis file; a new chain starts from it, an old one must match it",
    )
    parser.add_argument(
        "--block-period",
        type=_seconds,
        default=0.0,
        metavar="SECONDS",
        help="time between blocks while transactions wait (default: 0, a block as soon as there is one)",
    )
    parser.add_argument(
        "--idle-block-after",
        type=_seconds,
        default=15.0,
        metavar="SECONDS",
        help="an empty block after this long without any; 0: never (default: 15)",
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("give seconds, from 0 to 86400")
    return seconds


def _announce(devnet: Devnet, url: str, folder: Path) -> None:
    lines = {
        "URL": url,
        "Chain id": str(devnet.genesis.chain_id),
        "Genesis": f"0x{devnet.genesis_hash.hex()}",
        "Head": f"block {devnet.head.block_number}",
        "Sequencer": checksum_of(devnet.genesis.sequencer),
        "Door": str(devnet.door),
        "Folder": str(folder),
    }
    for name, value in lines.items():
        print(f"{name:<10} {value}")
    print("Stop with Ctrl-C.", flush=True)
