"""Content on its way out, with the server's habits (REST_CONTRACT 3.3)."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from flask import Response, request
from werkzeug.http import http_date, parse_date

from connector.sandbox.nuxeo_server.security import Principal
from connector.sandbox.nuxeo_server.store import Document, Store, pieces_of

NO_DOWNLOAD = "No download"
"""``dc:rights`` of documents that this server's one download permission script is about."""

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def may_download(document: Document, principal: Principal) -> bool:
    """What a contribution of download permissions says (REST_CONTRACT 3.3).

    A real server has none unless somebody has written one.
    """
    if document.properties.get("dc:rights") != NO_DOWNLOAD or principal.is_administrator:
        return True
    return bool(document.properties.get("dc:creator") == principal.name)


def send_blob(
    store: Store, document: Document, blob: Mapping[str, Any], name: str | None = None
) -> Response:
    """A blob: ETag, Last-Modified, single ranges, 304; never 416."""
    etag = f'"{blob["digest"]}"'
    modified = datetime.fromisoformat(document.properties["dc:modified"]).replace(microsecond=0)
    headers = {
        "ETag": etag,
        "Last-Modified": http_date(modified),
        "Accept-Ranges": "bytes",
        "Content-Disposition": _disposition(name or blob.get("name") or "blob"),
    }
    if _not_modified(etag, modified):
        return Response(status=304, headers=headers)
    headers |= _wanted_digest(blob["digest"])
    length = int(blob["length"])
    start, end = 0, length - 1
    status = 200
    if match := _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", "")):
        first, last = match[1], match[2]
        if first or last:
            start = int(first) if first else max(0, length - int(last))
            end = int(last) if first and last else length - 1
            if start <= end:
                status = 206
                # An end beyond the last byte is repeated as it was asked for.
                headers["Content-Range"] = f"bytes {start}-{end}/{length}"
            else:
                start, end = 0, length - 1
    count = max(0, min(end, length - 1) - start + 1)
    body = (
        iter(())
        if request.method == "HEAD"
        else pieces_of(store.blob_path(blob["digest"]), start, count)
    )
    response = Response(body, status=status, headers=headers)
    response.content_length = count
    response.content_type = blob.get("mime-type") or "application/octet-stream"
    return response


def _wanted_digest(digest: str) -> dict[str, str]:
    encoded = base64.b64encode(bytes.fromhex(digest)).decode()
    match request.headers.get("Want-Digest", "").lower():
        case "md5":
            return {"Digest": f"MD5={encoded}"}
        case "contentmd5":
            return {"Content-MD5": encoded}
    return {}


def _not_modified(etag: str, modified: datetime) -> bool:
    since = parse_date(request.headers.get("If-Modified-Since"))
    if since is not None and since >= modified.astimezone(UTC):
        return True
    tags = request.headers.get("If-None-Match")
    return tags is not None and (tags.strip() == "*" or etag in re.split(r"\s*,\s*", tags.strip()))


def _disposition(name: str) -> str:
    inline = request.args.get("inline")
    kind = "inline" if inline is not None and inline != "false" else "attachment"
    return f"{kind}; filename*=UTF-8''{quote(name, safe='')}"
