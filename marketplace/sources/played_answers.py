"""Who says yes in the demo. The people are synthetic and so are their answers; the demo says so."""

from collections.abc import Iterable
from dataclasses import dataclass

from marketplace.sources.keyed_hash import mix

ANSWER = 4


@dataclass(frozen=True, slots=True)
class PlayedAnswers:
    """Person ids by answer, each in ascending order. The silent were asked and did not answer."""

    yes: tuple[int, ...]
    no: tuple[int, ...]
    silent: tuple[int, ...]


def played_answers(person_ids: Iterable[int], seed: int, *, yes: int = 3_000, no: int = 500) -> PlayedAnswers:
    """Share out `yes` and `no` over the persons that are asked; the others stay silent.

    The order of `person_ids` does not matter. Callers pass only those whom one may ask: nobody under 16.

    Raises:
        ValueError: fewer persons than answers.
    """
    asked = sorted(set(person_ids), key=lambda person: (mix(seed, ANSWER, person), person))
    if len(asked) < yes + no:
        raise ValueError(f"{yes + no} answers are to be played, but only {len(asked)} people are asked.")
    return PlayedAnswers(
        yes=tuple(sorted(asked[:yes])),
        no=tuple(sorted(asked[yes : yes + no])),
        silent=tuple(sorted(asked[yes + no :])),
    )
