"""The bundle itself: its files, and the city it is about."""

from stoa_audit.bundle import Bundle
from stoa_audit.digests import hexed
from stoa_audit.report import Report

NO_CITY = "no city digest was named (--city DIGEST)"


def check_files(bundle: Bundle, report: Report) -> None:
    """Every file that the manifest names is there as it says, and no other."""
    check = report["bundle.files"]
    named = [listed.path for listed in bundle.manifest.files]
    check.covered = f"{len(named)} files"
    check.expect(named == sorted(set(named)), "manifest.json", "does not name its files once each, in order")
    for path in sorted({*bundle.found_files} - {*named, "manifest.json"}):
        check.failed(path, "is not named in the manifest")
    for listed in bundle.manifest.files:
        if (bundle.folder / listed.path).is_symlink():
            check.failed(listed.path, "is a link")
            continue
        with check.guarded():
            fault = bundle.fault_in(listed)
            check.expect(fault is None, listed.path, fault or "")


def check_city(bundle: Bundle, report: Report, wanted: bytes | None) -> None:
    """The city file is the one that the manifest names, and the one that the caller expects."""
    check = report["city.file"]
    city = bundle.city
    check.covered = city.name
    check.expect(
        city.digest == bundle.manifest.city,
        "city.json",
        f"has the digest {hexed(city.digest)}, the manifest names {hexed(bundle.manifest.city)}",
    )
    if wanted is None:
        check.missed(NO_CITY)
        check.notes.append(f"compare with a receipt or with what the city publishes: {hexed(city.digest)}")
    else:
        check.expect(
            city.digest == wanted,
            "city.json",
            f"has the digest {hexed(city.digest)}, you named {hexed(wanted)}",
        )
