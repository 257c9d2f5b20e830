"""JSON-RPC: the methods that wallets, libraries and auditors call."""
