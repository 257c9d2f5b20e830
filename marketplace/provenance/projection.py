from sqlalchemy.orm import Session

from ledger.bindings import Anchored
from ledger.reader import Place
from marketplace.provenance.tables import AnchorRow


def on_anchored(session: Session, event: Anchored, place: Place) -> None:
    session.add(
        AnchorRow(size=event.size, root=event.root, anchored_in=place.block, anchored_at=place.timestamp)
    )
    session.flush()
