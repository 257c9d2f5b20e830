"""How likely it is that enough people say yes, computed exactly so that a report has one digest everywhere."""

from fractions import Fraction
from math import comb


def at_least(wanted: int, people: int, rate: Fraction) -> Fraction:
    """The probability that `wanted` or more of `people` consent, each with probability `rate` on her own."""
    if wanted <= 0:
        return Fraction(1)
    if wanted > people:
        return Fraction(0)
    # Over the common denominator all terms are whole numbers; there are only `wanted` of them.
    yes, no = rate.numerator, rate.denominator - rate.numerator
    fewer = sum(comb(people, count) * yes**count * no ** (people - count) for count in range(wanted))
    return 1 - Fraction(fewer, rate.denominator**people)
