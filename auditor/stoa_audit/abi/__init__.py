"""Copies of the contracts' published ABI and storage layout: what the ledger's events and slots mean."""
