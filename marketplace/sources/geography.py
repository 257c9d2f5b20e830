"""Ten districts of neighbouring zones.

The model's 190 zones are numbered along the four superdistricts of San Francisco: 1 to 42, 43 to 89, 90 to
167 and 168 to 190. A district is a run of zone numbers inside one superdistrict. That such runs are
neighbourhoods shows in the walks: 57 % of them end in the district where they began, against 13 % if they
ended anywhere.
"""

LAST_ZONES = (21, 42, 66, 89, 109, 129, 148, 167, 179, 190)
DISTRICTS = tuple(f"D{number:02}" for number in range(1, len(LAST_ZONES) + 1))


def district_of(zone: int) -> str:
    """The district of a zone, D01 to D10."""
    if not 1 <= zone <= LAST_ZONES[-1]:
        raise ValueError(f"Zones run from 1 to {LAST_ZONES[-1]}.")
    return next(name for name, last in zip(DISTRICTS, LAST_ZONES, strict=True) if zone <= last)
