import unicodedata

from marketplace.errors import InvalidError

SHORTEST_NAME = 2
LONGEST_NAME = 80
ALLOWED_SIGNS = frozenset(" -.,&'’()/+")


class NameNotAllowedError(InvalidError):
    """An organisation's name that could mislead whoever reads it."""

    code = "name_not_allowed"


def checked_name(name: str) -> str:
    """The name as it is published: NFC, letters and digits of any script, plain punctuation, single spaces.

    Emoji, control characters and directional overrides are refused: citizens sign this name.

    Raises:
        NameNotAllowedError: what is wrong with it.
    """
    normal = unicodedata.normalize("NFC", name)
    if not SHORTEST_NAME <= len(normal) <= LONGEST_NAME:
        raise NameNotAllowedError(f"A name has {SHORTEST_NAME} to {LONGEST_NAME} characters.")
    if normal != " ".join(normal.split(" ")).strip() or "  " in normal:
        raise NameNotAllowedError("A name has single spaces, and none at its ends.")
    for character in normal:
        category = unicodedata.category(character)
        if category[0] not in "LMN" and character not in ALLOWED_SIGNS:
            raise NameNotAllowedError(
                "A name has letters, digits and the signs - . , & ' ( ) / + only: "
                f"U+{ord(character):04X} is none of them."
            )
    if not any(unicodedata.category(character)[0] == "L" for character in normal):
        raise NameNotAllowedError("A name has at least one letter.")
    return normal
