"""The city's pages: for citizens and for everybody, on the app of `api.http`."""

from api.web.installing import install
from api.web.routes import router

__all__ = ["install", "router"]
