"""A dataset's description is read strictly, has one digest, and agrees with its published schema."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from marketplace.catalogue.description import parse_description
from marketplace.catalogue.documents import (
    LARGEST_DOCUMENT,
    DocumentError,
    DocumentTooLargeError,
    DuplicateKeyError,
    MissingFieldError,
    NotJsonError,
    NumberNotAllowedError,
    UnknownFieldError,
    ValueNotAllowedError,
    WrongTypeError,
    parse_json,
)
from tests.catalogue.samples import JOURNEYS, METERS, RESIDENTS, ZONE_FACTS, described

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/dataset.schema.json").read_text("utf-8"))
SAMPLES = [RESIDENTS, JOURNEYS, METERS, ZONE_FACTS]

Change = Callable[[dict[str, Any]], object]

REFUSED_BY_SHAPE: list[tuple[str, type[DocumentError], Change]] = [
    ("an unknown field", UnknownFieldError, lambda d: d.update(colour="red")),
    ("a missing field", MissingFieldError, lambda d: d.pop("title")),
    ("a later format", ValueNotAllowedError, lambda d: d.update(v=2)),
    ("a title that is a number", WrongTypeError, lambda d: d.update(title=7)),
    ("an empty title", ValueNotAllowedError, lambda d: d.update(title="")),
    ("an unknown topic", ValueNotAllowedError, lambda d: d.update(topic="fun")),
    ("an unknown source", ValueNotAllowedError, lambda d: d.update(source="pdf")),
    ("a made-up honesty", ValueNotAllowedError, lambda d: d["honesty"].update(label="mostly real")),
    ("honesty without a sentence", MissingFieldError, lambda d: d["honesty"].pop("sentence")),
    ("a name with a quote", ValueNotAllowedError, lambda d: d.update(name='x"; DROP TABLE t; --')),
    ("sensitive as a word", WrongTypeError, lambda d: d.update(sensitive="no")),
    ("no columns", ValueNotAllowedError, lambda d: d.update(columns=[])),
    ("columns as an object", WrongTypeError, lambda d: d.update(columns={})),
    ("a column of no type", ValueNotAllowedError, lambda d: d["columns"][0].update(type="float")),
    ("a bound as text", WrongTypeError, lambda d: d["columns"][0].update(minimum="0")),
    ("a bound as true", WrongTypeError, lambda d: d["columns"][0].update(minimum=True)),
    ("a whole number without a bound", MissingFieldError, lambda d: d["columns"][0].pop("maximum")),
    ("a huge bound", ValueNotAllowedError, lambda d: d["columns"][0].update(maximum=2**52)),
    ("an empty domain", ValueNotAllowedError, lambda d: d["columns"][1].update(domain=[])),
    ("a repeated word", ValueNotAllowedError, lambda d: d["columns"][1].update(domain=["a", "a"])),
    ("a dimension of no kind", ValueNotAllowedError, lambda d: d["dimensions"][0].update(kind="hash")),
    ("a band without a width", MissingFieldError, lambda d: d["dimensions"][1].pop("width")),
    ("a band of width 0", ValueNotAllowedError, lambda d: d["dimensions"][1].update(width=0)),
    ("a subject without a kind", MissingFieldError, lambda d: d["subject"].pop("kind")),
    ("a call in no language", ValueNotAllowedError, lambda d: d.update(called={})),
    ("a call in an unknown language", ValueNotAllowedError, lambda d: d.update(called={"Klingon!": "x"})),
    ("a call without words", ValueNotAllowedError, lambda d: d.update(called={"en": ""})),
    ("a call that is no text", WrongTypeError, lambda d: d.update(called={"en": 1})),
    ("calls in a list", WrongTypeError, lambda d: d.update(called=["my age"])),
]
REFUSED_BY_MEANING: list[tuple[str, type[DocumentError], Change]] = [
    ("bounds upside down", ValueNotAllowedError, lambda d: d["columns"][0].update(minimum=200)),
    ("bands that leave values out", ValueNotAllowedError, lambda d: d["dimensions"][1].update(to=79)),
    ("bands that do not divide", ValueNotAllowedError, lambda d: d["dimensions"][1].update(width=30)),
    ("a dimension of no column", ValueNotAllowedError, lambda d: d["dimensions"][0].update(column="shoe")),
    (
        "a dimension of the subject",
        ValueNotAllowedError,
        lambda d: d["dimensions"][0].update(column="person_id"),
    ),
    ("a mapping with a gap", ValueNotAllowedError, lambda d: d["dimensions"][4]["values"].pop()),
    (
        "a mapping that overlaps",
        ValueNotAllowedError,
        lambda d: d["dimensions"][4]["values"][0].update({"to": 11}),
    ),
    (
        "two groups of one label",
        ValueNotAllowedError,
        lambda d: d["dimensions"][4]["values"][0].update({"label": "district 2"}),
    ),
    ("two dimensions of one name", ValueNotAllowedError, lambda d: d["dimensions"][1].update(name="age")),
    (
        "the subject among the columns",
        ValueNotAllowedError,
        lambda d: d["columns"][0].update(name="person_id"),
    ),
    ("a column that is also left out", ValueNotAllowedError, lambda d: d.update(left_out=["age"])),
    ("one row per something unknown", ValueNotAllowedError, lambda d: d.update(one_row_per="shoe")),
    (
        "a title that turns the line around",
        ValueNotAllowedError,
        lambda d: d.update(title="safe \u202egnp.exe"),
    ),
]


def changed(change: Change) -> dict[str, Any]:
    document = copy.deepcopy(RESIDENTS)
    change(document)
    return document


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: s["name"])
def test_a_description_is_read_whole_and_says_itself_again(sample: dict[str, Any]) -> None:
    found = described(sample)

    assert found.document() == {"left_out": [], **sample}
    assert parse_description(found.canonical) == found
    assert found.canonical == rfc8785.dumps(found.document())
    jsonschema.validate(sample, SCHEMA)


@pytest.mark.parametrize(
    ("what", "error", "change"), REFUSED_BY_SHAPE, ids=[case[0] for case in REFUSED_BY_SHAPE]
)
def test_parser_and_schema_refuse_the_same_shapes(
    what: str, error: type[DocumentError], change: Change
) -> None:
    document = changed(change)

    with pytest.raises(error):
        described(document)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    ("what", "error", "change"), REFUSED_BY_MEANING, ids=[case[0] for case in REFUSED_BY_MEANING]
)
def test_what_a_schema_cannot_say_is_refused_by_name(
    what: str, error: type[DocumentError], change: Change
) -> None:
    with pytest.raises(error):
        described(changed(change))


def test_every_mistake_in_a_description_is_named_at_once() -> None:
    def wrong(d: dict[str, Any]) -> None:
        d.update(v=2, topic="fun", title="", colour="red", sensitive="no", one_row_per="shoe")
        d["honesty"].update(label="mostly real", sentence=7)
        d["subject"].update(kind="Person!")
        d["columns"][0].update(minimum="0", unit="")
        d["columns"][1].update(domain=["female", 7, "male", ""], width=1)
        d["columns"].append({"name": "height", "type": "float"})
        d["dimensions"][1].update(width=0, to="99")
        d["dimensions"][2].update(column="gender")
        d["dimensions"][4]["values"][0].update(label="", to=1000)
        d["dimensions"].append({"name": "height", "column": "height", "kind": "identity"})
        d["dimensions"].append({"name": "when", "column": "home_zone", "kind": "never"})
        d["left_out"].append("street")

    with pytest.raises(UnknownFieldError) as refused:
        described(changed(wrong))

    told = str(refused.value)
    assert told.startswith("There are 21 mistakes. (1) description has a field ")
    for number, part in enumerate(
        (
            'has a field "colour" that is not known. Remove it; there may be: "called", "columns"',
            "description.v must be from 1 to 1",
            "description.columns[0].minimum must be a whole number",
            "description.columns[0].unit must have from 1 to 40 characters",
            'description.columns[1] has a field "width"',
            "description.columns[1].domain[1] must be text",
            "description.columns[3].type must be one of: category, hour, integer, timestamp",
            "description.title must have from 1 to 200 characters",
            "description.topic must be one of: connected",
            'description.honesty.label must be "real", "model" or "simulated"',
            "description.honesty.sentence must be text",
            "description.subject.kind must be a name of small letters",
            "description.sensitive must be true or false",
        ),
        start=1,
    ):
        _, mistake = told.split(f"({number}) ", maxsplit=1)
        assert part in mistake.split(f" ({number + 1}) ", maxsplit=1)[0]
    for part in (
        "description.dimensions[1].to must be a whole number",
        "description.dimensions[1].width must be from 1 to",
        'description.dimensions[2].column names no column of this dataset: "gender". There are: "age", "sex"',
        "description.dimensions[4].values[0].to must be from 1 to 40",
        "description.dimensions[6].kind must be one of: bands, identity, mapping, time",
        'names something twice: "street"',
        'description.one_row_per is "shoe", which is neither',
    ):
        assert part in told, told


def test_what_only_follows_from_a_mistake_is_not_called_one() -> None:
    broken = changed(lambda d: d["columns"][0].pop("maximum"))
    without = changed(lambda d: d["dimensions"][4]["values"][0].update(label=""))

    for document, told in (
        (broken, 'columns[0] lacks the field "maximum".'),
        (without, "values[0].label must"),
    ):
        with pytest.raises(DocumentError, match=re.escape(told)) as refused:
            described(document)
        assert "mistakes" not in str(refused.value)


def test_of_very_many_mistakes_the_first_are_named_and_the_others_counted() -> None:
    with pytest.raises(WrongTypeError, match=r"There are 500 mistakes.*And 470 more\.$") as refused:
        described(changed(lambda d: d["columns"][1].update(domain=[7] * 500)))

    assert "(30)" in str(refused.value)
    assert "(31)" not in str(refused.value)


def test_a_document_that_is_no_json_is_told_where() -> None:
    with pytest.raises(NotJsonError, match="line 2, column 14"):
        parse_json(b'{"v": 1,\n "name": "x" "title": 1}')


def test_field_order_and_an_empty_left_out_do_not_change_the_digest() -> None:
    turned = dict(reversed(JOURNEYS.items())) | {"left_out": []}

    assert described(turned).digest == described(JOURNEYS).digest


def test_a_notice_calls_the_data_as_its_description_says() -> None:
    named = described(changed(lambda d: d.update(called={"en": "my street", "de": "meine Straße"})))

    assert (named.called_in("en"), named.called_in("de")) == ("my street", "meine Straße")
    assert named.called_in("fr") == named.title.lower()
    assert named.digest != described(RESIDENTS).digest


def test_any_change_of_meaning_changes_the_digest() -> None:
    longer = changed(lambda d: d["columns"][0].update(minimum=-1) or d["dimensions"][1].update({"from": -20}))

    assert described(longer).digest != described(RESIDENTS).digest


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b'{"v": 1, "v": 1}', DuplicateKeyError),
        (b'{"v": 1.0}', NumberNotAllowedError),
        (b'{"v": 1e3}', NumberNotAllowedError),
        (b'{"v": NaN}', NumberNotAllowedError),
        (b'{"v": 9007199254740992}', NumberNotAllowedError),
        (b'{"v": ' + b"9" * 5000 + b"}", NumberNotAllowedError),
        (b'{"v": "\\ud800"}', NotJsonError),
        (b"{'v': 1}", NotJsonError),
        (b"\xff\xfe", NotJsonError),
        (b"[" * 200_000, NotJsonError),
        (b'{"a":' * 200_000, NotJsonError),
        (b'["[[[' + b"[" * 200_000, NotJsonError),
        (b'\\"' * 400_000, NotJsonError),
        (b"", NotJsonError),
        (b" " * (LARGEST_DOCUMENT + 1), DocumentTooLargeError),
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(
    raw: bytes, error: type[DocumentError]
) -> None:
    with pytest.raises(error):
        parse_json(raw)


def test_brackets_inside_text_are_text() -> None:
    assert parse_json(json.dumps(['[{"' * 100 + "\\"]).encode()) == ['[{"' * 100 + "\\"]


def test_the_largest_exact_number_is_read() -> None:
    assert parse_json(b"[9007199254740991, -9007199254740991]") == [2**53 - 1, -(2**53) + 1]


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_is_sent_the_answer_is_a_description_or_a_named_refusal(raw: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_description(raw)
