"""Addresses of attachments: paths of this machine, and whatever fsspec opens.

A list of tickets may come from a stranger, so an address in it is worth less than one on the command
line: it is followed only to a place that the user has named. Addresses carry secrets (user names, signed
queries, tokens in paths), so what messages show of one is made here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import parse_qs, unquote, urlsplit

from analyzer.errors import UsageError
from analyzer.safe import one_line

_REMOTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+(?:://|::.*://)", re.DOTALL)
_OURS: Final = frozenset(("file", "local"))
# What a list of tickets may name, once its place is allowed. Others, fsspec's chains among them, can read
# from this machine or unpack what they like; only the command line may name those.
_PLAIN: Final = frozenset(
    [
        "http",
        "https",
        "s3",
        "s3a",
        "gs",
        "gcs",
        "az",
        "abfs",
        "abfss",
        "adl",
        "sftp",
        "ssh",
        "ftp",
        "ftps",
        "hdfs",
        "webhdfs",
        "smb",
        "oci",
        "memory",
    ]
)
_WEB: Final = frozenset(("http", "https"))
_EXTRAS: Final = {
    "http": "http", "https": "http", "s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "az": "azure",
    "abfs": "azure", "abfss": "azure", "adl": "azure", "sftp": "sftp", "ssh": "sftp",
}  # fmt: skip


def is_remote(text: str) -> bool:
    """Whether fsspec has to open it. False for a path, and for `file://…`, which is one."""
    return _REMOTE.match(text) is not None and _scheme(text) not in _OURS


def local_path(text: str) -> Path:
    """The path behind a path or a `file://` address."""
    if _REMOTE.match(text) is not None and _scheme(text) in _OURS:
        return Path(unquote(text.partition("://")[2]))
    return Path(text)


def origin(url: str) -> str:
    """`scheme://host` in lower case: the place that is trusted or not. Without user name and password."""
    scheme, _, rest = url.partition("://")
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{scheme.lower()}://{host.lower()}"


def allowed(url: str, origins: Collection[str]) -> bool:
    """Whether an address from a list of tickets may be followed: its place is one of `origins`."""
    return _scheme(url) in _PLAIN and "::" not in url and origin(url) in origins


def shown(url: str) -> str:
    """An address without its secrets: no user, no query, and of the web's no path (it may be a token)."""
    if not is_remote(url):
        return one_line(url, 300)
    if "::" in url:
        return "::".join(shown(part) if "://" in part else one_line(part, 60) for part in url.split("::"))
    place = origin(url)
    if _scheme(url) in _WEB:
        return one_line(f"{place}/…", 300)
    path = url.partition("://")[2].rpartition("@")[2].partition("/")[2].partition("?")[0]
    return one_line(f"{place}/{path}", 300)


def name_of(url: str) -> str:
    """The last part of a path or an address, for people; `attachment` where it has none.

    Of the web's addresses the query's `name` or `filename` counts first, and a last part without a suffix
    does not: it may be a token.
    """
    if not is_remote(url):
        return url.rstrip("/").replace("\\", "/").rpartition("/")[2] or "attachment"
    try:
        parts = urlsplit(url)
    except ValueError:  # no address that anything could open
        return "attachment"
    if parts.scheme.lower() in _WEB:
        query = parse_qs(parts.query)
        told = next((query[key][0] for key in ("name", "filename") if query.get(key)), None)
        last = told or unquote(parts.path).rpartition("/")[2]
        return last.replace("\\", "/").rpartition("/")[2] if "." in last else "attachment"
    return unquote(parts.path).rstrip("/").rpartition("/")[2] or "attachment"


def filesystem(url: str) -> tuple[Any, str]:
    """fsspec's file system for an address, and the path in it.

    Raises UsageError when nothing installed speaks its scheme, naming the extra that does.
    """
    from fsspec.core import url_to_fs

    scheme = _scheme(url)
    extra = _EXTRAS.get(scheme)
    try:
        found, path = url_to_fs(url)
    except ImportError as error:
        raise UsageError(
            f"{scheme}:// needs a package that is not installed",
            where=shown(url),
            help=f"pip install 'hangup[{extra}]'" if extra else f"install fsspec's backend for {scheme}",
        ) from error
    except ValueError as error:
        raise UsageError(
            "no known kind of address",
            where=shown(url),
            expected="a path, or s3://, gs://, az://, https://, sftp:// …",
        ) from error
    return found, str(path)


def open_remote(url: str) -> BinaryIO:
    """The bytes behind an address, seekable where its server can. Raises what fsspec's backend raises."""
    found, path = filesystem(url)
    return cast(BinaryIO, found.open(path, "rb"))


def why(error: BaseException) -> str:
    """What went wrong with an address, without the text of the error: it quotes the address."""
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    if isinstance(error, PermissionError):
        return "access is denied"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return f"the server answered {status}"
    if isinstance(error, TimeoutError):
        return "there was no answer in time"
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return os.strerror(error.errno).lower()
    return f"it cannot be fetched ({type(error).__name__})"


def _scheme(url: str) -> str:
    return re.split(r"://|::", url, maxsplit=1)[0].lower()
