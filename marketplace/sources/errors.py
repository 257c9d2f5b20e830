"""What can go wrong between a package index and the cache. Each says what to do next."""


class SourceError(Exception):
    """A demo source cannot be used."""

    code = "source"


class UnknownSourceError(SourceError):
    """No source has that name."""

    code = "source_unknown"


class SourcesUnreachableError(SourceError):
    """The package index does not answer."""

    code = "sources_unreachable"


class SourceWithdrawnError(SourceError):
    """The package index answers, but no longer offers the pinned file."""

    code = "source_withdrawn"


class SourceChangedError(SourceError):
    """What arrived is not what was pinned."""

    code = "source_changed"


class SourceMissingError(SourceError):
    """A source is needed that was not fetched yet."""

    code = "source_missing"


class DiskFullError(SourceError):
    """The cache has no room left."""

    code = "disk_full"


class PipMissingError(SourceError):
    """This Python has no pip to download with."""

    code = "pip_missing"
