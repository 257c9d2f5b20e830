"""A picture of every page, of a small city with one buyer: `make pictures` rewrites docs/pages/."""

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from rich.progress import track

from ledger.digests import hexed
from ledger.enums import Class
from marketplace.orders import queries as orders
from marketplace.staff import service as staff
from tests.web.browsing import DESK, Device, launched
from tests.web.listening import Listening, listening_city
from tests.web.wallets import TestWallet, install

HERE = Path(__file__).parents[2] / "docs" / "pages"
COLOURS = 64
"""Pages are drawn in few colours; pictures of them are small when they keep only these."""

Album = dict[str, bytes]


@dataclass(frozen=True)
class Photographer:
    listening: Listening
    album: Album

    def take(self, name: str, page: Page) -> None:
        """The whole page, however long."""
        page.wait_for_load_state("networkidle")
        drawn = Image.open(BytesIO(page.screenshot(full_page=True)))
        small = BytesIO()
        drawn.convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
        self.album[name] = small.getvalue()

    def visit(self, page: Page, area: str, **paths: str) -> None:
        """Go from page to page of one area and take each."""
        for name, path in paths.items():
            answer = page.goto(self.listening.address + path)
            assert answer is not None
            assert answer.ok, path
            self.take(f"{area}-{name.replace('_', '-')}", page)


def citizens(photographer: Photographer, device: Device) -> None:
    listening, take = photographer.listening, photographer.take
    page = device.page("/c")
    take("citizen-entrance", page)
    page.fill("#code", listening.letter(listening.somebody()))
    page.click("#letter button")
    page.wait_for_url("**/c/ask/*")
    take("citizen-request", page)
    page.goto(f"{page.url}?lang=ar")
    take("citizen-request-arabic", page)
    page.goto(f"{listening.address}/c/ask/{listening.use_case}?lang=en")
    page.click("button[value=no]")
    page.wait_for_url("**/no")
    take("citizen-said-no", page)
    page.goto(f"{listening.address}/c/ask/{listening.use_case}")
    listening.recorded_yes(page)
    take("citizen-receipt", page)
    listening.order()
    photographer.visit(page, "citizen", home="/c", uses="/c/uses", stop="/stop")
    page.goto(f"{listening.address}/c")
    listening.recorded_stop(page)
    take("citizen-stopped", page)


def everybody(photographer: Photographer, device: Device) -> None:
    photographer.visit(
        device.context.new_page(),
        "public",
        front="/",
        use=f"/use/{photographer.listening.use_case}",
        catalogue="/catalogue",
        dataset="/catalogue/1",
        verify=f"/verify?licence={photographer.listening.licence}",
        about="/about",
        enter="/enter",
        join="/join",
    )


def buyers(photographer: Photographer, device: Device) -> None:
    listening = photographer.listening
    office = listening.city.office
    install(device.context, TestWallet(office.town.keys["Lab"], office.town.city.chain_id))
    page = device.page("/enter")
    page.click("[data-enter]")
    page.wait_for_url("**/partner")
    with office.house.database.reading() as session:
        order = orders.orders_of(session, office.town.keys["Lab"].address)[0]
    photographer.visit(
        page,
        "partner",
        home="/partner",
        use_case=f"/partner/use-cases/{listening.use_case}",
        licence=f"/partner/licences/{listening.licence}",
        order=f"/partner/orders/{hexed(order.id)}",
    )


def auditors(photographer: Photographer, device: Device) -> None:
    listening = photographer.listening
    office = listening.city.office
    office.join("Ada", Class.AUDITOR)
    install(device.context, TestWallet(office.town.keys["Ada"], office.town.city.chain_id))
    page = device.page("/enter")
    page.click("[data-enter]")
    page.wait_for_url("**/audit")
    with office.house.database.reading() as session:
        order = orders.orders_of(session, office.town.keys["Lab"].address)[0]
    last = office.town.node.head().number
    photographer.visit(
        page,
        "audit",
        home="/audit",
        events="/audit/events",
        block=f"/audit/blocks/{last}",
        orders="/audit/orders",
        order=f"/audit/orders/{hexed(order.id)}",
        acts="/audit/acts",
        negative=f"/audit/negative?participant={office.town.numbers['Ada']}&first=0&last={last}",
    )


def officers(photographer: Photographer, device: Device) -> None:
    listening = photographer.listening
    with listening.city.office.house.database.writing() as session:
        code = staff.invite(session, "Otto", now=int(time.time()))
    page = device.page("/city/enter")
    photographer.take("city-enter", page)
    page.goto(f"{listening.address}/city/enter#{code}")
    page.reload()
    page.wait_for_url("**/city")
    photographer.visit(
        page,
        "city",
        home="/city",
        use_cases="/city/use-cases",
        use_case="/city/use-cases/1",
        access="/city/access",
        touched="/city/touched",
        requests="/city/requests",
        records="/city/records",
        impact="/city/records/1",
        datasets="/city/datasets",
        dataset="/city/datasets/1",
        tariffs="/city/tariffs",
        participants="/city/participants",
        participant="/city/participants/2",
    )


CHAPTERS: dict[str, tuple[Callable[[Photographer, Device], None], bool]] = {
    "Citizens": (citizens, True),
    "Everybody": (everybody, False),
    "Partners": (buyers, False),
    "The city": (officers, False),
    "Auditors": (auditors, False),
}
"""Who is photographed, and whether on a phone."""


def photographed(browser: Browser, listening: Listening) -> Album:
    """Every page's picture, by name."""
    photographer = Photographer(listening, {})
    for chapter, on_a_phone in track(CHAPTERS.values(), "Taking pictures"):
        device = Device.of(browser, listening.address, **({} if on_a_phone else {"viewport": DESK}))
        chapter(photographer, device)
        device.context.close()
    return photographer.album


def captions(album: Album) -> Iterator[str]:
    yield "# Every page\n\nPictures of a small city's pages, taken by `make pictures`. "
    yield "What they show is played: names, rows and money.\n"
    area = ""
    for name in album:
        if name.split("-")[0] != area:
            area = name.split("-")[0]
            yield f"\n## {area.capitalize()}\n"
        yield f"\n### {name.partition('-')[2].replace('-', ' ').capitalize()}\n\n![{name}]({name}.png)\n"


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as driver,
        launched(driver) as browser,
        listening_city(Path(folder)) as listening,
    ):
        album = photographed(browser, listening)
    HERE.mkdir(parents=True, exist_ok=True)
    for old in HERE.glob("*.png"):
        old.unlink()
    for name, picture in album.items():
        (HERE / f"{name}.png").write_bytes(picture)
    (HERE / "README.md").write_text("".join(captions(album)), encoding="utf-8")
    print(f"{len(album)} pictures in {HERE}")


if __name__ == "__main__":
    main()
