"""Where an S3 store is, as its URL says it."""

from __future__ import annotations

import pytest

from lateen.domain.errors import SetupError
from lateen.stores.objects.s3.location import AMAZON, Location

HERE = "endpoint=http://127.0.0.1:9000"


def of(url: str, **environment: str) -> Location:
    return Location.of(url, environment)


def test_a_url_names_all_there_is():
    location = of("s3://models/team/one?endpoint=https://s3.example.com:9000&region=eu-central-1")
    assert location == Location("models", "team/one", "https://s3.example.com:9000", "eu-central-1")


def test_a_bucket_alone_is_amazons():
    assert of("s3://models") == of("s3://models/") == Location("models", "", AMAZON, "us-east-1")


def test_the_region_comes_from_the_environment_where_the_url_names_none():
    assert of("s3://models", AWS_DEFAULT_REGION="b").region == "b"
    assert of("s3://models", AWS_DEFAULT_REGION="b", AWS_REGION="a").region == "a"
    assert of("s3://models?region=c", AWS_REGION="a").region == "c"


@pytest.mark.parametrize(
    "url",
    [
        "s3://models",
        f"s3://models/a%20b/%C3%A4%3F%23?{HERE}",
        "s3://a.b-c.d9/x//?endpoint=https://[::1]:9000&region=eu-west-1",
        f"s3://models/{'p' * 900}",
    ],
)
def test_what_is_shown_names_the_same_store(url):
    assert of(str(of(url))) == of(url)


def test_keys_begin_with_the_prefix():
    assert of("s3://models/a%20b").key("blobs/x") == "a b/blobs/x"
    assert of("s3://models").key("blobs/x") == "blobs/x"
    assert of("s3://models/a").shown("blobs/x") == "s3://models/a/blobs/x"


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("s3://", "BUCKET"),
        ("s3:///prefix", "BUCKET"),
        ("s3://Models", "'Models' is no name of a bucket"),
        ("s3://ab", "BUCKET"),
        ("s3://a..b", "BUCKET"),
        ("s3://-ab", "BUCKET"),
        ("s3://10.0.0.1", "BUCKET"),
        (f"s3://{'a' * 64}", "BUCKET"),
        ("s3://models:9000/x", "BUCKET"),
        ("s3://models/a/../b", "prefix"),
        ("s3://models/a//b", "prefix"),
        ("s3://models/a%2F..%2Fb", "prefix"),
        ("s3://models/a%00b", "prefix"),
        ("s3://models/a%0Ab", "prefix"),
        (f"s3://models/{'p' * 10_000}", "prefix"),
        ("s3://models?endpoint=127.0.0.1:9000", "endpoint"),
        ("s3://models?endpoint=ftp://127.0.0.1", "endpoint"),
        ("s3://models?endpoint=http://", "endpoint"),
        ("s3://models?endpoint=http://a:port", "endpoint"),
        ("s3://models?endpoint=http://a/path", "endpoint"),
        ("s3://models?endpoint=http://a%20b", "endpoint"),
        ("s3://models?endpoint=http://[::1", "endpoint"),
        ("s3://[models", "BUCKET"),
        ("s3://models?region=eu%20west", "region"),
        ("s3://models?region=a/b", "region"),
    ],
)  # fmt: skip
def test_what_names_no_store_is_refused_with_the_part_that_is_wrong(url, named):
    with pytest.raises(SetupError, match=named) as raised:
        of(url)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:hidden@models/x",
        "s3://models?endpoint=http://key:hidden@127.0.0.1:9000",
        f"s3://models?{HERE}&secret_key=hidden",
        f"s3://models?{HERE}&AWS_SECRET_ACCESS_KEY=hidden",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url):
    with pytest.raises(SetupError, match="AWS_SECRET_ACCESS_KEY") as raised:
        of(url)
    assert "hidden" not in str(raised.value)
