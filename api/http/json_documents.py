"""Documents inside bodies: JSON of any shape whose digest counts, so every number in it must be exact."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator

from marketplace.catalogue.documents import DocumentError, parse_json


def _exact(document: dict[str, Any]) -> dict[str, Any]:
    try:
        parse_json(written(document))
    except DocumentError as error:
        raise ValueError(str(error)) from None
    return document


def written(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()


JsonDocument = Annotated[dict[str, Any], AfterValidator(_exact)]
