"""What came of what was sent to the ledger."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field
from sqlalchemy.orm import Session

from api.http.dependencies import Here
from api.http.policies import Anybody
from api.http.routes.city import BlockAnswer
from api.http.shapes import Answer
from api.http.waiting import Wait, until
from marketplace.provenance.queries import head
from marketplace.requests import progress
from marketplace.requests.progress import Progress

router = APIRouter(prefix="/v1/messages", tags=["messages"])

Key = Annotated[str, Path(pattern="^[a-z-]{2,16}:[0-9A-Za-z:-]{1,200}$", examples=["join:0x7e5f..."])]


class MessageAnswer(Answer):
    message: str
    state: str = Field(examples=["final"], description="intent, signed, sent, mined, final or abandoned.")
    done: bool = Field(description="Nothing more will come of it, and this server has read all that did.")
    succeeded: bool
    refusal: str | None = Field(description="The name of the contract's error, if it refused.")
    block: int | None
    resource: str | None = Field(description="Where the thing itself is, once it is.")
    as_of: BlockAnswer

    @classmethod
    def of(cls, session: Session, found: Progress) -> "MessageAnswer":
        return cls(
            message=found.key,
            state=found.state.value.lower(),
            done=found.done,
            succeeded=found.succeeded,
            refusal=found.refusal,
            block=found.block,
            resource=found.resource,
            as_of=BlockAnswer.of(head(session)),
        )


@router.get("/{key}", operation_id="getMessage", dependencies=[Anybody])
def get_message(key: Key, here: Here, wait: Wait) -> MessageAnswer:
    """How far a message is. With `wait`, the answer may wait until it is done."""
    return until(
        here,
        lambda session: MessageAnswer.of(session, progress.of(session, key)),
        lambda one: one.done,
        wait,
    )
