"""Patterns of the configuration that match nothing: probably misspelt, but not an error."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from monitor.config import Fault, MaintenanceSettings, Settings
from monitor.core.domain.patterns import matches, nearest
from monitor.core.summary.standing import is_favourite
from monitor.report.words.codes import shown_id

_LISTS: Final = ("include", "exclude")


def unmatched_patterns(settings: Settings, catalogs: Mapping[str, Collection[str]]) -> list[Fault]:
    """Return a word on each pattern that matches no configured provider, or no model of the last catalogs.

    `catalogs` holds the ids last believed to be listed, by provider; ids that the configuration names are
    listed, too. Of a provider that is not in there nothing is said.
    """
    named = {provider.name: provider.models for provider in settings.providers}
    catalogs = {name: {*listed, *named.get(name, ())} for name, listed in catalogs.items()}
    return [
        *_of_providers(settings, catalogs),
        *_of_channels(settings),
        *_of_favourites(settings, catalogs),
        *(
            fault
            for place, window in enumerate(settings.maintenance)
            for fault in _of_window(window, place, settings, catalogs)
        ),
    ]


def _of_providers(settings: Settings, catalogs: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    for place, provider in enumerate(settings.providers):
        if provider.name not in catalogs:  # before the first sweep there is nothing to compare with
            continue
        listed = catalogs[provider.name]
        for key in _LISTS:
            for number, pattern in enumerate(getattr(provider, key)):
                path = ("providers", place, key, number)
                yield from _unless_matched(pattern, path, [provider.name], catalogs)
        included = [model for model in listed if matches(model, provider.include)]
        if included and all(matches(model, provider.exclude) for model in included):
            words = f"leaves no model of the last catalog of {provider.name} to be watched"
            yield Fault(("providers", place, "exclude"), words)


def _of_channels(settings: Settings) -> Iterator[Fault]:
    names = [provider.name for provider in settings.providers]
    for place, channel in enumerate(settings.notify):
        for number, pattern in enumerate(channel.providers):
            yield from _unless_named(pattern, ("notify", place, "providers", number), names)


def _of_favourites(settings: Settings, catalogs: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    watched = [provider.name for provider in settings.providers]
    if not all(name in catalogs for name in watched):  # it may match one whose catalog is not known yet
        return
    for number, pattern in enumerate(settings.summary.favourites):
        if not any(is_favourite(name, model, (pattern,)) for name in watched for model in catalogs[name]):
            yield from _unless_matched(pattern, ("summary", "favourites", number), watched, catalogs)


def _of_window(
    window: MaintenanceSettings, place: int, settings: Settings, catalogs: Mapping[str, Collection[str]]
) -> Iterator[Fault]:
    names = [provider.name for provider in settings.providers]
    covered = [name for name in names if matches(name, (window.provider,))]
    if not covered:
        yield from _unless_named(window.provider, ("maintenance", place, "provider"), names)
    elif all(name in catalogs for name in covered):
        for number, pattern in enumerate(window.models):
            yield from _unless_matched(pattern, ("maintenance", place, "models", number), covered, catalogs)


def _unless_named(pattern: str, path: tuple[str | int, ...], names: Sequence[str]) -> Iterator[Fault]:
    if not any(matches(name, (pattern,)) for name in names):
        yield Fault(path, f'"{shown_id(pattern)}" matches no configured provider{_meant(pattern, names)}')


def _unless_matched(
    pattern: str,
    path: tuple[str | int, ...],
    providers: Sequence[str],
    catalogs: Mapping[str, Collection[str]],
) -> Iterator[Fault]:
    listed = {model for name in providers for model in catalogs[name]}
    if not any(matches(model, (pattern,)) for model in listed):
        whose = f"the last catalog of {', '.join(providers)}"
        yield Fault(path, f'"{shown_id(pattern)}" matches no model in {whose}{_meant(pattern, listed)}')


def _meant(pattern: str, names: Collection[str]) -> str:
    close = ", ".join(f'"{shown_id(name)}"' for name in nearest(pattern, names))
    return f"; nearest: {close}" if close else ""
