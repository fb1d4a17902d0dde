"""Retired models that are still listed: looked up for free, asked themselves now and then (rules.md 28)."""

from dataclasses import replace

from monitor.core.domain.state import ModelState
from monitor.core.domain.vocabulary import Reason, Status
from monitor.core.planning.inputs import Knowledge

_THERE = 200
_TELLING = frozenset({_THERE, 404, 410, 503})  # others are about the look, not about the model


def is_checked_only(known: ModelState | None, knowledge: Knowledge, *, every: int) -> bool:
    """Whether looking a model up is enough in this sweep, of which every `every`th asks it in full.

    A delisted model that is listed again is news and is asked.
    """
    if known is None or known.status is not Status.RETIRED or known.reason == Reason.DELISTED:
        return False
    return knowledge.looks + 1 < every


def after_check(knowledge: Knowledge, http_status: int | None) -> tuple[Knowledge, bool]:
    """Return what is known after a look, and whether it says that the model is back.

    Only a change says so: some providers' metadata know every listed id, whether it answers or not.
    """
    if http_status not in _TELLING:
        return replace(knowledge, looks=knowledge.looks + 1), False
    is_back = http_status == _THERE and knowledge.listed_status != _THERE
    looks = 0 if is_back else knowledge.looks + 1
    return replace(knowledge, looks=looks, listed_status=http_status), is_back


def after_probe(knowledge: Knowledge) -> Knowledge:
    """Return what is known after the model was asked itself."""
    return replace(knowledge, looks=0)
