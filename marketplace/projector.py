"""The projector: follows the ledger and keeps the read model.

One block is one database transaction: its events, the rows they change and the cursor commit together or not at all.
What is projected depends on nothing but the blocks, so dropping the tables and replaying gives the same rows.

Only final blocks are applied (docs/decisions/0008), so nothing that is read here is ever taken back.
"""

from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ledger import bindings as on_ledger
from ledger.abi import Event
from ledger.city import City
from ledger.node import Block, LedgerError, Node
from ledger.reader import Happening, Place, ReadBlock, Reader
from ledger.storage import Base, Database, Store
from marketplace.catalogue import projection as catalogue
from marketplace.consent import projection as consent
from marketplace.licences import projection as licences
from marketplace.orders import projection as orders
from marketplace.participants import projection as participants
from marketplace.provenance import projection as provenance
from marketplace.provenance.queries import require_followed
from marketplace.provenance.tables import BlockRow, LedgerRow
from marketplace.use_cases import projection as use_cases


class ProjectionStoppedError(LedgerError):
    """The ledger no longer continues what was projected, and the engine promised that this cannot happen."""

    code = "ledger_forked"


class Projector:
    """Follows one city into one database. One projector per database: it writes the cursor it reads."""

    def __init__(self, database: Database, node: Node, city: City, *, finality: int = 0) -> None:
        """`finality`: blocks after which the engine never takes one back."""
        self._database = database
        self._node = node
        self._city = city
        self._finality = finality
        self._reader = Reader(city, node)

    def catch_up(
        self, progress: Callable[[int, int], None] = lambda done, head: None, *, upto: int | None = None
    ) -> Block:
        """Apply every block up to the newest final one, or to `upto`. The newest applied block.

        Raises:
            WrongLedgerError: the database follows another ledger.
            ProjectionStoppedError: the node's chain does not continue what was applied.
        """
        cursor = self._cursor()
        head = self._node.head().number - self._finality if upto is None else upto
        first = self._city.first_block if cursor is None else cursor.number + 1
        for number in range(first, head + 1):
            read = self._reader.read(number)
            if cursor is not None and read.block.parent != cursor.hash:
                raise ProjectionStoppedError(
                    f"Block {number} of {self._node.url} does not follow block {cursor.number} as it was applied, "
                    f"which was {self._finality} blocks deep and said to be final. The projection has stopped. Point "
                    "Stoa at the city's own node, set `finality` to what the engine keeps, or `stoa ledger rebuild`."
                )
            self._apply(read)
            cursor = read.block
            progress(number, head)
        return cursor or self._node.block(self._city.first_block - 1)

    def _cursor(self) -> Block | None:
        with self._database.reading() as session:
            if session.get(LedgerRow, 1) is not None:
                require_followed(session, self._city)
                row = session.scalar(select(BlockRow).order_by(BlockRow.number.desc()).limit(1))
                return None if row is None else Block(row.number, row.hash, row.parent, row.timestamp)
        with self._database.writing() as session:
            session.add(
                LedgerRow(
                    id=1,
                    chain_id=self._city.chain_id,
                    genesis=self._city.genesis,
                    city_digest=self._city.digest,
                )
            )
        return None

    def _apply(self, read: ReadBlock) -> None:
        with self._database.writing() as session:
            for happening in read.happenings:
                apply(session, happening)
            block = read.block
            session.add(
                BlockRow(number=block.number, hash=block.hash, parent=block.parent, timestamp=block.timestamp)
            )


Handler = Callable[[Session, Any, Place], None]


def without_place(handler: Callable[[Session, Any], None]) -> Handler:
    return lambda session, event, _place: handler(session, event)


def on_share(session: Session, event: on_ledger.ShareWithdrawn, place: Place) -> None:
    licences.on_share(session, event)
    orders.on_share(session, event, place)


def nothing(_session: Session, _event: Event, _place: Place) -> None:
    """The event repeats what another one says, or concerns only the contract's own bookkeeping."""


HANDLERS: dict[type[Event], Handler] = {
    on_ledger.ParticipantJoined: participants.on_joined,
    on_ledger.ParticipantAdmitted: without_place(participants.on_admitted),
    on_ledger.ParticipantFrozen: without_place(participants.on_frozen),
    on_ledger.ParticipantUnfrozen: without_place(participants.on_unfrozen),
    on_ledger.RoleGranted: without_place(participants.on_role_granted),
    on_ledger.RoleRevoked: without_place(participants.on_role_revoked),
    on_ledger.RegistrarSet: participants.on_registrar_set,
    on_ledger.SettlerSet: participants.on_settler_set,
    on_ledger.AttestorSet: participants.on_attestor_set,
    on_ledger.DatasetRegistered: catalogue.on_registered,
    on_ledger.NotPersonalDeclared: without_place(catalogue.on_not_personal),
    on_ledger.VersionPublished: catalogue.on_version,
    on_ledger.LeafErased: catalogue.on_leaf_erased,
    on_ledger.UseCaseApplied: use_cases.on_applied,
    on_ledger.UseCaseDecided: use_cases.on_decided,
    on_ledger.UseCaseClosed: use_cases.on_closed,
    on_ledger.RulePublished: without_place(use_cases.on_rule_published),
    on_ledger.RuleRetired: use_cases.on_rule_retired,
    on_ledger.NoticePublished: use_cases.on_notice_published,
    on_ledger.NoticeRetired: use_cases.on_notice_retired,
    on_ledger.ConsentGranted: consent.on_granted,
    on_ledger.ConsentRevoked: consent.on_revoked,
    on_ledger.Refused: consent.on_refused,
    on_ledger.LicenceIssued: licences.on_issued,
    on_ledger.LicenceBought: without_place(licences.on_bought),
    on_ledger.LicenceTerminated: licences.on_terminated,
    on_ledger.TariffSet: licences.on_tariff_set,
    on_ledger.OrderOpened: orders.on_opened,
    on_ledger.OrderSettled: orders.on_settled,
    on_ledger.OrderRefunded: orders.on_refunded,
    on_ledger.Minted: orders.on_minted,
    on_ledger.Redeemed: orders.on_redeemed,
    on_ledger.Withdrawn: orders.on_withdrawn,
    on_ledger.ShareWithdrawn: on_share,
    on_ledger.Reconciled: orders.on_reconciled,
    on_ledger.Anchored: provenance.on_anchored,
}


def apply(session: Session, happening: Happening) -> None:
    event = happening.event
    if isinstance(event, on_ledger.Transfer):
        # An ERC-721 transfer has the same name: a licence never moves after it was issued.
        if happening.contract == "CityCredit":
            orders.on_transfer(session, event)
        return
    HANDLERS.get(type(event), nothing)(session, event, happening.place)


def rebuild(database: Database, projector: Projector, progress: Callable[[int, int], None]) -> Block:
    """Forget the projection and replay the ledger into it. The other stores stay as they are."""
    with database.writing() as session:
        for table in reversed(projected_tables()):
            session.execute(delete(table))
    return projector.catch_up(progress)


def projected_tables() -> list[Any]:
    return [table for table in Base.metadata.sorted_tables if table.info.get("store") == Store.PROJECTION]


def contents(session: Session) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every projected table, in key order: what a replay must give again."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for table in projected_tables():
        rows = session.execute(select(table).order_by(*table.primary_key.columns))
        found[table.name] = [tuple(cast("Any", row)) for row in rows]
    return found
