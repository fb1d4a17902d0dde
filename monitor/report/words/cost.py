"""What watching a provider costs a day, in requests and in words, before a single one is made.

A request for each model and one for the catalog make a sweep; metadata checks, second passes and searches
come on top.
"""

from monitor.report.words.numbers import counted


def cost_words(provider: str, *, models: int | None, sweeps: int, budget: int | None) -> str:
    """Say what the sweeps of a day ask for, and whether the day's budget of requests suffices.

    `models` is how many are watched, None where that is not known yet; `budget` None is no budget.
    """
    if sweeps == 0:
        return f"{provider}: no sweep is due in the coming UTC day"
    if models is None:
        share = f"each model {counted(sweeps, 'request')} a day"
        load = f"{counted(sweeps, 'sweep')} a day, {share}; the number of models is not known yet"
    else:
        total = f"{counted(models * sweeps, 'request')} a day (and {sweeps:,} for the catalog)"
        load = f"{counted(models, 'model')} x {counted(sweeps, 'sweep')} = {total}"
    return f"{provider}: {load}; {_budget_words(models, sweeps, budget)}"


def models_within(budget: int, sweeps: int) -> int:
    """Return how many models each of a day's sweeps may ask, beside its catalog, one request each."""
    return max(0, budget // sweeps - 1)  # at least 0: a budget may be smaller than the number of sweeps


def _budget_words(models: int | None, sweeps: int, budget: int | None) -> str:
    if budget is None:
        return "no daily request limit"
    share, said = models_within(budget, sweeps), f"budget {budget:,}"
    if share == 0:
        return (
            f"{said}: too small, each sweep needs a request for the catalog and at least one for a model; "
            f"set requests_per_day to {2 * sweeps:,} or more, or sweep less often"
        )
    if models is None:
        return f"{said}: enough for about {counted(share, 'model')} in each sweep"
    if models <= share:
        return f"{said}: fits"
    return f"{said}: exceeded, so each sweep asks about {counted(share, 'model')}, the most informative first"
