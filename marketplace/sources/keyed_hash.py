"""Chance without a random state: every draw is a pure function of a seed and of what it is about.

Anyone can draw again for one person or one day alone, in any order and on any machine: all of it is integers.
"""

WORD = 2**64 - 1


def mix(seed: int, *keys: int) -> int:
    """64 bits that depend on every key: a chain of splitmix64 (Steele, Lea, Flood 2014), one link per key."""
    state = seed & WORD
    for key in keys:
        state = ((state ^ (key & WORD)) + 0x9E3779B97F4A7C15) & WORD
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & WORD
        state ^= state >> 31
    return state


def per_mille(seed: int, *keys: int) -> int:
    """A draw from 0 to 999."""
    return mix(seed, *keys) * 1000 >> 64
