"""What the failures of requests to an S3 service mean; those that may pass are StoreUnavailable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree.ElementTree import ParseError

from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3.exceptions import HTTPError, SSLError

from lateen.domain.errors import LateenError, SetupError, StoreUnavailable

from .location import Location

ABSENT = {"NoSuchKey", "NoSuchObject", "NotFound"}
"""Codes for an object that is not there."""
DROPPED = {"NoSuchUpload", "InvalidPart"}
"""Codes for an upload that is not there any more, or not whole."""
UNTOLD = "BadRequest"
"""The client's code where the answer to HEAD, which has no body, does not say why it refuses."""
BEYOND = "InvalidRange"
"""The code for a range that begins after an object's end."""

_CREDENTIALS = {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}
"""Codes of status 400; those of 401 and 403 are too many to list."""
_REGION = {
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
    "Redirect",
    "TemporaryRedirect",
}
_FULL = {"XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded"}


@contextmanager
def explaining(location: Location) -> Iterator[None]:
    """Turns the client's errors into those of Lateen."""
    try:
        yield
    except (MinioException, HTTPError, ParseError) as error:
        raise _explained(error, location) from error


def _explained(error: Exception, location: Location) -> LateenError:
    match error:
        case S3Error():
            return _refused(error, location)
        case SSLError():
            return SetupError(
                f"the object store at {location.endpoint} cannot be reached by TLS"
                f" ({_short(error)}); choose http:// or https:// in its endpoint, and name the"
                " certificates to trust in AWS_CA_BUNDLE"
            )
        case HTTPError():
            return StoreUnavailable(
                f"the object store at {location.endpoint} cannot be reached ({_short(error)});"
                " start it, or mend the endpoint in LATEEN_STORE_URL"
            )
        case ServerError(status_code=status):
            return _failed(status, location)
        case InvalidResponseError():
            return _failed(int(getattr(error, "_code", 0)), location)
    return _failed(0, location)


def _refused(error: S3Error, location: Location) -> LateenError:
    code, status = error.code or "", error.response.status
    bucket = f"{location.bucket!r} at {location.endpoint}"
    if code == "NoSuchBucket":
        return SetupError(f"there is no bucket {bucket}; create it, or name another one")
    if code in _REGION:
        return SetupError(
            f"the bucket {bucket} is not in the region {location.region!r} ({code});"
            " add its region to LATEEN_STORE_URL: &region=..."
        )
    if code == "RequestTimeTooSkewed":
        return SetupError(
            f"this computer's clock and that of {location.endpoint} differ by more than 15 minutes;"
            " set it right"
        )
    if code in _CREDENTIALS or status in {401, 403}:
        return SetupError(
            f"the object store refuses the bucket {bucket} to these credentials ({code}); check"
            " AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and that they may"
            " get, put, delete and list objects there"
        )
    if code in _FULL:
        return StoreUnavailable(f"the bucket {bucket} has no room ({code}); free some space")
    return _failed(status, location, code)


def _failed(status: int, location: Location, code: str = "") -> LateenError:
    answer = " ".join(filter(None, [f"HTTP {status}" if status else "no XML", code]))
    if status >= 500 or status in {408, 429} or code in {"RequestTimeout", "SlowDown"}:
        return StoreUnavailable(
            f"the object store at {location.endpoint} fails ({answer}); try again later, or look"
            " into its log"
        )
    return SetupError(
        f"{location.endpoint} does not answer like an object store with the bucket"
        f" {location.bucket!r} ({answer}); check the endpoint in LATEEN_STORE_URL"
    )


def _short(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text[:200]}"
