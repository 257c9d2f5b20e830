"""Where a page belongs: whom it serves, where that begins, and what one finds there."""

from dataclasses import dataclass

from api.http.sessions import PARTICIPANT, STAFF
from ledger.enums import Class


@dataclass(frozen=True, slots=True)
class Link:
    path: str
    key: str
    """Of its text."""

    def is_current(self, here: str) -> bool:
        """Whether `here` is this page, or one below it."""
        return here == self.path or (self.path != "/" and here.startswith(f"{self.path}/"))


@dataclass(frozen=True, slots=True)
class Area:
    name: str
    start: Link
    links: tuple[Link, ...] = ()
    """Its other pages that one goes to from anywhere in it."""
    besides: tuple[Link, ...] = ()
    """Pages of it that lie elsewhere."""
    session: str | None = None
    """The cookie of whoever is at home here (`api.http.sessions`)."""

    def has(self, path: str) -> bool:
        return any(one.is_current(path) for one in (self.start, *self.links, *self.besides))


CITIZEN = Area("citizen", Link("/c", "frame.start"), besides=(Link("/stop", "frame.stop"),))
PARTNER = Area("partner", Link("/partner", "area.partner"), session=PARTICIPANT)
SUPPLIER = Area("supplier", Link("/supplier", "area.supplier"), session=PARTICIPANT)
CITY = Area(
    "city",
    Link("/city", "area.city"),
    links=(
        Link("/city/use-cases", "city.nav.use_cases"),
        Link("/city/access", "city.nav.access"),
        Link("/city/touched", "city.nav.touched"),
        Link("/city/requests", "city.nav.requests"),
        Link("/city/records", "city.nav.records"),
        Link("/city/datasets", "city.nav.datasets"),
        Link("/city/tariffs", "city.nav.tariffs"),
        Link("/city/participants", "city.nav.participants"),
    ),
    session=STAFF,
)
AUDIT = Area(
    "audit",
    Link("/audit", "area.audit"),
    (
        Link("/audit/events", "audit.nav.events"),
        Link("/audit/orders", "audit.nav.orders"),
        Link("/audit/acts", "audit.nav.acts"),
        Link("/audit/negative", "audit.nav.negative"),
    ),
    session=PARTICIPANT,
)
PUBLIC = Area(
    "public",
    Link("/", "frame.public"),
    (
        Link("/", "public.nav.uses"),
        Link("/catalogue", "public.nav.catalogue"),
        Link("/verify", "public.nav.verify"),
        Link("/about", "public.nav.about"),
    ),
)

ENTER = "/enter"
"""Where organisations sign in."""
JOIN = "/join"
"""Where they join."""
STAFF_ENTRANCE = "/city/enter"

AREAS = (CITIZEN, PARTNER, SUPPLIER, CITY, AUDIT)
HOME_OF = {Class.AUDITOR: AUDIT}
"""Where an organisation begins; all others are partners."""


def area_of(path: str) -> Area:
    """Where a page belongs, by its address; what is nobody's is for everybody."""
    return next((one for one in AREAS if one.has(path)), PUBLIC)


def home_of(class_: Class) -> Area:
    return HOME_OF.get(class_, PARTNER)
