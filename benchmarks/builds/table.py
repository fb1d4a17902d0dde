"""What this checkout costs beside another one: sweeps, memory, idle minutes, pages, starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from benchmarks.builds.build import Build
from benchmarks.builds.compared import Pair
from benchmarks.builds.recording import recording
from benchmarks.builds.serving import serving
from benchmarks.builds.working import UrlOf, commands, daemons, idle, writing
from benchmarks.databases import postgres_server, run_on_server
from benchmarks.figures import Figure, Scale
from benchmarks.process import ROOT, can_look
from benchmarks.provider import provider

_CROWD, _MANY, _FEW, _LATENCY_S = 2_000, 200, 20, 0.02
_RECORDED, _RECORDED_QUICK = 3_500_000, 200_000  # observations
_ROUNDS, _ROUNDS_QUICK = 4, 2  # times the scale's repeats: figures of milliseconds need many
DATABASES = ("sqlite", "postgres")


def builds(scale: Scale) -> Iterator[Figure]:
    """Compare with the checkout that `--against DIR` names: a git worktree of an older commit."""
    what = "this build's costs over another's"
    if scale.against is None or not can_look():
        why = "name a checkout with --against" if scale.against is None else "this system has no /proc"
        yield Figure(name=f"{what}: {why}", value=None)
        return
    with TemporaryDirectory() as directory, provider(_MANY, _LATENCY_S) as many:
        pair = _pair(scale.against, Path(directory))
        repeats = scale.repeats * (_ROUNDS_QUICK if scale.is_quick else _ROUNDS)
        for database in scale.databases or DATABASES:
            with _databases(database) as url_of, provider(_FEW, _LATENCY_S) as few:
                yield from writing(pair, repeats, f"{database}, write of a sweep of {_MANY}", url_of)
                for models, url in ((_FEW, few.base_url), (_MANY, many.base_url)):
                    case = f"{database}, a daemon's sweep of {models}"
                    yield from daemons(pair, repeats, case, url_of, url)
                yield from idle(pair, f"{database}, an idle minute", url_of, few.base_url)
        with _databases("sqlite") as url_of:
            yield from serving(pair, repeats, url_of, many.base_url)
            yield from commands(pair, repeats, url_of, many.base_url)


def record(scale: Scale) -> Iterator[Figure]:
    """Compare how sweeps are recorded behind years of history, `--observations` of them."""
    if scale.against is None or not can_look():
        why = "name a checkout with --against" if scale.against is None else "this system has no /proc"
        yield Figure(name=f"recording a sweep beside another build: {why}", value=None)
        return
    usual = _RECORDED_QUICK if scale.is_quick else _RECORDED
    cases = {_MANY: (scale.most or usual) // _MANY, _CROWD: usual // _CROWD}
    for database in scale.databases or DATABASES:
        with (
            TemporaryDirectory(dir=scale.directory) as directory,
            _databases(database, scale.directory) as of,
        ):
            pair = _pair(scale.against, Path(directory))
            for models, sweeps in cases.items():
                yield from recording(pair, scale.repeats, database, of, models=models, sweeps=sweeps)


def _pair(against: Path, directory: Path) -> Pair:
    for name in ("before", "now"):
        (directory / name).mkdir()
    return (
        Build(name="before", root=against.resolve(), directory=directory / "before"),
        Build(name="now", root=ROOT, directory=directory / "now"),
    )


@contextmanager
def _databases(database: str, parent: Path | None = None) -> Iterator[UrlOf]:
    """Give what names a new database of a build."""
    if database == "sqlite":
        yield lambda build, name: f"sqlite:///{build.directory}/{_word(name)}.db"
        return
    with postgres_server(parent) as server:
        address = make_url(server.get_uri())

        def create(build: Build, name: str) -> str:
            database = f"{build.name}_{_word(name)}"
            run_on_server(address, f'CREATE DATABASE "{database}"')
            return address.set(database=database).render_as_string(hide_password=False)

        yield create


def _word(name: str) -> str:
    return "".join(character for character in name if character.isalnum())
