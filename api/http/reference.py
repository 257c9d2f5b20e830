"""The API's description as a page to read, at `/docs`: our own, without a script and without asking anybody else."""

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from jinja2 import ChainableUndefined, Environment
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.http.policies import served

HERE = Path(__file__).parent
SHAPES = "#/components/schemas/"


def install(app: FastAPI) -> None:
    """Serve the reference of `app`. It says what is public anyway, so it has no policy."""
    page = cache(
        lambda: html(app)
    )  # made when it is first read: a second of work that a start need not wait for
    style = (HERE / "reference.css").read_text("utf-8")

    async def read(_request: Request) -> Response:
        return HTMLResponse(page())

    async def dress(_request: Request) -> Response:
        return Response(style, media_type="text/css")

    app.add_route("/docs", read, include_in_schema=False)
    app.add_route("/docs/style.css", dress, include_in_schema=False)


def html(app: FastAPI) -> str:
    # What a description leaves out is shown as nothing.
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=ChainableUndefined
    )
    template = environment.from_string((HERE / "reference.html").read_text("utf-8"))
    described = app.openapi()
    return template.render(
        title=described["info"]["title"],
        description=described["info"]["description"],
        tags=described["tags"],
        operations=operations(app),
        shapes=dict(sorted(described["components"]["schemas"].items())),
        kind=kind,
    )


def operations(app: FastAPI) -> list[dict[str, Any]]:
    """Every operation, with its method, path and policy."""
    policies = {(path, method): policy for path, methods, policy in served(app) for method in methods}
    found: list[dict[str, Any]] = []
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            found.append(
                {
                    **operation,
                    "method": method.upper(),
                    "path": path,
                    "policy": policies[path, method.upper()],
                    "first_sentence": operation["description"].split(". ")[0].rstrip(".") + ".",
                    "body": body.get("schema"),
                }
            )
    return found


def kind(schema: Any) -> Markup:  # noqa: PLR0911 (one answer per kind)
    """What a value is, in a few words, with a link where it has a shape of its own."""
    match schema:
        case {"$ref": str() as place}:
            name = place.removeprefix(SHAPES)
            return Markup('<a href="#{0}">{0}</a>').format(name)
        case {"anyOf": list() as some} | {"oneOf": list() as some}:
            return Markup(" or ").join(kind(one) for one in some)
        case {"enum": list() as values}:
            return Markup("one of ") + Markup(", ").join(escape(value) for value in values)
        case {"const": value}:
            return escape(value)
        case {"type": "array", "items": inner}:
            return Markup("list of ") + kind(inner)
        case {"type": "string", "pattern": pattern}:
            return Markup("text like <code>{}</code>").format(pattern)
        case {"type": "null"}:
            return Markup("nothing")
        case {"type": str() as type_, **rest}:
            return escape(f"{type_} ({rest['format']})" if "format" in rest else type_)
        case _:
            return Markup("anything")
