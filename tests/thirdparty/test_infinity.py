"""A real embedding server, infinity-emb: its catalog tells the kinds, so nobody is asked for a chat.

Its debugging engine embeds without weights; everything around it is what users run.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from tests.support import gateway as g
from tests.thirdparty.servers import by_model, infinity, requests_in

MODELS = ("team/one", "team/two")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("infinity")


@pytest.fixture(scope="module")
def address(place: Path) -> Iterator[str]:
    with infinity(place, *MODELS) as address:
        yield address


@g.ON_SQLITE
def test_its_models_are_asked_as_what_the_catalog_says_they_are(
    engine: Engine, address: str, place: Path
) -> None:
    swept = g.sweep(g.target(address), engine, g.NOON)
    assert by_model(swept) == dict.fromkeys(MODELS, ("available", "ok", "embeddings", 200))
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    assert requests_in(place)["POST /embeddings 200"] == len(MODELS)
    assert not [line for line in requests_in(place) if "chat/completions" in line]


@g.ON_SQLITE
def test_who_answered_under_a_name_that_is_not_loaded_is_kept(engine: Engine, tmp_path: Path) -> None:
    """Rule 37: as long as one model is loaded, it answers to every name."""
    with infinity(tmp_path, "team/one") as address:
        aim = replace(g.target(address), models=("team/former",))
        swept = g.sweep(aim, engine, g.NOON)
    served = {each.model: each.served_as for each in swept.sweep.observations}
    assert served == {"team/one": None, "team/former": "team/one"}
