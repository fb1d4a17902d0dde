"""Retired models that are still listed: their metadata are read for free, each is probed now and then.

The rule is rules.md 28.
"""

from dataclasses import replace

from monitor.core.domain.state import ModelState
from monitor.core.domain.vocabulary import Reason, Status
from monitor.core.planning.inputs import Knowledge

_THERE = 200
_OF_MODEL = frozenset({_THERE, 404, 410, 503})  # others are about the request, not about the model


def is_checked_only(state: ModelState | None, knowledge: Knowledge, *, every: int) -> bool:
    """Whether a metadata check is enough in this sweep, of which every `every`th probes the model.

    A delisted model that is listed again is news and is probed.
    """
    if state is None or state.status is not Status.RETIRED or state.reason == Reason.DELISTED:
        return False
    return knowledge.looks + 1 < every


def after_check(knowledge: Knowledge, http_status: int | None) -> tuple[Knowledge, bool]:
    """Return what is known after a metadata check, and whether it says that the model is back.

    Only a change says so: some providers' metadata know every listed id, whether it answers or not.
    """
    if http_status not in _OF_MODEL:
        return replace(knowledge, looks=knowledge.looks + 1), False
    # a change, not a state: NVIDIA's metadata know listed ids that answer nowhere
    is_back = http_status == _THERE and knowledge.listed_status != _THERE
    looks = 0 if is_back else knowledge.looks + 1
    return replace(knowledge, looks=looks, listed_status=http_status), is_back


def after_probe(knowledge: Knowledge) -> Knowledge:
    """Return what is known after the model was probed."""
    return replace(knowledge, looks=0)
