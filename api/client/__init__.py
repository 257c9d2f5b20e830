"""Clients of the HTTP API: what `stoa partner`, `stoa citizen` and the demonstration speak through."""
