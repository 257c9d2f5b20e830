"""What stops an audit, or a part of it."""


class InvalidError(Exception):
    """Something that was handed over is not what it must be: where, and why."""

    code = "invalid"

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(f"INVALID: {reason} at {place}")
        self.reason = reason
        self.place = place


class MissingError(Exception):
    """Something that was not handed over is needed to check more."""

    code = "missing"


class UnreadableError(Exception):
    """There is nothing to audit: no bundle, another version, no such file."""

    code = "unreadable"


class NodeError(Exception):
    """The node does not answer, or answers with an error."""

    code = "node"
