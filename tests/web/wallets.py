"""A wallet in the browser: announces itself by EIP-6963, answers by EIP-1193, and signs as eth-account does.

What a test may have go wrong: it rejects, is locked, hangs, stands at another chain, or switches its account.
"""

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from playwright.sync_api import BrowserContext

from ledger.keys import LocalSigner

SCRIPT = """
(() => {
  const detail = Object.freeze({
    info: Object.freeze({ uuid: NAME_UUID, name: NAME, icon: "data:image/svg+xml,<svg/>", rdns: "test.wallet" }),
    provider: {
      request: async ({ method, params }) => {
        const answer = JSON.parse(await window.__wallet(JSON.stringify([NAME, method, params ?? []])));
        if (answer.hang) return new Promise(() => {});
        if (answer.error) throw answer.error;
        return answer.result;
      },
      on: () => {},
    },
  });
  const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  addEventListener("eip6963:requestProvider", announce);
  announce();
})();
"""
REJECTED = {"code": 4001, "message": "User rejected the request."}
LOCKED = {"code": 4100, "message": "The account has not been authorized."}
UNKNOWN_CHAIN = {"code": 4902, "message": "Unrecognized chain ID."}


@dataclass
class TestWallet:
    """`fails` says per method how: an error, or "hang". `asked` is what it was asked, in order."""

    __test__ = False

    signer: LocalSigner
    chain_id: int
    name: str = "Test Wallet"
    fails: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: list[tuple[str, list[Any]]] = field(default_factory=list[tuple[str, list[Any]]])
    known_chains: set[int] = field(default_factory=set[int])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def methods(self) -> list[str]:
        return [method for method, _ in self.asked]

    def signed_documents(self) -> list[dict[str, Any]]:
        """Every typed document that it was asked to sign."""
        return [json.loads(params[1]) for method, params in self.asked if method == "eth_signTypedData_v4"]

    def answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        self.asked.append((method, params))
        wrong = self.fails.get(method)
        if wrong == "hang":
            return {"hang": True}
        if wrong is not None:
            return {"error": wrong}
        return {"result": self._result(method, params)} if method in METHODS else {"error": {"code": 4200}}

    def _result(self, method: str, params: list[Any]) -> Any:
        match method:
            case "eth_requestAccounts" | "eth_accounts":
                return [self.signer.address.lower()]
            case "eth_chainId":
                return hex(self.chain_id)
            case "wallet_switchEthereumChain" | "wallet_addEthereumChain":
                self.chain_id = int(params[0]["chainId"], 16)
                return None
            case "personal_sign":
                message = encode_defunct(hexstr=params[0])
                return "0x" + bytes(Account.sign_message(message, self.signer.secret).signature).hex()
            case _:
                message = encode_typed_data(full_message=json.loads(params[1]))
                return "0x" + bytes(Account.sign_message(message, self.signer.secret).signature).hex()


METHODS = {
    "eth_requestAccounts",
    "eth_accounts",
    "eth_chainId",
    "wallet_switchEthereumChain",
    "wallet_addEthereumChain",
    "personal_sign",
    "eth_signTypedData_v4",
}


def install(context: BrowserContext, *wallets: TestWallet) -> None:
    """Give every page of a browser these wallets."""
    by_name = {one.name: one for one in wallets}

    def asked(request: str) -> str:
        name, method, params = json.loads(request)
        return json.dumps(by_name[name].answer(method, params))

    context.expose_function("__wallet", asked)
    for one in wallets:
        named = SCRIPT.replace("NAME_UUID", json.dumps(f"uuid of {one.name}")).replace(
            "NAME", json.dumps(one.name)
        )
        context.add_init_script(named)
