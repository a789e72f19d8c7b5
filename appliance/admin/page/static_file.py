"""The page's style, script and icon, as they lie in the package."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from starlette.exceptions import HTTPException

_MEDIA_TYPES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""All files there are: nothing else in the folder, or beside it, can be asked for."""


def static_file(name: str) -> tuple[bytes, str]:
    """Content and media type. Raises HTTPException (404)."""
    media_type = _MEDIA_TYPES.get(name)
    if media_type is None:
        raise HTTPException(404, "there is no such file")
    return _read(name), media_type


@lru_cache(maxsize=len(_MEDIA_TYPES))
def _read(name: str) -> bytes:
    return files("appliance.admin").joinpath("static", name).read_bytes()
