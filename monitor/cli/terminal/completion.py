"""What a shell offers after Tab: ids of models and names of providers, from the history.

A shell prints whatever goes wrong here between the user's words, so nothing is said: without a configuration
or a database there is nothing to offer. A database that does not answer at once is not waited for.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:  # see context.py
    from monitor.app.wiring.application import App

_PATIENCE_S: Final = 2.0


def models(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Return the ids that begin with what was typed, each as `monitor list` prints it."""

    def names() -> list[str]:
        from monitor.cli.terminal.history_names import selection_of  # noqa: PLC0415 - slow
        from monitor.core.history.model_names import shown_names  # noqa: PLC0415 - as above
        from monitor.store import query  # noqa: PLC0415 - as above

        with _app(context) as app:
            engine = app.history()
            providers = context.params.get("providers") or ()
            selection = selection_of(app, engine, providers, is_all=bool(context.params.get("is_all")))
            keys = [key for key in query.model_keys(engine) if selection.covers(*key)]
            return list(shown_names(keys).values())

    return _items(names, typed)


def providers(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Return the providers that begin with what was typed: watched ones, and all with a history."""

    def names() -> list[str]:
        from monitor.errors import StoreError  # noqa: PLC0415 - as above
        from monitor.store import query  # noqa: PLC0415 - as above

        with _app(context) as app:
            try:
                engine = app.history()
                return sorted({*app.watched(engine).policies, *query.providers(engine)})
            except StoreError:
                return sorted(provider.name for provider in app.settings.providers)

    return _items(names, typed)


@contextmanager
def _app(context: click.Context) -> "Iterator[App]":
    """Give the application of the line's `--config`: no command has been called that would have made one."""
    from monitor.app.wiring.application import App  # noqa: PLC0415 - as above
    from monitor.config import load_settings, process_environment  # noqa: PLC0415 - as above

    logging.getLogger().addHandler(logging.NullHandler())  # else warnings reach the prompt
    path, environ = context.find_root().params.get("config_path"), process_environment()
    app = App(load_settings(Path(path) if path else None, environ), environ)  # without its notes
    try:
        yield app
    finally:
        app.close()


def _items(names: Callable[[], list[str]], typed: str) -> list[CompletionItem]:
    offered: list[str] = []

    def look() -> None:
        try:
            offered.extend(name for name in names() if name.startswith(typed) and name.isprintable())
        except Exception:
            logging.getLogger(__name__).debug("completion_failed", exc_info=True)

    # a thread that dies with the process: a server that hangs must not hold the prompt
    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    looking.join(_PATIENCE_S)
    return [CompletionItem(name) for name in offered[:]]
