"""Measures the speed and the memory of preprocessing, compared to two plain scripts and to a bare parser.

    two scripts   json.load, json.dumps per line; then json.loads and a Pydantic model per line
    bare parser   msgspec parses the file's bytes to dictionaries: the lower limit
    this project  one pass: read, check every rule, convert, write

Each implementation runs in its own process, in several rounds. A figure is the median of the ratios within a round, so
that other load on the machine affects both sides. Ratios use wall-clock time; processor time (user and system) is
printed, too. Memory is the peak of the process. Run with `python -m benchmarks.preprocess`.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.baselines import BASELINES, SIZED_BASELINES, write_pairs
from benchmarks.figures import Figure

S3_BYTES_PER_SECOND = 85e6  # one connection; source: "Performance guidelines for Amazon S3", Amazon S3 User Guide
FUNCTION_SECONDS = 900  # source: "Lambda quotas", AWS Lambda Developer Guide
OURS = "this project"


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of an implementation: wall-clock seconds, processor seconds, and peak memory in MiB."""

    clock: float
    processor: float
    peak: float


def measured(name: str, source: Path, target: Path, size: float = 0) -> Measured:
    """Runs an implementation in its own process, without the output of an earlier run."""
    # An existing file could make writing faster or slower.
    target.unlink(missing_ok=True)
    command = [sys.executable, "-m", __spec__.name, "--one", name, str(source), str(target), str(size)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measured(*map(float, output.split()))


def one(name: str, source: Path, target: Path, size: float) -> None:
    """Runs an implementation in this process, and prints the measurements."""
    clock, processor = time.perf_counter(), time.process_time()
    if name in SIZED_BASELINES:
        SIZED_BASELINES[name](source, target, size)
    else:
        BASELINES[name](source, target)
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(clock, processor, peak)


def main() -> None:
    """Runs the benchmark. The last line says whether the goals hold."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", type=float, nargs=2, default=[0.1e9, 2e9], help="file sizes for one pass, in bytes")
    parser.add_argument(
        "--step-sizes", type=float, nargs=2, default=[0.1e9, 2e9], help="file sizes for the whole step, in bytes"
    )
    parser.add_argument("--one", nargs=4, metavar=("NAME", "SOURCE", "TARGET", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, source, target, size = options.one
        one(name, Path(source), Path(target), float(size))
        return
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "training.json"), Path(folder, "converted.jsonl")
        write_pairs(source, options.pairs)
        rounds, grown = compare(source, target, options.rounds)
        flat = {size: measured("one pass", source, target, size).peak for size in options.sizes}
        step = {size: measured("whole step", source, target, size) for size in options.step_sizes}
    show_memory(flat, step)
    peak = max(*flat.values(), *(result.peak for result in step.values()))
    verdict(rounds, peak, ten_gigabytes(step, grown))


Rounds = Sequence[Mapping[str, Measured]]


def compare(source: Path, target: Path, count: int) -> tuple[Rounds, float]:
    """Runs and prints all implementations. Returns the rounds, and the ratio of bytes written to bytes read."""
    rounds = [{name: measured(name, source, target) for name in BASELINES} for _ in range(count)]
    size = source.stat().st_size
    print(f"{size / 1e6:.0f} MB, medians of {count}    clock             processor         memory")
    for name in BASELINES:
        results = [results[name] for results in rounds]
        clock, processor = (median(times) for times in zip(*((r.clock, r.processor) for r in results), strict=True))
        peak = max(result.peak for result in results)
        rates = f"{clock:7.2f} s {size / 1e6 / clock:5.0f} MB/s  {processor:5.2f} s {size / 1e6 / processor:5.0f} MB/s"
        print(f"  {name:<15} {rates} {peak:6.0f} MiB")
    for other in ("two scripts", "bare parser"):
        by_clock, by_processor = (ratio(rounds, other, of) for of in (_clock, _processor))
        print(f"  {other} / {OURS}: {by_clock:.3g} by the clock, {by_processor:.3g} by the processor's time")
    return rounds, target.stat().st_size / size


def ratio(rounds: Rounds, other: str, of: Callable[[Measured], float]) -> float:
    """How many times longer the other implementation takes: the median of the rounds."""
    return median(of(results[other]) / of(results[OURS]) for results in rounds)


def show_memory(flat: Mapping[float, float], step: Mapping[float, Measured]) -> None:
    """Prints the memory of one pass and of the whole step, by file size."""
    for size, peak in flat.items():
        print(f"  one pass over {size / 1e9:.1f} GB: {peak:.0f} MiB")
    for size, result in step.items():
        print(f"  whole step, {size / 1e9:.1f} GB with profile: {result.clock:.1f} s, {result.peak:.0f} MiB")


def ten_gigabytes(step: Mapping[float, Measured], grown: float) -> float:
    """Prints and returns the seconds that the function needs for 10 GB. Without a validation file it reads them twice.

    The step waits only for S3, so its time is the processor time plus the time of the transfers.
    """
    (small, first), (large, second) = sorted(step.items())
    per_byte = (second.processor - first.processor) / (large - small)
    fixed = max(first.processor - small * per_byte, 0)
    here, reading, writing = 10e9 * per_byte + fixed, 2 * 10e9 / S3_BYTES_PER_SECOND, 10e9 * grown / S3_BYTES_PER_SECOND
    slower = (FUNCTION_SECONDS - reading - writing) / here
    print("10 GB from S3 to S3, extrapolated from the whole step, which reads the file twice and writes it once:")
    print(f"  {fixed:.0f} s of profile + 10 GB at {1 / per_byte / 1e6:.0f} MB/s = {here:.0f} s")
    print(f"  S3 at {S3_BYTES_PER_SECOND / 1e6:.0f} MB/s: 2 x 10 GB read in {reading:.0f} s, ", end="")
    print(f"{10 * grown:.1f} GB written in {writing:.0f} s")
    print(f"  together {here + reading + writing:.0f} s of the function's {FUNCTION_SECONDS} s; ", end="")
    print(f"a processor {slower:.1f} times slower than this one would do")
    return here + reading + writing


def verdict(rounds: Rounds, peak: float, ten: float) -> None:
    """Prints a line per figure, and a last line for all of them."""
    figures = [
        Figure("preprocess-two-scripts", ratio(rounds, "two scripts", _clock), 6, "x", "at least"),
        Figure("preprocess-bare-parser", ratio(rounds, "bare parser", _clock), 0.5, "x", "at least"),
        Figure("preprocess-memory", peak, 150, "MiB"),
        Figure("preprocess-10-gb", ten, FUNCTION_SECONDS, "s"),
    ]
    print(*figures, sep="\n")
    state = "holds" if all(figure.holds for figure in figures) else "falls short"
    values = ",".join(f"{figure.value:.3g}{figure.unit}" for figure in figures)
    print(f"preprocess figure={values} goal=>=6x,>=0.5x,<=150MiB,<={FUNCTION_SECONDS}s {state}")


def _clock(result: Measured) -> float:
    return result.clock


def _processor(result: Measured) -> float:
    return result.processor


if __name__ == "__main__":
    main()
