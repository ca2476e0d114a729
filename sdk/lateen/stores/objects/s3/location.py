"""Where an S3 store is, as its URL says it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from lateen.domain.errors import SetupError

FORM = "s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=REGION"
AMAZON = "https://s3.amazonaws.com"
PREFIX_BYTES = 900
"""A key may have 1,024 bytes, and a blob's own name takes up to 100 of them."""

_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_BUCKET = re.compile(rf"(?=.{{3,63}}$)(?!\d+\.\d+\.\d+\.\d+$){_LABEL}(?:\.{_LABEL})*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]", re.ASCII)
_REGION = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Location:
    """A bucket, and the prefix that all keys in it begin with."""

    bucket: str
    prefix: str
    """Without slashes at its ends; empty for the bucket's root."""
    endpoint: str
    """Scheme, host and perhaps port of the service."""
    region: str

    @staticmethod
    def of(url: str, environment: Mapping[str, str] = os.environ) -> Location:
        """The location that an ``s3://`` URL names; SetupError where it names none."""
        parts = _split(url)
        if "@" in parts.netloc:
            raise _secret("the bucket's name")
        options = _options(parts.query)
        region = options.get("region") or environment.get("AWS_REGION")
        return Location(
            _bucket(parts.netloc),
            _prefix(unquote(parts.path)),
            _endpoint(options.get("endpoint") or AMAZON),
            _region(region or environment.get("AWS_DEFAULT_REGION") or "us-east-1"),
        )

    def key(self, name: str) -> str:
        """The key of what has this name inside the store."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def shown(self, name: str) -> str:
        """What has this name inside the store, for a message."""
        return f"s3://{self.bucket}/{self.key(name)}"

    def __str__(self) -> str:
        path = f"/{quote(self.prefix)}" if self.prefix else ""
        query = {"endpoint": self.endpoint, "region": self.region}
        return f"s3://{self.bucket}{path}?{urlencode(query, safe=':/')}"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url, allow_fragments=False)
    except ValueError as error:
        raise SetupError(f"an S3 store's URL is {FORM}; in this one: {error}") from None


def _options(query: str) -> dict[str, str]:
    # Only names are shown: somebody may have put a key where it does not belong.
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - {"endpoint", "region"})
    if unknown:
        raise SetupError(
            f"an S3 store's URL has the options endpoint and region, and this one has"
            f" {', '.join(name[:40] for name in unknown)} too; it is {FORM}, and credentials come"
            " from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    return options


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise SetupError(
            f"{name[:80]!r} is no name of a bucket (3 to 63 of a-z, 0-9, dot and hyphen);"
            f" an S3 store's URL is {FORM}"
        )
    return name


def _prefix(path: str) -> str:
    prefix = path.strip("/")
    parts = prefix.split("/") if prefix else []
    if (
        not prefix.isprintable()
        or any(part in {"", ".", ".."} for part in parts)
        or len(prefix.encode()) > PREFIX_BYTES
    ):
        raise SetupError(
            f"{prefix[:80]!r} cannot be the prefix of an S3 store: its parts between slashes are"
            f" printable, not empty, . or .., and it has at most {PREFIX_BYTES} bytes"
        )
    return prefix


def _endpoint(url: str) -> str:
    parts = _split(url)
    if "@" in parts.netloc:
        raise _secret("its endpoint")
    host = parts.netloc.removesuffix(f":{_port(parts)}")
    plain = not (parts.path.strip("/") or parts.query)
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host) or not plain:
        raise SetupError(
            f"{url[:120]!r} is no endpoint of an S3 store; it is https://HOST:PORT or"
            f" http://HOST:PORT in {FORM}"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return None


def _region(name: str) -> str:
    if not _REGION.fullmatch(name):
        raise SetupError(f"{name[:80]!r} is no region of an S3 store; one is us-east-1")
    return name


def _secret(where: str) -> SetupError:
    return SetupError(
        f"an S3 store's URL holds credentials before {where}; take them out, since URLs are shown,"
        " and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )
