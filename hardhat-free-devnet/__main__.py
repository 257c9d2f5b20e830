"""`python hardhat-free-devnet`: a chain to play with."""

import sys
from pathlib import Path

try:
    from ledger.devnet.command import main
except ModuleNotFoundError as error:
    sys.exit(
        f"{error.name} is not installed here. Run `make setup`, then `.venv/bin/python hardhat-free-devnet`."
    )

HERE = Path(__file__).parent

sys.exit(
    main(program="python hardhat-free-devnet", genesis=HERE / "genesis.json", first_door=HERE / "door.json")
)
