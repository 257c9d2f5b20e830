"""The staff's requests and records in a real browser: usable by everybody, downloaded with one click."""

import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from marketplace.staff import service as staff
from tests.web.accessible import wrong_with
from tests.web.browsing import DESK
from tests.web.conftest import Devices
from tests.web.listening import Listening

pytestmark = pytest.mark.browser


def test_otto_comes_in_by_his_link_and_takes_the_records_home(
    listening: Listening, device: Devices, tmp_path: Path
) -> None:
    with listening.city.office.house.database.writing() as session:
        code = staff.invite(session, "Otto", now=int(time.time()))
    page = device(viewport=DESK).page(f"/city/enter#{code}")
    page.wait_for_url("**/city")

    page.click("nav.area >> text=Records")
    expect(page.locator("h1")).to_have_text("Records")
    for link, name, kind in (
        ("Download the records (JSON)", "records.json", "records-of-processing/1"),
        ("Download the draft (JSON)", "draft.json", "impact-assessment-draft/1"),
    ):
        with page.expect_download() as got:
            page.click(f"text={link}")
        got.value.save_as(tmp_path / name)
        assert json.loads((tmp_path / name).read_bytes())["stoa"] == kind
        if kind == "records-of-processing/1":
            page.click(f"text=Impact assessment of use case {listening.use_case}")
            expect(page.locator("h1")).to_have_text(f"Impact assessment of use case {listening.use_case}")

    paths = (
        "/city/requests",
        "/city/records",
        f"/city/records/{listening.use_case}",
    )
    assert wrong_with(page, [listening.address + one for one in paths]) == []
