"""What the play's partners ask, as routine documents."""

from typing import Any

PUBLIC_TRANSPORT = [{"source": "trips", "dimension": "mode_group", "in": ["public transport"]}]


def travel_by(*dimensions: str) -> dict[str, Any]:
    """Trips by public transport, by properties of the people who made them: persons (CSV) joined with trips (SQL)."""
    return {
        "v": 1,
        "sources": ["persons", "trips"],
        "joins": [{"left": "trips", "right": "persons", "on": "subject"}],
        "measures": {"source": "trips", "of": [{"kind": "rows"}]},
        "dimensions": [{"source": "persons", "name": name} for name in dimensions],
        "filters": PUBLIC_TRANSPORT,
    }


TOO_FINE = travel_by("age", "sex", "home_zone")
COARSE = travel_by("age_band", "district")

BIKES_BY_HOUR = {
    "v": 1,
    "sources": ["bikes"],
    "joins": [],
    "measures": {"source": "bikes", "of": [{"kind": "sum", "column": "riders"}]},
    "dimensions": [{"source": "bikes", "name": "hour"}],
    "filters": [],
}
