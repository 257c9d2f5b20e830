"""The code on a citizen's paper."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.revocation_code import (
    ALPHABET,
    RevocationCode,
    RevocationCodeError,
    WrongCheckCharacterError,
)

codes = st.builds(RevocationCode.fresh)


@given(codes)
def test_a_code_is_read_back_as_it_was_printed(code: RevocationCode) -> None:
    assert RevocationCode.parse(str(code)) == code
    assert len(str(code).replace("-", "")) == 20


@given(codes)
def test_case_spaces_and_hyphens_do_not_matter(code: RevocationCode) -> None:
    typed = " " + str(code).lower().replace("-", " ") + "\n"
    assert RevocationCode.parse(typed) == code


@given(codes, st.integers(0, 19), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_noticed(code: RevocationCode, place: int, letter: str) -> None:
    typed = list(str(code).replace("-", ""))
    if typed[place] == letter:
        return
    typed[place] = letter
    with pytest.raises(WrongCheckCharacterError):
        RevocationCode.parse("".join(typed))


@given(codes, st.integers(0, 19), st.integers(0, 19))
def test_every_swap_of_two_characters_is_noticed(code: RevocationCode, one: int, other: int) -> None:
    typed = list(str(code).replace("-", ""))
    if typed[one] == typed[other]:
        return
    typed[one], typed[other] = typed[other], typed[one]
    with pytest.raises(WrongCheckCharacterError):
        RevocationCode.parse("".join(typed))


@pytest.mark.parametrize("typed", ["", "ABCD", "0" * 20, "A" * 21, "é" * 20, "ÀÀÀÀ-" * 4])
def test_what_is_no_code_is_said_to_be_none(typed: str) -> None:
    with pytest.raises(RevocationCodeError):
        RevocationCode.parse(typed)


def test_a_code_does_not_show_itself_in_logs() -> None:
    code = RevocationCode.fresh()
    assert str(code) not in repr(code)
    assert str(code.value) not in repr(code)
