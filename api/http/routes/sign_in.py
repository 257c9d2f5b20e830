"""Signing in and out: Sign-In with Ethereum, EIP-4361."""

import time

from fastapi import APIRouter, Request, status
from pydantic import Field

from api.http.acts import Echo
from api.http.dependencies import Here, HouseHere, Writing
from api.http.policies import Anybody, Caller
from api.http.routes.participants import ParticipantAnswer
from api.http.sessions import session_token
from api.http.shapes import Address, Answer, Instant, Shape, SignatureBytes
from marketplace.participants import sign_in as service

router = APIRouter(prefix="/v1/sign-in", tags=["sign-in"])


class SignInWish(Shape):
    account: Address


class SignInForm(Answer):
    message: str = Field(description="Sign it as it is: personal_sign, EIP-191.")
    expires_at: Instant


class SignedMessage(Shape):
    message: str = Field(max_length=2_000)
    signature: SignatureBytes
    expires_at: Echo


class SessionAnswer(Answer):
    token: str = Field(description="Send it as `Authorization: Bearer ...`. It is told once.")
    expires_at: Instant
    participant: ParticipantAnswer


@router.post("/forms", operation_id="prepareSignIn", dependencies=[Anybody])
def prepare_sign_in(wish: SignInWish, session: Writing, here: Here) -> SignInForm:
    """The message to sign, with a nonce that works once within five minutes."""
    message = service.offer(
        session, here.house.city, public=here.settings.public, account=wish.account, now=int(time.time())
    )
    return SignInForm(message=str(message), expires_at=message.expires_at)


@router.post("", operation_id="signIn", dependencies=[Anybody], status_code=status.HTTP_201_CREATED)
def sign_in(sent: SignedMessage, here: Here, house: HouseHere) -> SessionAnswer:
    """Open a session of twelve hours. Whatever comes of it, the message's nonce is used up."""
    opened = service.sign_in(
        house,
        public=here.settings.public,
        text=sent.message,
        signature=sent.signature,
        now=int(time.time()),
    )
    return SessionAnswer(
        token=opened.token,
        expires_at=opened.expires_at,
        participant=ParticipantAnswer.of(opened.participant),
    )


@router.delete("", operation_id="signOut", status_code=status.HTTP_204_NO_CONTENT)
def sign_out(_caller: Caller, request: Request, session: Writing, here: Here) -> None:
    """End the session. A frozen organisation's sessions end by themselves."""
    service.sign_out(session, session_token(request, here.settings) or "")
