"""Where the lake is: a folder of this machine, or a prefix of an S3 object store.

Delta tables are opened with ``storage_options``, finished files are put in place whole, and DuckDB
reads through its ``httpfs`` extension. Credentials come from the AWS variables of the
environment; they are passed on as they are and never written anywhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
from deltalake.exceptions import DeltaError

from ingest.errors import StoreError, UsageError
from ingest.sqltext import quoted

LOCAL_DATA = Path("data")
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_ATTEMPTS = 3
_CONNECT_SECONDS = 5


@dataclass(frozen=True)
class S3Path:
    """A place in an object store, put together with ``/`` like a ``Path``."""

    address: str

    def __truediv__(self, name: str) -> S3Path:
        return S3Path(f"{self.address}/{name}")

    def __str__(self) -> str:
        return self.address


Location = Path | S3Path


def location(text: str) -> Location:
    """A folder, or an ``s3://bucket/prefix``, as the user names it.

    Raises:
        UsageError: another kind of address, or credentials are missing.
    """
    if "://" not in text:
        return Path(text)
    address = text.rstrip("/")
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]+(/[^/?#]+)*", address):
        raise UsageError(f"{text}: neither a folder nor an address like s3://bucket/prefix.")
    missing = [name for name in _CREDENTIALS if not os.environ.get(name)]
    if missing:
        raise UsageError(f"{address} needs credentials: set {' and '.join(missing)}.")
    return S3Path(address)


def working_folder(raw: Location) -> Path:
    """Where a writer keeps its lock and unfinished files; on the lake's own disk if it has one."""
    return raw if isinstance(raw, Path) else LOCAL_DATA / ".landing"


def storage_options(place: Location) -> dict[str, str] | None:
    """What delta-rs needs to know; a commit is a conditional put, so one of two racers wins."""
    if isinstance(place, Path):
        return None
    access = _access()
    options = {
        "aws_access_key_id": access.key_id,
        "aws_secret_access_key": access.secret,
        "aws_region": access.region,
        "allow_http": str(access.is_plain_http).lower(),
        "conditional_put": "etag",
        "max_retries": str(_ATTEMPTS - 1),
        "connect_timeout": f"{_CONNECT_SECONDS}s",
    }
    optional = {"aws_session_token": access.token, "aws_endpoint": access.endpoint}
    return options | {name: value for name, value in optional.items() if value}


def put(file: Path, target: Location) -> None:
    """Move a finished file to its place, whole or not at all."""
    if isinstance(target, Path):
        target.parent.mkdir(parents=True, exist_ok=True)
        file.replace(target)
        return
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem  # noqa: PLC0415 — S3 only

    access = _access()
    store = S3FileSystem(
        access_key=access.key_id,
        secret_key=access.secret,
        session_token=access.token,
        region=access.region,
        endpoint_override=access.endpoint,
        connect_timeout=_CONNECT_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
    )
    path = target.address.removeprefix("s3://")
    # one write of the whole file: there is no half that closing the stream could complete
    with pa.memory_map(str(file)) as whole, store.open_output_stream(path) as out:
        out.write(whole.read_buffer())
    file.unlink()


def allow_reads(connection: duckdb.DuckDBPyConnection, place: Location) -> None:
    """Let DuckDB read files below a place: nothing to do for a folder."""
    if isinstance(place, Path):
        return
    access = _access()
    name = f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"
    extension = files("duckdb_extension_httpfs").joinpath(name)
    options = {"key_id": access.key_id, "secret": access.secret, "region": access.region}
    if access.token:
        options["session_token"] = access.token
    if access.endpoint:
        options |= {"endpoint": urlsplit(access.endpoint).netloc, "url_style": "path"}
    given = ", ".join(f"{key} '{quoted(value)}'" for key, value in options.items())
    connection.execute(f"load '{quoted(str(extension))}'")
    connection.execute(
        "create or replace temporary secret lake (type s3,"
        f" scope '{quoted(place.address)}', use_ssl {not access.is_plain_http}, {given})"
    )


@contextmanager
def reaching(place: Location) -> Iterator[None]:
    """Turn what goes wrong with an object store into one line.

    Raises:
        StoreError: it cannot be reached, refuses the credentials, or has no such bucket.
    """
    try:
        yield
    except (OSError, DeltaError, duckdb.IOException) as error:
        if isinstance(place, Path):
            raise
        raise StoreError(f"{place}: {_explanation(str(error))}") from error


@dataclass(frozen=True)
class _Access:
    key_id: str
    secret: str
    token: str | None
    region: str
    endpoint: str | None

    @property
    def is_plain_http(self) -> bool:
        return (self.endpoint or "").startswith("http://")


def _access() -> _Access:
    given = os.environ.get
    return _Access(
        key_id=given("AWS_ACCESS_KEY_ID") or "",
        secret=given("AWS_SECRET_ACCESS_KEY") or "",
        token=given("AWS_SESSION_TOKEN") or None,
        region=given("AWS_REGION") or "us-east-1",
        endpoint=given("AWS_ENDPOINT_URL") or None,
    )


_EXPLANATIONS = {
    r"NoSuchBucket|NO_SUCH_BUCKET": "there is no such bucket; make it, or name another.",
    r"Forbidden|(?i:invalid_?access_?key_?id)|SignatureDoesNotMatch|ACCESS_DENIED|HTTP 403": (
        "the store refuses the credentials; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"
        " and what they may do."
    ),
    r"client error \(Connect\)|NETWORK_CONNECTION|[Cc]ould not connect|dns error": (
        "the store cannot be reached; check AWS_ENDPOINT_URL, AWS_REGION and the network."
    ),
}


def _explanation(problem: str) -> str:
    for pattern, meaning in _EXPLANATIONS.items():
        if re.search(pattern, problem):
            return meaning
    return " ".join(re.sub(r"\x1b\[\d*m|↳", " ", problem).split())[:300]
