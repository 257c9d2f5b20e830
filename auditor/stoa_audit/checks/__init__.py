"""What is checked once everything has been replayed, or beside it."""
