"""Which city's folder a command was told to work on."""

from pathlib import Path


class Chosen:
    """The folder that `--home` named."""

    folder: Path | None = None
