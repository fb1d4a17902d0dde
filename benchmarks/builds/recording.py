"""How a sweep is recorded behind years of history, beside another checkout: its time and its bytes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import MappingProxyType

from benchmarks.builds.build import CPU, WALL, WRITTEN, Build, Costs, Running
from benchmarks.builds.compared import Pair, figures, in_turns
from benchmarks.builds.working import UrlOf
from benchmarks.figures import Figure

_RECORDER = Path(__file__).with_name("recorder.py")
_WARM: Mapping[str, float] = MappingProxyType({WALL: 0.4, CPU: 0.4, WRITTEN: 0.6})
_COLD: Mapping[str, float] = MappingProxyType({WALL: 0.5, CPU: 0.5})


def recording(
    pair: Pair, repeats: int, database: str, url_of: UrlOf, *, models: int, sweeps: int
) -> Iterator[Figure]:
    """Compare sweeps of so many models behind so many others, of a history of each build's own."""
    case = f"{database}, {models * sweeps / 1e6:.1f}M, a sweep of {models:,}"
    with ExitStack() as stack:
        recorders = {
            build: stack.enter_context(
                build.running(str(_RECORDER), url_of(build, f"{models} {sweeps}"), str(models), str(sweeps))
            )
            for build in pair
        }
        warm = in_turns(pair, repeats, partial(_recorded, recorders, "warm"))
        yield from figures(case, warm, most=_WARM)
        if database == "sqlite":  # a server's memory is emptied by starting it again: see `history`
            cold = in_turns(pair, max(repeats // 2, 2), partial(_recorded, recorders, "cold"))
            yield from figures(f"{case}, cold", cold, most=_COLD)


def _recorded(recorders: Mapping[Build, Running], how: str, build: Build) -> Costs:
    recorders[build].write(how)
    costs: Costs = json.loads(recorders[build].line_with(f'"{CPU}"'))
    return costs
