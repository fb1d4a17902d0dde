"""`python -m benchmarks [NAME ...] [--quick]`: print figures beside their targets, as they are found.

A missed target is printed, not punished: machines differ. The exit code is that of the measuring itself.
"""

import argparse
from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.cost import cost
from benchmarks.figures import Benchmark, Scale
from benchmarks.folding import folding
from benchmarks.hanging import hanging
from benchmarks.minute import minute
from benchmarks.storing import storing
from benchmarks.sweeping import sweeping
from benchmarks.watching import watching

BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType(
    {
        "sweep": sweeping,
        "minute": minute,
        "hang": hanging,
        "cost": cost,
        "daemon": watching,
        "store": storing,
        "fold": folding,
    }
)
_REPEATS, _REPEATS_QUICK = 5, 2


def main() -> None:
    """Run the benchmarks that are named, all by default."""
    options = _parsed()
    scale = Scale(repeats=_REPEATS_QUICK if options.quick else _REPEATS, is_quick=options.quick)
    for name in options.names or BENCHMARKS:
        for figure in BENCHMARKS[name](scale):
            print(figure.line(), flush=True)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Figures beside their targets.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default all")
    parser.add_argument(
        "--quick", action="store_true", help="fewer repetitions, smaller catalogs and histories"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there is {', '.join(BENCHMARKS)}")
    return options


if __name__ == "__main__":
    main()
