"""A real embedding server, infinity-emb: its catalog tells the kinds, so nobody is asked for a chat.

Its debugging engine embeds without weights; everything around it is what users run.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.model import Verdict
from tests import gateway as g
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
    swept = g.sweep(g.target(f"{address}/v1"), engine, g.NOON)
    assert by_model(swept) == dict.fromkeys(MODELS, ("available", "ok", "embeddings", 200))
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    assert requests_in(place)["POST /v1/embeddings 200"] == len(MODELS)
    assert not [line for line in requests_in(place) if "chat/completions" in line]
