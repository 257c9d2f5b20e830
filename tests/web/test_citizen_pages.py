"""A citizen's way through her pages: asked, yes, receipt, stop, no."""

from tests.web.city import WebCity


def test_anna_says_yes_and_gets_a_receipt(asked: tuple[WebCity, int]) -> None:
    city, use_case = asked
    anna = city.anna()

    receipt = anna.say_yes(use_case)
    on_its_way = anna.browser.get(receipt)
    city.pump()
    recorded = anna.browser.get(receipt)

    assert "being recorded" in on_its_way.text
    assert "Your answer is recorded" in recorded.text
