"""A city may write any code into its own file; it was published only if the auditor knows it."""

import pytest
from stoa_audit.checks import builds
from stoa_audit.contracts import NAMES
from stoa_audit.report import Exit, Status

from tests.auditor.builds import compiled
from tests.auditor.conftest import Audit, Honest


@pytest.mark.parametrize("name", NAMES)
def test_the_auditor_knows_the_build_that_is_compiled(name: str) -> None:
    """If it does not: python -m tests.auditor.builds"""
    assert compiled(name).items() <= builds.published()[name].items()


def test_a_city_of_the_published_build_holds(honest: Honest, audit: Audit) -> None:
    check = audit(honest.bundle, honest.ask)["chain.build"]

    assert (check.status, check.count) == (Status.HOLDS, len(NAMES))


def test_a_city_with_contracts_of_its_own_is_not_called_checked(
    honest: Honest, audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {**builds.published(), "Consents": {"0x" + "11" * 32: 100}}
    monkeypatch.setattr(builds, "published", lambda: others)

    report = audit(honest.bundle, honest.ask)

    assert [gap.id for gap in report.gaps] == ["chain.build"]
    assert "Consents was created by code of no published build" in report["chain.build"].gap
    assert report.exit is Exit.INCOMPLETE
