"""A partner's program on web3.py: reads a task on standard input, acts on the ledger, prints what it saw.

It uses nothing of Stoa, as a partner would not.
"""

import json
import secrets
import sys
from typing import Any

import requests
from eth_account import Account
from eth_account.messages import encode_typed_data
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractCustomError, TransactionNotFound, Web3Exception, Web3RPCError

task = json.load(sys.stdin)
GRANTED_IN = 4
"""Where the block of the grant is in what `consent` returns."""

posted: list[int] = []
session = requests.Session()
session.hooks["response"].append(lambda answer, **_: posted.append(answer.status_code))
w3 = Web3(HTTPProvider(task["url"], session=session))
consents = w3.eth.contract(address=task["consents"]["address"], abi=task["consents"]["abi"])
lab = Account.from_key(task["key"])
registrar = Account.from_key(task["registrarKey"])


def send_raw(account: Any, built: Any, **fields: Any) -> bytes:
    at = {"from": account.address, "nonce": w3.eth.get_transaction_count(account.address)}
    signed = account.sign_transaction(built.build_transaction(at | fields))
    return w3.eth.send_raw_transaction(signed.raw_transaction)


def mined(digest: bytes) -> Any:
    return w3.eth.wait_for_transaction_receipt(digest)


def packed(signed: Any) -> dict[str, str]:
    vs = signed.s | (signed.v - 27) << 255
    return {"r": "0x" + signed.r.to_bytes(32).hex(), "vs": "0x" + vs.to_bytes(32).hex()}


def typed(kind: str, message: dict[str, Any]) -> Any:
    return encode_typed_data(task["domain"], {kind: task["types"][kind]}, message)


def consent_of(account: Any) -> dict[str, Any]:
    """What the citizen's wallet shows and signs are sentences; the contract gets their hashes."""
    own = {
        "signer": account.address,
        "commitment": "0x" + secrets.token_hex(32),
        "revocationHash": task["code"]["hash"],
    }
    document = typed("Consent", task["sentences"] | own)
    id_ = Web3.keccak(b"\x19" + document.version + document.header + document.body).to_0x_hex()
    word = {"useCase": task["terms"]["useCase"], "commitment": own["commitment"], "consent": id_}
    return {
        "id": id_,
        "own": own,
        "signature": packed(account.sign_message(document)),
        "countersignature": packed(registrar.sign_message(typed("Countersignature", word))),
    }


def refusal_of(account: Any, called: Any) -> dict[str, Any] | None:
    try:
        called.call({"from": account.address})
    except ContractCustomError as refused:
        data = bytes.fromhex(str(refused.data)[2:])
        error = next(
            entry
            for entry in consents.abi
            if entry["type"] == "error" and Web3.keccak(text=signature_of(entry))[:4] == data[:4]
        )
        kinds = [parameter["type"] for parameter in error["inputs"]]
        values = w3.codec.decode(kinds, data[4:])
        return {
            "name": error["name"],
            "values": [each if isinstance(each, str) else hexed(each) for each in values],
        }
    return None


def signature_of(entry: Any) -> str:
    return f"{entry['name']}({','.join(parameter['type'] for parameter in entry['inputs'])})"


def fits(account: Any, called: Any, gas: int) -> bool:
    try:
        called.call({"from": account.address, "gas": gas})
    except Web3Exception:
        return False
    return True


def hexed(value: bytes) -> str:
    return "0x" + bytes(value).hex()


def message_of(action: Any) -> str | None:
    try:
        action()
    except Web3RPCError as refused:
        return str(refused.rpc_response["error"]["message"]) if refused.rpc_response else str(refused)
    except TransactionNotFound as missing:
        return str(missing)
    return None


report: dict[str, Any] = {"client": "web3.py", "chainId": w3.eth.chain_id}

made = w3.eth.contract(abi=task["deploy"]["abi"], bytecode=task["deploy"]["bytecode"])
receipt = mined(send_raw(lab, made.constructor(*task["deploy"]["arguments"])))
credit = w3.eth.contract(address=receipt["contractAddress"], abi=task["deploy"]["abi"])
report["deployed"] = {
    "name": credit.functions.name().call(),
    "decimals": credit.functions.decimals().call(),
    "code": hexed(w3.eth.get_code(credit.address)),
}

watch = consents.events.ConsentGranted.create_filter(from_block="latest")
ended = consents.events.ConsentRevoked.create_filter(from_block="latest")

# Anna sends for herself; Ben's consent is carried by Lab, who has no power of its own.
anna = Account.create()
hers, his = consent_of(anna), consent_of(Account.create())
terms = task["terms"]
grant_hers = consents.functions.grant(terms, hers["own"], hers["countersignature"])
his_grant = {name: his[name] for name in ("own", "signature", "countersignature")}
granted = [
    mined(send_raw(anna, grant_hers)),
    mined(send_raw(lab, consents.functions.grantBySignature(terms, his_grant))),
]
report["granted"] = {
    "ids": [hers["id"], his["id"]],
    "statuses": [each["status"] == 1 for each in granted],
    "inForce": [consents.functions.consent(each["id"]).call()[GRANTED_IN] > 0 for each in (hers, his)],
}

by_code = consents.functions.revokeByCode(terms, his["own"], int(task["code"]["value"]))
strange = consents.functions.revoke(terms, hers["own"])
report["refusals"] = {
    "again": refusal_of(anna, grant_hers),
    "stranger": refusal_of(lab, strange),
    "wrongCode": refusal_of(lab, consents.functions.revokeByCode(terms, his["own"], int(task["wrongCode"]))),
    "mined": mined(send_raw(lab, strange, gas=100_000))["status"] == 1,
}

gas = by_code.estimate_gas({"from": lab.address})
report["estimate"] = {
    "gas": str(gas),
    "enough": fits(lab, by_code, gas),
    "oneLess": fits(lab, by_code, gas - 1),
}
revoked = [mined(send_raw(anna, strange)), mined(send_raw(lab, by_code, gas=gas))]
report["revoked"] = {
    "statuses": [each["status"] == 1 for each in revoked],
    "inForce": [consents.functions.isInForce(each["id"]).call() for each in (hers, his)],
}

Granted = consents.events.ConsentGranted
of_use_case = {"useCase": terms["useCase"]}
of_code = {"revocationHash": task["code"]["hash"]}
since = granted[0]["blockNumber"]
watched = [hexed(log["args"]["id"]) for log in watch.get_new_entries()]
report["logs"] = {
    "granted": [
        hexed(log["args"]["id"]) for log in Granted.get_logs(from_block=since, argument_filters=of_use_case)
    ],
    "byCode": len(Granted.get_logs(from_block=0, argument_filters=of_code)),
    "filtered": [hexed(log["args"]["id"]) for log in ended.get_new_entries()],
    "again": len(ended.get_new_entries()),
    "uninstalled": w3.eth.uninstall_filter(ended.filter_id),
    "watched": watched,
}

place = w3.keccak(bytes.fromhex(hers["id"][2:]) + task["consents"]["slot"].to_bytes(32))
block = w3.eth.get_block("latest")
told = w3.provider.make_request("eth_getProof", [consents.address, [hexed(place)], hex(block["number"])])
assert w3.eth.get_proof(consents.address, [int.from_bytes(place)], block["number"])["storageProof"]
report["proof"] = {"place": hexed(place), "stateRoot": hexed(block["stateRoot"]), "told": told["result"]}

before = len(posted)
with w3.batch_requests() as batch:
    for _ in range(20):
        batch.add(w3.eth.get_balance(lab.address))
    report["batch"] = {"answers": len(batch.execute()), "posted": len(posted) - before}

# The later nonce first: it waits for the earlier one, and nothing else may take its place.
nonce = w3.eth.get_transaction_count(lab.address)


def signed_at(number: int, data: str = "0x") -> bytes:
    fields = {
        "to": lab.address,
        "nonce": number,
        "data": data,
        "gas": 30_000,
        "value": 0,
        "chainId": task["chainId"],
    }
    return lab.sign_transaction(fields | {"maxFeePerGas": 0, "maxPriorityFeePerGas": 0}).raw_transaction


later = w3.eth.send_raw_transaction(signed_at(nonce + 1))
report["gap"] = {
    "waits": message_of(lambda: w3.eth.get_transaction_receipt(later)),
    "pending": w3.eth.get_transaction_count(lab.address, "pending") - nonce,
    "replacement": message_of(lambda: w3.eth.send_raw_transaction(signed_at(nonce + 1, "0x01"))),
}
earlier = w3.eth.send_raw_transaction(signed_at(nonce))
report["gap"]["mined"] = [mined(each)["status"] == 1 for each in (earlier, later)]
report["gap"]["used"] = message_of(lambda: w3.eth.send_raw_transaction(signed_at(nonce, "0x02")))

json.dump(report, sys.stdout)
