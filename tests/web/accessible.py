"""Whether everybody can use a page: asked of one that is loaded, at every width, in both themes."""

from collections.abc import Iterable

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (320, 1280)
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What the theme changes: asked of the dark one; everything else was asked in the light one."""
VIOLATIONS = """async (options) => {
    const report = await axe.run(document, { ...options, resultTypes: ["violations"] });
    return report.violations.map((one) => `${one.id}: ${one.nodes[0].html}`);
}"""
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
    page.evaluate(Axe().axe_script)
    found = ["headings jump"] if page.evaluate(JUMPING) else []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="light")
        found += [f"{width} px: {one}" for one in page.evaluate(VIOLATIONS, {"runOnly": LEVELS})]
        page.emulate_media(color_scheme="dark")
        found += [f"{width} px, dark: {one}" for one in page.evaluate(VIOLATIONS, {"runOnly": COLOURS})]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{wide} px wide on {width}")
    return found
