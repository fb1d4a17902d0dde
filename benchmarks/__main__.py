"""`python -m benchmarks [NAME ...] [OPTIONS]`: print figures beside their targets, as they are found.

A missed target is printed, not punished: machines differ. The exit code is that of the measuring itself.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from signal import SIGTERM, signal
from types import MappingProxyType

from benchmarks.builds.table import builds, record
from benchmarks.cost import cost
from benchmarks.figures import Benchmark, Scale
from benchmarks.folding import folding
from benchmarks.hanging import hanging
from benchmarks.limited import limited
from benchmarks.minute import minute
from benchmarks.peers.growth import growth
from benchmarks.peers.table import peers
from benchmarks.public import public
from benchmarks.storing import storing
from benchmarks.sweeping import sweeping
from benchmarks.watching import watching
from benchmarks.years.table import DATABASES, history

BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType(
    {
        "sweep": sweeping,
        "minute": minute,
        "hang": hanging,
        "limits": limited,
        "cost": cost,
        "public": public,
        "peers": peers,
        "growth": growth,
        "builds": builds,
        "record": record,
        "daemon": watching,
        "store": storing,
        "fold": folding,
        "history": history,
    }
)
_REPEATS, _REPEATS_QUICK = 5, 2
_ENDED = 128 + SIGTERM


def main() -> None:
    """Run the benchmarks that are named, all by default."""
    signal(SIGTERM, _end)
    options = _parsed()
    scale = Scale(
        repeats=_REPEATS_QUICK if options.quick else _REPEATS,
        is_quick=options.quick,
        most=options.observations,
        databases=tuple(options.database or ()),
        directory=options.directory,
        against=options.against,
    )
    for name in options.names or BENCHMARKS:
        for figure in BENCHMARKS[name](scale):
            print(figure.line(), flush=True)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Figures beside their targets.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default all")
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions, smaller catalogs and histories"
    )
    parser.add_argument(
        "--against", type=Path, metavar="DIR", help="another checkout to measure beside this one"
    )
    years = parser.add_argument_group("history")
    years.add_argument(
        "--observations", type=_number, metavar="N", help="at most so many: 1M, 14M or 28M [28M]"
    )
    years.add_argument(
        "--database", action="append", choices=DATABASES, help="only this one; may be given twice"
    )
    years.add_argument("--directory", type=Path, help="where the databases are kept meanwhile")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there is {', '.join(BENCHMARKS)}")
    return options


def _end(_number: int, _frame: object) -> None:
    """Leave by an exception, so that servers are stopped and files removed on the way."""
    raise SystemExit(_ENDED)


def _number(words: str) -> int:
    """Read 14M or 14000000."""
    return round(float(words.upper().removesuffix("M")) * (1_000_000 if words.upper().endswith("M") else 1))


if __name__ == "__main__":
    main()
