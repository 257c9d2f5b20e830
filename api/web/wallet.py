"""What a page tells its scripts that ask a wallet: the city, whose session it is, and words for what can go wrong."""

from typing import Any

from api.http.settings import HttpSettings
from api.web.words import Words
from ledger.city import City

SAID = (
    "working",
    "offline",
    "refused",
    "wallet_none",
    "wallet_silent",
    "wallet_rejected",
    "wallet_locked",
    "wallet_busy",
    "wallet_other_account",
    "wallet_wrong_chain",
    "wallet_failed",
)


def facts(
    words: Words, city: City, settings: HttpSettings, *, account: str | None, **said: str
) -> dict[str, Any]:
    """`said` are more texts, by problem code or by a name that the page's own script knows."""
    return {
        "city": {
            "chainId": city.chain_id,
            "name": city.name,
            "node": settings.node,
            "addresses": dict(city.addresses),
        },
        "account": account,
        "language": words.language,
        "say": {**{one: words(f"wallet.{one.removeprefix('wallet_')}") for one in SAID}, **said},
    }
