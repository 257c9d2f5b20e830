"""Whether the server can do its work: its database, its node, and how far it is behind."""

from pydantic import Field
from sqlalchemy.exc import SQLAlchemyError

from api.http.shapes import Answer
from api.http.storage import is_away
from ledger.node import LedgerError, Node
from marketplace.errors import UnavailableError
from marketplace.house import House
from marketplace.provenance import standing
from marketplace.provenance.queries import head

MOST_BEHIND = 20
"""Blocks."""


class Readiness(Answer):
    ready: bool
    database: str = Field(examples=["ok"], description="ok, or what is wrong.")
    node: str = Field(examples=["ok"], description="ok, or what is wrong.")
    blocks_behind: int | None = Field(description="Between the node and what was read; null if unknown.")
    oldest_message_seconds: int | None = Field(description="Since when something waits to be sent.")
    stuck_seconds: int | None = Field(
        description="Since when a signed transaction is in no block, beyond 60."
    )
    unanchored_seconds: int | None = Field(description="Since when a record waits for an anchor.")


def readiness(house: House, node: Node) -> Readiness:
    database, read, message, stuck, unanchored = _database(house)
    answered, newest = _node(house, node)
    behind = None if read is None or newest is None else max(0, newest - read)
    return Readiness(
        ready=database == answered == "ok" and behind is not None and behind <= MOST_BEHIND,
        database=database,
        node=answered,
        blocks_behind=behind,
        oldest_message_seconds=message,
        stuck_seconds=stuck,
        unanchored_seconds=unanchored,
    )


def _database(house: House) -> tuple[str, int | None, int | None, int | None, int | None]:
    try:
        with house.database.reading() as session:
            return (
                "ok",
                head(session).number,
                standing.oldest_waiting_message(session),
                standing.oldest_stuck_transaction(session),
                standing.oldest_record_without_anchor(session),
            )
    except SQLAlchemyError as error:
        if not is_away(error):
            raise
        return "The database cannot be read.", None, None, None, None
    except UnavailableError as error:
        return str(error), None, None, None, None


def _node(house: House, node: Node) -> tuple[str, int | None]:
    try:
        house.city.require_served_by(node)
        return "ok", node.head().number
    except LedgerError as error:
        return str(error), None
    except (LookupError, TypeError, ValueError, AttributeError):
        return f"What answers at {node.url} is not a node. Point Stoa at the city's own.", None
