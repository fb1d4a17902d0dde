"""Random lives: sweeps, faults, imports, deaths, acceptances, policies and void sweeps in any order."""

from random import Random

from sqlalchemy import Engine

from tests.store.living import START, Monitor, Nature, any_policy


def live(engine: Engine, provider: str, seed: int, length: int) -> None:
    """Let a monitor live through a random sequence of so many acts."""
    chance = Random(seed)  # noqa: S311  # chance, not a secret
    nature, monitor = Nature(provider), Monitor(engine, provider)
    for _ in range(length):
        nature.go_on(chance)
        _act(chance, nature, monitor)


def _act(chance: Random, nature: Nature, monitor: Monitor) -> None:
    luck = chance.random()
    if luck < 0.55:
        monitor.sweep(nature.show(chance, nature.now))
    elif luck < 0.75:
        _disturbed(chance, nature, monitor)
    elif luck < 0.8:
        monitor.policy = any_policy(chance)
    elif luck < 0.84:
        monitor.accept()
    else:
        _meddle(chance, nature, monitor)


def _disturbed(chance: Random, nature: Nature, monitor: Monitor) -> None:
    """Make a sweep during which others work on the history, or the process dies."""
    monitor.begin(nature.show(chance, nature.now))
    monitor.read_catalog()
    if chance.random() < 0.5:
        monitor.observe(chance.randrange(4))
    if chance.random() < 0.4:
        monitor.die()
        return
    _meddle(chance, nature, monitor)
    monitor.finish()


def _meddle(chance: Random, nature: Nature, monitor: Monitor) -> None:
    luck = chance.random()
    if luck < 0.4:
        lived = nature.now - START
        moments = sorted(START + lived * (chance.random() * 1.2 - 0.2) for _ in range(chance.randint(1, 3)))
        whole = [each.replace(microsecond=each.microsecond // 1000 * 1000) for each in moments]
        sweeps = [nature.show(chance, each) for each in whole]
        monitor.bring_in(sweeps)
        if chance.random() < 0.3:
            monitor.bring_in(sweeps)
    elif luck < 0.9:
        numbers = monitor.sweep_ids()
        number = chance.choice(numbers) if numbers else 0
        if not monitor.undo(number):
            monitor.void(number)
    else:
        monitor.decide_anew()
