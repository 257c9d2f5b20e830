"""A delivery becomes a version whole or not at all, and is refused by row, column and rule, never by value."""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from marketplace.catalogue.ingest import NoRowsError, RowsRefusedError, ingest, row_tag
from marketplace.catalogue.sources import (
    IngestError,
    Row,
    SchemaDriftError,
    SourceUnreadableError,
    read_csv,
    read_json_series,
    read_table,
)
from marketplace.catalogue.version_file import (
    SubjectNotInVersionError,
    VersionCorruptedError,
    VersionMismatchError,
    VersionNotWrittenError,
    WrittenVersion,
    erase_subject,
    subject_digests,
    verify_version,
)
from tests.catalogue.samples import (
    JOURNEYS,
    KEY,
    METERS,
    RESIDENTS,
    ZONE_FACTS,
    Town,
    build_meters,
    build_town,
    described,
)

OTHER_KEY = bytes(reversed(KEY))
CANARY = "CANARY-7f3a"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return build_town(tmp_path_factory.mktemp("town"), 120)


def residents(tmp_path: Path, *lines: str, heading: str = "person_id,age,sex,street,home_zone") -> Path:
    file = tmp_path / "delivery.csv"
    file.write_text("\n".join([heading, *lines]) + "\n", "utf-8")
    return file


def take(tmp_path: Path, file: Path, document: dict[str, Any] | None = None) -> WrittenVersion:
    description = described(document or RESIDENTS)
    return ingest(
        description,
        read_csv(file, description),
        index_of={"anna": 0, "bea": 1, "cid": 2}.__getitem__,
        target=tmp_path / "version",
        key=KEY,
    )


def test_rows_and_subjects_are_counted(town: Town, tmp_path: Path) -> None:
    digests = dict(subject_digests(town.descriptions["journeys"], town.versions["journeys"].path, KEY))

    assert len(digests) == len({journey.key for journey in town.journeys})
    assert take(tmp_path, residents(tmp_path, "bea,30,female,x,1", "anna,31,male,y,40")) == WrittenVersion(
        rows=2, subjects=2, size=(tmp_path / "version").stat().st_size
    )


def test_a_subjects_digest_is_over_her_readable_rows_in_order(town: Town) -> None:
    anna = town.journeys[0].key
    hers = sorted(
        (JOURNEYS["columns"][0]["domain"].index(j.mode), j.hour, j.minutes, j.to_zone)
        for j in town.journeys
        if j.key == anna
    )
    expected = hashlib.sha256()
    for mode, hour, minutes, to_zone in hers:
        row = {
            "mode": JOURNEYS["columns"][0]["domain"][mode],
            "hour": hour,
            "minutes": minutes,
            "to_zone": to_zone,
        }
        expected.update(rfc8785.dumps(row) + b"\n")

    found = dict(subject_digests(town.descriptions["journeys"], town.versions["journeys"].path, KEY))

    assert found[town.index[anna]] == expected.digest()


def test_the_order_of_a_delivery_does_not_matter(tmp_path: Path) -> None:
    lines = ["anna,30,female,x,1", "bea,31,male,y,40", "cid,9,male,y,12"]
    description = described(RESIDENTS)

    take(tmp_path, residents(tmp_path, *lines))
    one = list(subject_digests(description, tmp_path / "version", KEY))
    take(tmp_path, residents(tmp_path, *reversed(lines)))

    assert list(subject_digests(description, tmp_path / "version", KEY)) == one


def test_a_dataset_about_nobody_has_one_digest(town: Town) -> None:
    [(index, digest)] = subject_digests(town.descriptions["zones"], town.versions["zones"].path, KEY)

    assert (index, len(digest)) == (0, 32)


def test_a_version_shows_neither_keys_nor_values(town: Town) -> None:
    stored = town.versions["residents"].path.read_bytes()

    assert b"P1000" not in stored
    assert b"PAR1" not in stored


def test_each_broken_row_is_named_by_line_column_and_rule(tmp_path: Path) -> None:
    file = residents(
        tmp_path,
        "anna,30,female,x,1",
        "bea,-1,female,x,1",
        "cid,thirty,other,x,1.5",
        "dan,30,male,x,1",
        ",30,male,x,1",
    )

    with pytest.raises(RowsRefusedError) as refused:
        take(tmp_path, file)

    assert [(b.number, b.column, b.rule) for b in refused.value.breaches] == [
        (3, "age", "is outside 0 to 99"),
        (4, "age", "is not a number"),
        (4, "sex", "is not in the domain"),
        (4, "home_zone", "is not a whole number"),
        (5, "person_id", "is not an enrolled subject"),
        (6, "person_id", "is not a subject's key"),
    ]
    assert 'line 3, column "age" is outside 0 to 99' in str(refused.value)
    assert "as an editor shows the file, with its heading" in str(refused.value)
    assert not (tmp_path / "version").exists()


def test_a_line_is_the_one_that_an_editor_shows_also_after_a_text_over_several_lines(tmp_path: Path) -> None:
    file = residents(tmp_path, 'anna,30,female,"Elm\nStreet\n1",1', "bea,300,female,x,1")
    assert file.read_text().splitlines()[4].startswith("bea")

    with pytest.raises(RowsRefusedError) as refused:
        take(tmp_path, file)

    assert [breach.number for breach in refused.value.breaches] == [5]


def test_rows_of_a_table_and_items_of_a_series_are_counted_as_such(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as database, database:
        database.execute("CREATE TABLE journeys (person_id, mode, hour, minutes, to_zone)")
        database.execute("INSERT INTO journeys VALUES ('anna', 'bus', 4, 1, 1)")
    (tmp_path / "series.json").write_text('[{"home": "anna", "at": "2026-01-01T00:00:00Z", "wh": -1}]')
    journeys, meters = described(JOURNEYS), described(METERS)

    for description, rows, told in (
        (journeys, read_table(f"sqlite:///{tmp_path}/t.db", "journeys", journeys), 'row 1, column "hour"'),
        (meters, read_json_series(tmp_path / "series.json", meters), 'item 1, column "wh"'),
    ):
        with pytest.raises(RowsRefusedError, match="counted from 1") as refused:
            ingest(description, rows, index_of=["anna"].index, target=tmp_path / "version", key=KEY)
        assert told in str(refused.value)


def test_a_second_row_of_a_person_is_refused_where_there_is_one_per_person(tmp_path: Path) -> None:
    file = residents(tmp_path, "anna,30,female,x,1", "anna,30,female,x,2")

    with pytest.raises(RowsRefusedError) as refused:
        take(tmp_path, file)

    assert str(refused.value.breaches[0]) == 'line 3, column "person_id" comes a second time'


def test_a_refused_delivery_leaves_the_earlier_version_as_it_was(tmp_path: Path) -> None:
    take(tmp_path, residents(tmp_path, "anna,30,female,x,1"))
    before = (tmp_path / "version").read_bytes()

    with pytest.raises(RowsRefusedError):
        take(tmp_path, residents(tmp_path, "anna,300,female,x,1"))

    assert (tmp_path / "version").read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["delivery.csv", "version"]


def test_a_version_that_cannot_be_written_is_a_named_error_and_leaves_nothing(tmp_path: Path) -> None:
    file = residents(tmp_path, "anna,30,female,x,1")
    (tmp_path / "version").mkdir()

    with pytest.raises(VersionNotWrittenError):
        take(tmp_path, file)

    assert sorted(p.name for p in tmp_path.iterdir()) == ["delivery.csv", "version"]


def test_a_full_disk_is_a_named_error_and_leaves_the_earlier_version(tmp_path: Path) -> None:
    take(tmp_path, residents(tmp_path, "anna,30,female,x,1"))
    before = (tmp_path / "version").read_bytes()
    (tmp_path / "version.unfinished").symlink_to("/dev/full")

    with pytest.raises(VersionNotWrittenError, match="ENOSPC"):
        take(tmp_path, residents(tmp_path, "bea,31,male,x,2"))

    assert (tmp_path / "version").read_bytes() == before


def test_many_broken_rows_are_named_only_in_part(tmp_path: Path) -> None:
    with pytest.raises(RowsRefusedError) as refused:
        take(tmp_path, residents(tmp_path, *["anna,300,female,x,1"] * 500))

    assert len(refused.value.breaches) == 20
    assert "and more" in str(refused.value)


@pytest.mark.parametrize(
    ("heading", "error", "named"),
    [
        ("person_id,age,sex,street", SchemaDriftError, "home_zone"),
        ("person_id,age,sex,street,home_zone,income", SchemaDriftError, "income"),
        ("person_id,age,age,sex,street,home_zone", SchemaDriftError, "two columns"),
    ],
)
def test_schema_drift_is_named_by_column(
    tmp_path: Path, heading: str, error: type[IngestError], named: str
) -> None:
    with pytest.raises(error, match=named):
        take(tmp_path, residents(tmp_path, heading=heading))


def test_a_delivery_without_a_heading_does_not_leak_its_first_row(tmp_path: Path) -> None:
    with pytest.raises(SchemaDriftError, match=r'begins with one.*"person_id"') as refused:
        take(tmp_path, residents(tmp_path, "bea,31,male,y,40", heading=f"{CANARY},30,female,x,1"))

    assert CANARY not in str(refused.value)


def test_every_missing_and_strange_column_is_named_at_once_beside_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(SchemaDriftError) as refused:
        take(tmp_path, residents(tmp_path, heading="person_id,age,street,gender,income,zone"))

    told = str(refused.value)
    assert 'lacks the column "home_zone" that description.columns names' in told
    assert 'lacks the column "sex" that description.columns names' in told
    assert 'does not describe: "gender", "income", "zone"' in told
    assert 'columns are: "person_id", "age", "street", "gender", "income", "zone".' in told


def test_a_wrong_subject_column_is_named_as_such_beside_the_columns_that_exist(tmp_path: Path) -> None:
    document = RESIDENTS | {"subject": {"column": "citizen", "kind": "person"}, "one_row_per": "citizen"}

    with pytest.raises(SchemaDriftError) as refused:
        take(tmp_path, residents(tmp_path, "anna,30,female,x,1"), document)

    told = str(refused.value)
    assert 'lacks the column "citizen" that description.subject names' in told
    assert 'columns are: "person_id", "age", "sex", "street", "home_zone".' in told
    assert "anna" not in told


@pytest.mark.parametrize(
    ("separator", "words"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")]
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_file_separated_by_something_else_than_commas_is_told_what_to_do(
    tmp_path: Path, separator: str, words: str, quote: str
) -> None:
    lines = [["person_id", "age", "sex", "street", "home_zone"], [CANARY, "30", "female", "a, b", "1,5"]]
    file = tmp_path / "delivery.csv"
    file.write_text("".join(separator.join(f"{quote}{c}{quote}" for c in line) + "\n" for line in lines))

    with pytest.raises(SourceUnreadableError, match=f"separated by {words}. Save it with commas") as refused:
        take(tmp_path, file)

    assert CANARY not in str(refused.value)


def test_semicolons_without_a_heading_are_told_and_nothing_of_the_line(tmp_path: Path) -> None:
    file = tmp_path / "delivery.csv"
    file.write_text(f"{CANARY};30;female;x;1\n")

    with pytest.raises(SourceUnreadableError, match="separated by semicolons") as refused:
        take(tmp_path, file)

    assert CANARY not in str(refused.value)


def test_semicolons_within_a_text_are_text(tmp_path: Path) -> None:
    assert take(tmp_path, residents(tmp_path, "anna,30,female,a;b;c|d,1")).rows == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", 'The file is empty. It begins with a heading: "age", "home_zone"'),
        (b"person_id,age,sex,street,home_zone\nanna,30,female,x,1\n\n", "Line 3 of the file is empty."),
        (b"person_id,age,sex,street,home_zone\nanna,30\n", "Line 2 of the file has 2 fields"),
        (b'person_id,age,sex,street,home_zone\nanna,30,female,x,1\n"bea,30', "from line 3 on"),
        (b"person_id,age,sex,street,home_zone\nanna,\xff,female,x,1\n", "as text in UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "delivery.csv").write_bytes(content)

    with pytest.raises(IngestError, match=told):
        take(tmp_path, tmp_path / "delivery.csv")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"person_id,age,sex,street,home_zone\nanna,30\n",
        b'person_id,age,sex,street,home_zone\n"anna,30,female,x,1\n',
        b"person_id,age,sex,street,home_zone\nanna,\xff,female,x,1\n",
    ],
    ids=["empty", "ragged", "open quote", "not UTF-8"],
)
def test_a_file_that_is_no_csv_is_a_named_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "delivery.csv"
    file.write_bytes(content)

    with pytest.raises((SourceUnreadableError, SchemaDriftError)):
        take(tmp_path, file)


def test_a_missing_file_and_a_delivery_without_rows_are_named_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadableError):
        take(tmp_path, tmp_path / "nothing.csv")
    with pytest.raises(NoRowsError):
        take(tmp_path, residents(tmp_path))


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    description = described(JOURNEYS)

    with pytest.raises(SourceUnreadableError):
        list(read_table(f"sqlite:///{tmp_path}/none.db", "journeys", description))

    assert list(tmp_path.iterdir()) == []


def test_a_table_that_is_not_there_or_has_drifted_is_a_named_error(tmp_path: Path) -> None:
    description = described(JOURNEYS)
    with closing(sqlite3.connect(tmp_path / "t.db")) as database, database:
        database.execute("CREATE TABLE journeys (person_id, mode, hour)")
    url = f"sqlite:///{tmp_path}/t.db"

    with pytest.raises(SourceUnreadableError):
        list(read_table(url, 'journeys"; DROP TABLE journeys; --', description))
    with pytest.raises(SchemaDriftError, match="minutes"):
        list(read_table(url, "journeys", description))
    with pytest.raises(SourceUnreadableError):
        list(read_table("nonsense://x", "journeys", description))


def test_a_series_is_read_as_an_array_and_line_by_line(tmp_path: Path) -> None:
    readings: list[dict[str, Any]] = [
        {"home": "h1", "at": "2026-01-01T00:00:00Z", "wh": 1.25},
        {"home": "h2", "at": "2026-01-01T01:00:00+01:00", "wh": 2},
    ]
    description, version = build_meters(tmp_path, readings)
    lines = tmp_path / "lines.json"
    lines.write_text("\n".join(json.dumps(reading) for reading in readings), "utf-8")
    again = tmp_path / "again"
    homes = ["h1", "h2"]
    ingest(
        description,
        read_json_series(lines, description),
        index_of=homes.index,
        target=again,
        key=KEY,
    )

    assert list(subject_digests(description, again, KEY)) == list(
        subject_digests(description, version.path, KEY)
    )


@pytest.mark.parametrize("home", ["a\u2028b", "a\u0085b", "a\x0cb"])
def test_only_a_line_feed_ends_an_item_of_a_series(tmp_path: Path, home: str) -> None:
    file = tmp_path / "lines.json"
    item = json.dumps({"home": home, "at": "2026-01-01T00:00:00Z", "wh": 1}, ensure_ascii=False)
    file.write_text(f"{item}\r\n{item}\n", "utf-8", newline="")

    rows = list(read_json_series(file, described(METERS)))

    assert [row.values["home"] for row in rows] == [home, home]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ('[{"home": "h1", "at": "2026-01-01T00:00:00Z"}]', SchemaDriftError),
        (f'[{{"home": "h1", "at": "2026-01-01T00:00:00Z", "wh": 1, "{CANARY}": 1}}]', SchemaDriftError),
        ('[{"home": "h1", "home": "h2", "at": "2026-01-01T00:00:00Z", "wh": 1}]', SourceUnreadableError),
        ('[{"home": "h1", "at": "2026-01-01T00:00:00Z", "wh": NaN}]', SourceUnreadableError),
        ('[{"person": "h1", "at": "2026-01-01T00:00:00Z", "wh": 1}]', SchemaDriftError),
        ('["h1"]', SourceUnreadableError),
        ("{", SourceUnreadableError),
        ("[" * 100_000, SourceUnreadableError),
    ],
)
def test_a_series_of_another_shape_is_a_named_error(
    tmp_path: Path, content: str, error: type[IngestError]
) -> None:
    file = tmp_path / "series.json"
    file.write_text(content, "utf-8")

    with pytest.raises(error) as refused:
        list(read_json_series(file, described(METERS)))

    assert CANARY not in str(refused.value)
    if error is SchemaDriftError:
        assert 'has the fields "at", "home", "wh", and no other' in str(refused.value)


@pytest.mark.parametrize("place", [0, 5, 45, 60, -1])
def test_a_version_changed_in_any_byte_is_noticed(town: Town, tmp_path: Path, place: int) -> None:
    changed = bytearray(town.versions["residents"].path.read_bytes())
    changed[place] ^= 1
    (tmp_path / "changed").write_bytes(changed)

    with pytest.raises(VersionCorruptedError):
        verify_version(town.descriptions["residents"], tmp_path / "changed", KEY)


def test_a_version_cut_off_or_opened_with_another_key_is_noticed(town: Town, tmp_path: Path) -> None:
    description, version = town.descriptions["residents"], town.versions["residents"]
    (tmp_path / "short").write_bytes(version.path.read_bytes()[:-20])

    with pytest.raises(VersionCorruptedError):
        verify_version(description, tmp_path / "short", KEY)
    with pytest.raises(VersionCorruptedError):
        verify_version(description, version.path, OTHER_KEY)


def test_a_version_of_another_description_is_not_mistaken(town: Town) -> None:
    with pytest.raises(VersionMismatchError):
        verify_version(town.descriptions["journeys"], town.versions["residents"].path, KEY)


def test_erasing_a_person_leaves_every_other_digest_and_none_of_her_rows(town: Town, tmp_path: Path) -> None:
    description, version = town.descriptions["journeys"], town.versions["journeys"]
    before = dict(subject_digests(description, version.path, KEY))
    anna = town.index[town.journeys[0].key]
    hers = sum(journey.key == town.journeys[0].key for journey in town.journeys)

    written = erase_subject(
        description, version.path, KEY, subject=anna, target=tmp_path / "erased", new_key=OTHER_KEY
    )

    del before[anna]
    assert dict(subject_digests(description, tmp_path / "erased", OTHER_KEY)) == before
    assert (written.rows, written.subjects) == (len(town.journeys) - hers, len(before))


def test_erasing_somebody_without_rows_is_refused_and_writes_nothing(town: Town, tmp_path: Path) -> None:
    stayed_at_home = town.index[town.residents[0].key]

    with pytest.raises(SubjectNotInVersionError):
        erase_subject(
            town.descriptions["journeys"],
            town.versions["journeys"].path,
            KEY,
            subject=stayed_at_home,
            target=tmp_path / "erased",
            new_key=OTHER_KEY,
        )

    assert list(tmp_path.iterdir()) == []


def test_the_last_person_can_be_erased(tmp_path: Path) -> None:
    take(tmp_path, residents(tmp_path, "anna,30,female,x,1"))
    description = described(RESIDENTS)

    written = erase_subject(
        description, tmp_path / "version", KEY, subject=0, target=tmp_path / "erased", new_key=OTHER_KEY
    )

    assert (written.rows, written.subjects) == (0, 0)
    assert list(subject_digests(description, tmp_path / "erased", OTHER_KEY)) == []


def test_no_planted_value_is_in_any_refusal(tmp_path: Path) -> None:
    rows = [
        Row(1, {"person_id": CANARY, "age": CANARY, "sex": CANARY, "street": CANARY, "home_zone": CANARY}),
        Row(
            2,
            {"person_id": "anna", "age": f"1{CANARY}", "sex": None, "street": CANARY, "home_zone": [CANARY]},
        ),
        Row(3, {"person_id": {CANARY: 1}, "age": 1e300, "sex": 7, "street": 1, "home_zone": "9" * 20_000}),
    ]

    with pytest.raises(RowsRefusedError) as refused:
        ingest(
            described(RESIDENTS),
            rows,
            index_of={"anna": 0}.__getitem__,
            target=tmp_path / "version",
            key=KEY,
        )

    chain: BaseException | None = refused.value
    while chain is not None:
        assert CANARY not in f"{chain!r} {chain}"
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)


def test_row_tags_tell_rows_apart_and_nothing_without_the_subjects_mark() -> None:
    mark, dataset = b"m" * 32, b"d" * 32
    tags = [row_tag(mark, dataset, (value, 1), ordinal) for value in range(2_000) for ordinal in range(10)]

    assert len(set(tags)) == len(tags)
    assert all(0 < tag < 2**64 for tag in tags)
    assert row_tag(mark, dataset, (1, 23), 0) != row_tag(mark, dataset, (12, 3), 0)
    assert row_tag(mark, dataset, (7,), 0) == row_tag(mark, dataset, (7,), 0)
    assert row_tag(b"n" * 32, dataset, (7,), 0) != row_tag(mark, dataset, (7,), 0)
    assert row_tag(mark, b"e" * 32, (7,), 0) != row_tag(mark, dataset, (7,), 0)


def test_facts_about_zones_need_no_index(tmp_path: Path) -> None:
    file = tmp_path / "zones.csv"
    file.write_text("zone,kind,stops\n1,centre,3\n2,suburb,4\n", "utf-8")

    assert take(tmp_path, file, ZONE_FACTS).subjects == 0
