"""Input files: found, recognised, decompressed and cut into chunks of whole lines.

A chunk is a file of newline-delimited text that DuckDB can read without losing or inventing a
row: UTF-8, no NUL, no carriage return, no blank-by-accident. Whatever does not fit that is
rewritten line by line, so the row count of a chunk always equals its number of lines.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import orjson
import zstandard

from ingest.errors import InputError

CHUNK_BYTES = 128 * 1024 * 1024
MAX_LINE_BYTES = 16 * 1024 * 1024
LINE_SUFFIXES = (".ndjson", ".jsonl", ".json", ".log", ".txt")
TABLE_SUFFIXES = (".csv", ".parquet")
COMPRESSIONS = (".gz", ".zst")
DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError)
FIELD_SEPARATOR = b"\x01\x02\x03\x04"


@dataclass(frozen=True)
class InputFile:
    """One file to land: its path, the name kept in the lake, its format and its size."""

    path: Path
    format: str
    compression: str
    size: int

    @property
    def is_line_delimited(self) -> bool:
        """Whether each line is a record; ``.json`` may also hold one document."""
        suffixes = self.path.name.removesuffix(self.compression)
        return self.format == "lines" and not suffixes.endswith(".json")

    @property
    def name(self) -> str:
        """The name rows carry as ``source_file``: folder and file, not the machine's path."""
        return "/".join(self.path.parts[-2:])


def find_files(paths: Sequence[str]) -> list[InputFile]:
    """Expand files, folders and globs to the files below them, sorted by path.

    Raises:
        InputError: a path that names nothing, or a file of an unknown kind.
    """
    found: dict[Path, InputFile] = {}
    for given in paths:
        for path in _expand(given):
            found.setdefault(path.resolve(), recognise(path))
    return [found[path] for path in sorted(found)]


def _expand(given: str) -> list[Path]:
    path = Path(given)
    if path.is_file():
        return [path]
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.is_file() and _is_data(p)]
    else:
        files = [Path(p) for p in sorted(glob.glob(given, recursive=True)) if Path(p).is_file()]
    if not files:
        raise InputError(given, "no such file or folder", "Check the path or the pattern")
    return files


def _is_data(path: Path) -> bool:
    stem = path.with_suffix("") if path.suffix in COMPRESSIONS else path
    known = stem.suffix in LINE_SUFFIXES + TABLE_SUFFIXES
    return known and not any(part.startswith((".", "_")) for part in path.parts[-2:])


def recognise(path: Path) -> InputFile:
    """Tell a file's format and compression from its name."""
    compression = path.suffix if path.suffix in COMPRESSIONS else ""
    stem = path.with_suffix("") if compression else path
    if stem.suffix in TABLE_SUFFIXES:
        kind = stem.suffix[1:]
    elif stem.suffix in LINE_SUFFIXES:
        kind = "lines"
    else:
        raise InputError(
            str(path),
            f"unknown kind of file {''.join(path.suffixes) or '(no suffix)'}",
            "Give NDJSON (.ndjson, .jsonl, .json, .log; also .gz, .zst), .csv or .parquet",
        )
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error), "Check permissions") from error
    return InputFile(path, kind, compression, size)


def open_bytes(file: InputFile) -> IO[bytes]:
    """Open a file's decompressed bytes.

    Raises:
        InputError: the file cannot be opened.
    """
    try:
        if file.compression == ".gz":
            return cast(IO[bytes], gzip.open(file.path, "rb"))
        raw = file.path.open("rb")
    except OSError as error:
        raise InputError(str(file.path), error.strerror or str(error), "Check it") from error
    if file.compression == ".zst":
        reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
        return io.BufferedReader(reader, 1 << 20)
    return raw


def sha256_of(file: InputFile) -> str:
    """The SHA-256 of the file as it lies on disk, compressed or not."""
    try:
        with file.path.open("rb") as raw:
            return hashlib.file_digest(raw, "sha256").hexdigest()
    except OSError as error:
        raise InputError(str(file.path), error.strerror or str(error), "Check it") from error


def line_chunks(file: InputFile, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """A file's bytes in blocks of whole lines of about ``chunk_bytes``.

    Raises:
        InputError: damaged compression, or a file cut off in the middle of it.
    """
    with open_bytes(file) as stream:
        while block := read_block(file, stream.read, chunk_bytes):
            if not block.endswith(b"\n"):
                block += read_block(file, stream.readline, -1)
            yield block


def read_block(file: InputFile, read: Callable[[int], bytes], size: int) -> bytes:
    """Read some bytes of a file.

    Raises:
        InputError: damaged compression, or a file cut off in the middle of it.
    """
    try:
        return read(size)
    except DAMAGE as error:
        raise InputError(
            str(file.path),
            f"the {file.compression or 'file'} data is damaged or cut off ({error})",
            "Deliver the file again; nothing of it has landed",
        ) from error


def clean_lines(block: bytes) -> tuple[bytes, int]:
    """A block DuckDB reads one row per line, and its number of lines.

    Blocks that are clean already are returned as they are. In others, each line that could be
    misread becomes a marker object that names the reason and keeps the text.
    """
    block = block.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    if _is_clean(block):
        return block, block.count(b"\n") + (not block.endswith(b"\n"))
    lines = block.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return b"\n".join(map(_safe_line, lines)) + b"\n", len(lines)


def _is_clean(block: bytes) -> bool:
    if b"\r" in block or b"\0" in block or FIELD_SEPARATOR in block or _has_long_line(block):
        return False
    if block.isascii():
        return True
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _has_long_line(block: bytes) -> bool:
    position = 0
    while len(block) - position > MAX_LINE_BYTES:
        end = block.rfind(b"\n", position, position + MAX_LINE_BYTES)
        if end < 0:
            return True
        position = end + 1
    return False


def _safe_line(line: bytes) -> bytes:
    if len(line) > MAX_LINE_BYTES:
        return marker("line_too_long", line[:4096])
    if not line.strip():
        return b""
    if b"\r" in line or b"\0" in line or FIELD_SEPARATOR in line:
        return marker("malformed_json", line)
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return marker("invalid_utf8", line)
    return line


def marker(reason: str, raw: bytes) -> bytes:
    """A line that stands for one that cannot be read, and keeps its text."""
    text = raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
    return orjson.dumps({"_reject": reason, "_value": text})
