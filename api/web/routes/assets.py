from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from api.http.policies import Anybody
from api.web.assets import FOREVER
from api.web.pages import pages_of

router = APIRouter()


@router.get("/assets/{version}/{name:path}", dependencies=[Anybody])
def asset(version: str, name: str, request: Request) -> Response:
    found = pages_of(request).assets.find(version, name)
    if found is None:
        raise HTTPException(404)
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(found.content, media_type=found.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(found.compressed, media_type=found.media_type, headers=headers)
