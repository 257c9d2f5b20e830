"""Where the demo city's datasets come from: published packages, read at pinned versions and digests."""
