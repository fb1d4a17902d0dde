"""How models are named where several providers have the same id, and which model a name means."""

from collections import Counter
from collections.abc import Iterable

from monitor.core.domain.patterns import nearest
from monitor.core.history.selection import Selection

Key = tuple[str, str]  # provider and model


def qualified(key: Key) -> str:
    """Return `provider/model`, which no other model has: a provider's name has no slash."""
    return "/".join(key)


def shown_names(keys: Iterable[Key]) -> dict[Key, str]:
    """Return a name for each model: its id, or `provider/model` where the id alone could mean two of them."""
    names = {key: key[1] for key in keys}
    while True:
        uses = Counter(names.values())
        repeated = [key for key, name in names.items() if uses[name] > 1 and name != qualified(key)]
        if not repeated:
            return names
        names |= {key: qualified(key) for key in repeated}  # may be the id of another model: look again


def models_named(name: str, keys: Iterable[Key], selection: Selection) -> list[Key]:
    """Return the models that a name means: one, none, or several where an id needs its provider.

    Models of the selection come first; one outside it is meant only where none inside has the name.
    """
    keys = [key for key in keys if selection.has(key[0])]
    inside = [key for key in keys if selection.covers(*key)]
    return _matching(name, inside) or _matching(name, keys)


def nearest_names(name: str, keys: Iterable[Key], selection: Selection) -> tuple[str, ...]:
    """Return up to three names of the selection that are most like one that no model has."""
    names = shown_names(key for key in keys if selection.covers(*key))
    return nearest(name, names.values())


def _matching(name: str, keys: list[Key]) -> list[Key]:
    alike = sorted(key for key in keys if name in {key[1], qualified(key)})
    if len(alike) > 1:
        names = shown_names(keys)  # `a/x` is the id of one model, and a's model x where x is repeated
        return [key for key in alike if names[key] == name] or alike
    return alike
