"""Options of several commands, the same words in each; repeated, those that choose mean any of the values."""

import math
from typing import Any

import click

from monitor.cli.terminal import completion
from monitor.core.domain.vocabulary import Kind


class _Percent(click.FloatRange):
    """A number from 0 to 100; NaN, which no comparison finds outside, is none."""

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        if math.isnan(number := super().convert(value, param, ctx)):  # NaN passes click's comparison
            self.fail(f"{value!r} is not a number from 0 to 100.", param, ctx)
        return number


provider_option = click.option(
    "--provider",
    "providers",
    metavar="NAME",
    multiple=True,
    shell_complete=completion.providers,
    help="Only this provider; repeat it for several.",
)
model_option = click.option(
    "--model",
    "models",
    metavar="MODEL",
    multiple=True,
    shell_complete=completion.models,
    help="Only this model; repeat it for several.",
)
kind_option = click.option(
    "--kind",
    "kinds",
    type=click.Choice([kind.value for kind in Kind]),
    multiple=True,
    help="Only models of this kind; repeat it for several.",
)
min_uptime_option = click.option(
    "--min-uptime", type=_Percent(), metavar="PCT", help="Only models with at least this uptime over --days."
)
all_option = click.option(
    "--all", "is_all", is_flag=True, help="Also models that the configuration does not watch."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
days_option = click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=30,
    show_default=True,
    help="Number of days to look back.",
)
