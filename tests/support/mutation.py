"""Which mutants of a module survive its tests (make mutation).

`pytest -p tests.support.mutation --mutants FILE --survivors FILE TESTS` runs, instead of the tests, each
mutant (as tests/tools/mutants.py wrote them) against the tests that reach it, in a fork of this process, in
which the mutant is put into the imported modules. It fails where the verdict on the survivors has a complaint
(tests/support/survivors.py).
"""

import ast
import gc
import importlib
import json
import os
import resource
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import process_time
from types import FunctionType, ModuleType
from typing import Any

import pytest
from coverage import Coverage
from hypothesis import Phase, settings

from tests.support.survivors import Mutant, compare, killed_of_each_package, read_survivors

EXAMPLES = 25  # of a property, the same in each run
_COLLECTION = "collection"
_CPU_S = 30  # a mutant that spends more does not end: it is killed


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants", type=Path, required=True, help="as tests.tools.mutants writes them")
    parser.addoption("--survivors", type=Path, required=True, help="mutants that no test can kill, and why")
    parser.addoption("--alive", type=Path, help="write the mutants that survived here")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Trial(config))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make every property quick and repeatable: few examples, always the same, no search for the smallest."""
    name = "_hypothesis_internal_use_settings"  # no profile changes a test that has settings of its own
    for item in items:
        test = getattr(item, "function", None)
        if own := getattr(test, name, None):
            brief = settings(
                own,
                max_examples=min(own.max_examples, EXAMPLES),
                derandomize=True,
                database=None,
                deadline=None,
                phases=(Phase.explicit, Phase.generate),
            )
            setattr(test, name, brief)


class _Trial:
    """Tries the mutants beside the collection of the tests, and reports."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._mutants = [
            json.loads(line) for line in config.getoption("--mutants").read_text("utf-8").splitlines()
        ]
        self._reach = Reach({}, {})
        self._killer = config.getoption("--mutants").with_suffix(
            ".killer"
        )  # from a fork: the test that failed
        self._survivors: list[Mutant] = []
        self._coverage: Coverage | None = None  # in the fork that measures what the tests reach

    def pytest_collection(self) -> None:
        """Measure, in a fork, what the tests reach; this process goes on to collect them, too."""
        self._measure()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self._coverage:
            self._write_reach(session)
        gc.freeze()  # so that no fork copies what it only counts
        items = {item.nodeid: item for item in session.items}
        for mutant in self._mutants:
            if not (names := self._reach.tests_of(mutant)):
                self._note(mutant, is_alive=True)
            elif self._is_in_fork(mutant):
                try:
                    put_in(mutant)
                    self._run([items[name] for name in names])
                finally:
                    os._exit(1)  # it cannot even be imported
        session.testsfailed = len(self._complaints())
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """End a fork as soon as one test fails, before pytest words the failure; measuring ends likewise."""
        if call.excinfo and not call.excinfo.errisinstance(pytest.skip.Exception):
            self._killer.write_text(item.nodeid, "utf-8")
            os._exit(1)

    # ---- Forks -----------------------------------------------------------------------------

    def _measure(self) -> None:
        """Fork: the child measures and writes, this process reads."""
        self._file = self._config.getoption("--mutants").with_suffix(".reach")
        child = os.fork()
        if child == 0:
            self._silence()
            packages = sorted({f"{Path(mutant['path']).parent}/*" for mutant in self._mutants})
            self._coverage = Coverage(data_file=None, config_file=False, include=packages)
            self._coverage.start()
            for mutant in self._mutants:
                importlib.import_module(_module_name(mutant))
            self._coverage.switch_context(_COLLECTION)
            return
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
            pytest.exit("the tests do not pass without a mutant", returncode=1)
        self._reach = Reach(**json.loads(self._file.read_text("utf-8")))

    def _write_reach(self, session: pytest.Session) -> None:
        measured = self._coverage
        assert measured is not None
        costs = {}
        for item in session.items:
            measured.switch_context(item.nodeid)
            began = process_time()
            self._config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            costs[item.nodeid] = process_time() - began
        measured.stop()
        data = measured.get_data()
        root = Path.cwd()
        lines = {
            str(Path(name).relative_to(root)): data.contexts_by_lineno(name) for name in data.measured_files()
        }
        self._file.write_text(json.dumps({"lines": lines, "costs": costs}), "utf-8")
        os._exit(0)

    def _is_in_fork(self, mutant: Mutant) -> bool:
        """Fork, and say in the child that it is one; here, wait for it and note what became of it."""
        child = os.fork()
        if child == 0:
            self._silence()
            resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
            return True
        is_alive = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        self._note(mutant, is_alive=is_alive)
        if self._killer.exists():
            self._reach.note_killer(mutant, self._killer.read_text("utf-8"))
            self._killer.unlink()
        return False

    def _note(self, mutant: Mutant, *, is_alive: bool) -> None:
        if is_alive:
            self._survivors.append(mutant)
            if file := self._config.getoption("--alive"):
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(mutant) + "\n")
        reporter: pytest.TerminalReporter | None = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.write("s" if is_alive else ".", flush=True)

    def _silence(self) -> None:
        self._config.pluginmanager.unregister(name="terminalreporter")
        warnings.simplefilter("ignore")

    def _run(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            self._config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        os._exit(0)

    # ---- The report ------------------------------------------------------------------------

    def _complaints(self) -> list[str]:
        accepted = read_survivors(self._config.getoption("--survivors"))
        return compare(self._mutants, self._survivors, accepted)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in killed_of_each_package(self._mutants, self._survivors):
            terminalreporter.write_line(line)
        for line in self._complaints():
            terminalreporter.write_line(line, red=True)
        terminalreporter.write_line(f"{sum(os.times()[:4]):.0f} s of CPU")


class Reach:
    """Which tests run which lines, and what each costs: `lines` of each path, `costs` in seconds of CPU."""

    def __init__(self, lines: Mapping[str, Mapping[str, Sequence[str]]], costs: Mapping[str, float]) -> None:
        self._lines, self._costs = lines, costs
        self._statements: dict[str, list[range]] = {}
        self._killers = defaultdict[str, Counter[str]](Counter)

    def note_killer(self, mutant: Mutant, test: str) -> None:
        self._killers[mutant["path"]][test] += 1

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run the mutated statement; its module, or all, where that runs at import.

        Those that killed most mutants of the module come first, then the cheapest.
        """
        tests = self._contexts(mutant)
        if "" in tests:
            of_module = {test for line in self._lines[mutant["path"]].values() for test in line}
            # a module of classes and constants alone has no line that a test runs
            tests = of_module & self._costs.keys() or {*self._costs}
        killers = self._killers[mutant["path"]]
        return sorted(tests & self._costs.keys(), key=lambda test: (-killers[test], self._costs[test]))

    def _contexts(self, mutant: Mutant) -> set[str]:
        lines = self._lines.get(mutant["path"], {})
        return {context for line in self._statement(mutant) for context in lines.get(str(line), ())}

    def _statement(self, mutant: Mutant) -> range:
        path = mutant["path"]
        if path not in self._statements:
            tree = ast.parse(Path(path).read_text("utf-8"))
            self._statements[path] = [
                _extent(node) for node in ast.walk(tree) if isinstance(node, ast.stmt | ast.excepthandler)
            ]
        return min((span for span in self._statements[path] if mutant["line"] in span), key=len)


def _extent(statement: ast.stmt | ast.excepthandler) -> range:
    """Lines of a statement; of a compound one, those of its head."""
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(decorator.lineno for decorator in decorators)])
    body = getattr(statement, "body", None)
    last = max(first, body[0].lineno - 1) if body else (statement.end_lineno or statement.lineno)
    return range(first, last + 1)


# ---- A mutant in this process --------------------------------------------------------------


def _module_name(mutant: Mutant) -> str:
    return ".".join(Path(mutant["path"]).with_suffix("").parts)


def put_in(mutant: Mutant) -> None:
    """Put a mutant into the imported module, and its values into the modules that imported them from it.

    Functions keep their identity, as others hold them; classes do, unless their head is what is mutated.
    """
    module = sys.modules[_module_name(mutant)]
    fresh = ModuleType(module.__name__)
    exec(compile(mutant["text"], str(module.__file__), "exec"), vars(fresh))  # noqa: S102 - what a mutant is for
    head = _mutated_class(mutant)
    for name, new in vars(fresh).items():
        old = vars(module).get(name)
        if isinstance(new, type) and new.__module__ == module.__name__ and name != head:
            _exchange(vars(old), vars(new))
        elif isinstance(_unwrapped(new), FunctionType) and type(new) is type(old):
            _exchange({name: old}, {name: new})
        elif not name.startswith("__") and new is not old:
            _rebind(name, old, new)


def _exchange(olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
    """Give old functions the code and the defaults of new ones."""
    for name, old in olds.items():
        before, after = _unwrapped(old), _unwrapped(news.get(name))
        if isinstance(before, FunctionType) and isinstance(after, FunctionType) and not before.__closure__:
            before.__code__ = after.__code__
            before.__defaults__, before.__kwdefaults__ = after.__defaults__, after.__kwdefaults__


def _unwrapped(value: object) -> object:
    """Return the function that a property, a cached one, a method of a class or a cache calls."""
    for wrapping in ("fget", "func", "__func__", "__wrapped__"):
        value = getattr(value, wrapping, value)
    return value


def _rebind(name: str, old: object, new: object) -> None:
    for user in list(sys.modules.values()):
        if user.__name__.startswith(("monitor.", "tests.")) and vars(user).get(name) is old:
            vars(user)[name] = new


def _mutated_class(mutant: Mutant) -> str | None:
    """Return the class whose head or fields are mutated, rather than the inside of a method."""
    for node in ast.parse(Path(mutant["path"]).read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and _extent(node).start <= mutant["line"] <= (node.end_lineno or 0):
            methods = [method for method in node.body if isinstance(method, ast.FunctionDef)]
            is_inside = any(method.lineno <= mutant["line"] <= (method.end_lineno or 0) for method in methods)
            return None if is_inside else node.name
    return None
