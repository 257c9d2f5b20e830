"""What can go wrong with a devnet as a whole. Refusals of single transactions are in `admission`."""


class DevnetError(Exception):
    """The chain cannot be opened, or has to stop. The message says what to do next."""

    code = "devnet"


class WrongGenesisError(DevnetError):
    """The folder holds another chain than the one that was asked for."""

    code = "wrong_genesis"


class GenesisFileError(DevnetError):
    """The genesis file cannot be used as it is."""

    code = "genesis_file"


class FolderInUseError(DevnetError):
    """Another process keeps this chain."""

    code = "folder_in_use"


class StorageError(DevnetError):
    """The disk refused: nothing of the block it refused is kept, and the engine stops."""

    code = "storage"


class StoppedError(DevnetError):
    """The engine has stopped and takes no more transactions."""

    code = "stopped"
