"""What can go wrong between a package index and the cache. Each says what to do next."""

from marketplace.errors import InvalidError, NotFoundError, StoaError, UnavailableError


class SourceError(StoaError):
    """A demo source cannot be used."""

    code = "source"


class UnknownSourceError(SourceError, NotFoundError):
    """No source has that name."""

    code = "source_unknown"


class SourcesUnreachableError(SourceError, UnavailableError):
    """The package index does not answer."""

    code = "sources_unreachable"


class SourceWithdrawnError(SourceError, UnavailableError):
    """The package index answers, but no longer offers the pinned file."""

    code = "source_withdrawn"


class SourceChangedError(SourceError, InvalidError):
    """What arrived is not what was pinned."""

    code = "source_changed"


class SourceMissingError(SourceError, UnavailableError):
    """A source is needed that was not fetched yet."""

    code = "source_missing"


class DiskFullError(SourceError, UnavailableError):
    """The cache has no room left."""

    code = "disk_full"


class PipMissingError(SourceError, UnavailableError):
    """This Python has no pip to download with."""

    code = "pip_missing"
