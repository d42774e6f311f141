"""Fuzzes the readers of datasets: `make fuzz SECONDS=60 SEED=1`, or `python -m tests.fuzz.readers`.

Begins with every broken file of the corpus and a good one of each kind, and mutates them: bytes cut, put in,
overwritten, repeated, spliced from another file, packed. Where atheris is installed, `--atheris` lets it choose by
coverage instead. A file that breaks a property is written to `build/fuzz` and ends the run with status 1:
`--file` runs it again.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from tests.fuzz.invariants import NAMES, check
from tests.unit.datasets.broken_files import CASES, GOOD
from tests.unit.datasets.good_files import as_array, as_csv, as_parquet, as_tsv, as_xlsx, conversations
from tests.unit.datasets.memory_files import pairs
from tests.unit.datasets.reading.zstandard import zstd

FOUND = Path("build/fuzz")
LONGEST_SECONDS = 60
_LONGEST_FILE = 200_000
_TOKENS = [
    *(bytes([letter]) for letter in b'"[]{}:,\\\n\r\t ;|\0'), b'{"question"', b'"answer": ', b"NaN", b"null", b"1e999",
    b"\\ud83d", b"\\u0000", b"\xef\xbb\xbf", b"\xff", b"\xe2\x80", b"-", b"9" * 30, b'""', b"[" * 2000,
    b"PAR1", b"\x1f\x8b", b"PK\x03\x04", b"sep=;\n", b'{"data": [', b"\xff\xfe",
]  # fmt: skip


def seeds() -> list[bytes]:
    """Whole cases: the byte that says how to read, and the file."""
    files = [(name, data) for name, data, *_ in CASES.values()]
    good = pairs(12)
    files += [
        ("t.jsonl", GOOD),
        ("t.json", as_array(good)),
        ("t.csv", as_csv(good)),
        ("t.tsv", as_tsv(good)),
        ("t.parquet", as_parquet(good)),
        ("t.xlsx", as_xlsx(good)),
        ("t.csv", as_csv(good).decode().encode("utf-16")),
        ("t.json", b'{"version": 1, "data": ' + as_array(good) + b', "note": "n"}'),
        ("t.jsonl", conversations(4)),
    ]
    return [bytes([_number(name)]) + data for name, data in files if len(data) < _LONGEST_FILE]


def _number(name: str) -> int:
    endings = name.split(".", 1)[1]
    return next((at for at, known in enumerate(NAMES) if known.split(".", 1)[1] == endings), 0)


def mutated(rng: random.Random, known: list[bytes]) -> bytes:
    """One of the known files, changed in one to six places."""
    data = bytearray(rng.choice(known))
    if rng.random() < 0.5:
        data[:1] = bytes([rng.randrange(8 * len(NAMES))])
    for _ in range(rng.randint(1, 6)):
        start = rng.randint(1, len(data))
        stop = min(len(data), start + rng.choice((0, 0, 1, 1, 2, 8, 40)))
        kind = rng.randrange(6)
        if kind == 0:
            data[start:stop] = b""
        elif kind == 1:
            data[start:stop] = rng.randbytes(rng.randint(1, 4))
        elif kind == 2:
            other = rng.choice(known)
            at = rng.randint(1, len(other))
            data[start:stop] = other[at : at + rng.randint(1, 200)]
        elif kind == 3:
            data[start:start] = data[start:stop] * rng.choice((1, 2, 50))
        elif kind == 4 and rng.random() < 0.1:
            pack = rng.choice((gzip.compress, zstd.compress))
            data[1:] = pack(bytes(data[1:]))
        else:
            data[start:stop] = rng.choice(_TOKENS)
    return bytes(data[:_LONGEST_FILE])


def attempt(data: bytes) -> str | None:
    """What went wrong with a file, as a traceback. The file is kept meanwhile: native code may end the process."""
    FOUND.mkdir(parents=True, exist_ok=True)
    (FOUND / "last").write_bytes(data)
    signal.alarm(LONGEST_SECONDS)
    try:
        check(data)
    except Exception:  # any that escapes a reader is what is looked for
        return traceback.format_exc()
    finally:
        signal.alarm(0)
    return None


def _hang(*_: Any) -> None:
    raise AssertionError(f"was not read in {LONGEST_SECONDS} seconds")


def keep(data: bytes, problem: str) -> None:
    """Writes the file down, and says what it broke."""
    FOUND.mkdir(parents=True, exist_ok=True)
    path = FOUND / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    print(f"{problem}\n{path}: run it again with --file {path}", file=sys.stderr)


def run(seconds: float, seed: int) -> int:
    """Mutates until the time is over; returns the exit status."""
    rng, known = random.Random(seed), seeds()
    end, count = time.monotonic() + seconds, 0
    for data in known:
        if problem := attempt(data):
            keep(data, problem)
            return 1
    while time.monotonic() < end:
        data = mutated(rng, known)
        if problem := attempt(data):
            keep(data, problem)
            return 1
        count += 1
        if len(known) < 3000 and rng.random() < 0.02:
            known.append(data)  # so that changes add up
    print(f"{count:,} files from seed {seed} in {seconds:g} s: every one gave records or a clear error")
    return 0


def with_atheris(seconds: float) -> None:
    """Lets atheris choose by coverage, starting from the same files."""
    import atheris

    atheris.instrument_all()
    folder = FOUND / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    for data in seeds():
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
    arguments = [
        f"-max_total_time={seconds:g}",
        f"-timeout={LONGEST_SECONDS}",
        f"-artifact_prefix={FOUND}/",
        str(folder),
    ]
    atheris.Setup([sys.argv[0], *arguments], check)
    atheris.Fuzz()


def main() -> None:
    """Reads the call."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", type=Path, help="one file that was found")
    parser.add_argument("--atheris", action="store_true", help="by coverage")
    options = parser.parse_args()
    if options.file:
        check(options.file.read_bytes())
    elif options.atheris:
        with_atheris(options.seconds)
    else:
        signal.signal(signal.SIGALRM, _hang)  # atheris has an alarm of its own
        sys.exit(run(options.seconds, options.seed))


if __name__ == "__main__":
    main()
