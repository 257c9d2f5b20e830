"""Whether everybody can use a page: asked of one that is loaded, at every width, in both themes."""

from collections.abc import Iterable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (320, 1280)
SCHEMES = ("light", "dark")
JUMPING = """() => {
    const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((one) => Number(one.tagName[1]));
    return levels.filter((level, place) => level > (place ? levels[place - 1] : 0) + 1).length;
}"""
"""How often headings skip a level."""


def wrong_with(page: Page, paths: Iterable[str], *, languages: Iterable[str] = ("en", "ar")) -> list[str]:
    """What is wrong with these pages, each named: nothing, if everybody can use them."""
    found: list[str] = []
    for path in paths:
        for language in languages:
            page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
            page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            found += [f"{path} [{language}] {wrong}" for wrong in wrong_with_this(page)]
    return found


def wrong_with_this(page: Page) -> list[str]:
    """The page as it is: axe's violations, headings that jump, and what does not fit its screen."""
    found = ["headings jump"] if page.evaluate(JUMPING) else []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            report = Axe().run(page, options={"runOnly": LEVELS}).response
            found += [
                f"{width} {scheme} {one['id']}: {one['nodes'][0]['html']}" for one in report["violations"]
            ]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{wide} px wide on {width}")
    return found
