"""From an intention to a fact on the ledger.

A request writes its row and an outbox message in one transaction. The sender signs, stores the signed bytes and the
nonce, and only then broadcasts. What came of it is decided by receipts and account nonces, never by error texts.
"""
