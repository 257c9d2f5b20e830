"""What people and buyers hold: receipts and proofs, checked from themselves, and against a node if one is named."""
