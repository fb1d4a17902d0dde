"""/api/v1/select: which models to call, and why."""

from datetime import timedelta

from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Kind
from tests.support import gateway as g
from tests.web.history import DOWN, INTERVAL, START, UP, after, live, sweep
from tests.web.served import browsing

SWEEPS = 60  # more than the fewest checks of a model that is proven
RETIRES = START + timedelta(days=40)


def grown(engine: Engine) -> None:
    """Bring in eight days: one model always answers, one mostly, one is going, one embeds, one is young."""
    spaced = [8 * 96 * place // SWEEPS for place in range(SWEEPS)]
    live(
        engine,
        [
            sweep(
                place,
                {
                    "a/mostly": UP if number % 10 else DOWN,
                    "b/always": UP,
                    "c/going": UP,
                    "d/embeds": UP,
                    **({"e/young": UP} if number > SWEEPS - 3 else {}),
                },
                kinds={"d/embeds": Kind.EMBEDDINGS},
                retires_at={"c/going": RETIRES},
            )
            for number, place in enumerate(spaced)
        ],
    )


def test_the_best_stand_first_with_their_reasons_and_others_are_passed_over_with_theirs(
    engine: Engine,
) -> None:
    grown(engine)
    with browsing(engine, after(757)) as client:
        body = client.get("/api/v1/select").json()
        names = [model["model"] for model in body["models"]]
        assert names == ["b/always", "a/mostly", "e/young"]
        assert [model["proven"] for model in body["models"]] == [True, True, False]
        assert body["models"][0]["reasons"] == [
            "available, not flapping, and no retirement is announced",
            "uptime of the last 30 days: 100.00 %",
            "median latency 217 ms",
            "60 checks",
        ]
        assert body["passed_over"] == [
            {
                "provider": "nvidia",
                "model": "c/going",
                "reason": "its retirement is announced for 2026-05-16T12:00:00.000Z",
            }
        ]
        assert (body["stale"], body["stale_providers"]) == (False, [])


@g.ON_SQLITE
def test_kind_uptime_and_number_narrow_the_choice(engine: Engine) -> None:
    grown(engine)
    with browsing(engine, after(757)) as client:

        def chosen(query: str) -> list[str]:
            return [model["model"] for model in client.get(f"/api/v1/select?{query}").json()["models"]]

        assert chosen("kind=embeddings") == ["d/embeds"]
        assert chosen("min_uptime=99") == ["b/always", "e/young"]
        assert chosen("limit=1") == ["b/always"]
        assert chosen("kind=rerank") == []
        assert client.get("/api/v1/select?kind=chatt").status_code == 422


def test_models_of_several_providers_are_in_one_order(engine: Engine) -> None:
    live(
        engine,
        [sweep(place, {"m": UP if place else DOWN}) for place in range(4)]
        + [sweep(place, {"m": UP}, provider="other") for place in range(4)],
    )
    with browsing(engine, after(4), {"nvidia": INTERVAL, "other": INTERVAL}) as client:
        models = client.get("/api/v1/select").json()["models"]
    assert [(model["provider"], model["uptime_percent"]) for model in models] == [
        ("other", 100.0),
        ("nvidia", 75.0),
    ]


@g.ON_SQLITE
def test_a_choice_of_old_knowledge_is_stale(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    with browsing(engine, after(10)) as client:
        body = client.get("/api/v1/select").json()
    assert (body["stale"], body["stale_providers"]) == (True, ["nvidia"])
