"""A real S3 server, moto's, in a process of its own on a port of this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.request import Request, urlopen

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
}


@contextmanager
def s3_server(*, checks_credentials: bool = False) -> Iterator[dict[str, str]]:
    """Starts a server with the bucket ``lakes``; yields the environment that leads to it."""
    address = f"http://127.0.0.1:{_free_port()}"
    # after so many requests moto answers only who it knows, and it knows nobody
    checked = {"INITIAL_NO_AUTH_ACTION_COUNT": "1"} if checks_credentials else {}
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            address.rsplit(":", maxsplit=1)[-1],
        ],
        env=os.environ | checked,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _make_bucket(address)
            yield CREDENTIALS | {"AWS_ENDPOINT_URL": address}
        finally:
            server.kill()


def _free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port that stays closed; its number holds 403, which must not read as a refusal."""
    with socket.socket() as held:
        for port in range(40300, 40400):
            with suppress(OSError):
                held.bind(("127.0.0.1", port))
                break
        yield held.getsockname()[1]


def _make_bucket(address: str) -> None:
    for _ in range(200):
        try:
            urlopen(Request(f"{address}/lakes", method="PUT"), timeout=10).close()
        except ConnectionError:
            time.sleep(0.1)
        except OSError as error:
            if "refused" not in str(error):
                raise
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the S3 server did not start")
