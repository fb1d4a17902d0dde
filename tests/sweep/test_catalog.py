"""What a sweep takes as the catalog: ids that are named, prefixes that are no ids', kinds that rows tell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import ModelOrigin
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.demo.answers import CannedAnswer, as_json
from monitor.store.query import current_models
from monitor.sweep import Target
from monitor.sweep.keeping.beginning import load_start
from tests.support import gateway as g
from tests.support import scripted as s

CHAT = "chat/completions"
NO_SUCH_MODEL = s.complaint("The model `x` does not exist.", 404, code="model_not_found")
NOT_FOUND = as_json({"detail": "Not Found"}, 404)


def naming(base_url: str, *models: str, **more: object) -> Target:
    return replace(g.target(base_url), models=models, **more)  # type: ignore[arg-type]


def statuses(engine: Engine) -> dict[str, tuple[str, bool]]:
    query = "SELECT model, status, listed FROM model_status"
    return {model: (status, bool(listed)) for model, status, listed in g.rows(engine, query)}


# ---- models = [...] --------------------------------------------------------------------


@pytest.mark.parametrize(
    "says",
    [
        NOT_FOUND,
        s.NOT_HERE,
        as_json({"detail": "Method Not Allowed"}, 405),
        CannedAnswer(501, "not implemented", "text/plain"),
        as_json({"object": "list", "data": []}),
        as_json([]),
    ],
    ids=["404", "page", "405", "501", "empty", "bare"],
)
@g.ON_SQLITE
def test_without_a_list_the_named_ids_are_the_catalog(engine: Engine, says: CannedAnswer) -> None:
    """MLflow's gateway has no list, and transformers serve an empty one before somebody called a model."""
    world = s.scripted({"chat": {CHAT: s.OK}, "vector": {"embeddings": s.VECTOR}}, catalog_says=says)
    with g.gateway(world) as there:
        swept = g.sweep(naming(there.base_url, "chat", "vector", "chat"), engine, g.NOON)
        again = g.sweep(naming(there.base_url, "chat", "vector"), engine, g.hours(1))
        assert len(there.requests) == swept.sweep.requests + again.sweep.requests
    assert (swept.sweep.listed, swept.sweep.duplicates, swept.sweep.rejected) == (("chat", "vector"), 0, 0)
    assert [each.decision.verdict for each in (swept, again)] == [Verdict.CONCLUSIVE] * 2
    assert again.sweep.requests == 3
    assert statuses(engine) == {"chat": ("available", True), "vector": ("available", True)}


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        (CannedAnswer(401, "no"), Cause.CREDENTIAL),
        (as_json({"error": {"message": "Invalid API key"}}, 404), Cause.CREDENTIAL),
        (CannedAnswer(403, "no"), Cause.CREDENTIAL),
        (CannedAnswer(402, "no"), Cause.QUOTA),
        (CannedAnswer(500, "no"), Cause.CATALOG_UNREADABLE),
        (CannedAnswer(503, "no"), Cause.CATALOG_UNREADABLE),
        (s.PAGE, Cause.CATALOG_UNREADABLE),
        (as_json({"data": [{}]}), Cause.CATALOG_UNREADABLE),
        (as_json({"data": ["a"], "has_more": True, "last_id": "a"}), Cause.CATALOG_UNREADABLE),
    ],
)
@g.ON_SQLITE
def test_any_other_trouble_with_the_list_stays_one_though_ids_are_named(
    engine: Engine, says: CannedAnswer, cause: Cause
) -> None:
    with g.gateway(s.scripted({"a": {CHAT: s.OK}}, catalog_says=says)) as there:
        swept = g.sweep(naming(there.base_url, "a"), engine, g.NOON)
        assert not there.probes
    assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, cause)


@pytest.mark.parametrize("says", [NOT_FOUND, as_json({"data": []})])
@g.ON_SQLITE
def test_a_list_that_is_not_there_tells_what_to_do(engine: Engine, says: CannedAnswer) -> None:
    with g.gateway(s.scripted({"a": {CHAT: s.OK}}, catalog_says=says)) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
    detail = swept.sweep.detail or ""
    assert swept.decision.cause == Cause.CATALOG_UNREADABLE
    assert "models = [...]" in detail
    if says is NOT_FOUND:
        assert f"HTTP 404: Not Found ({there.base_url}/models): " in detail
        assert "base_url may have to end with /v1, or without it" in detail


@g.ON_SQLITE
def test_named_ids_are_listed_beside_the_lists_as_long_as_they_are_named(engine: Engine) -> None:
    """Rule 18: an id that is taken out of the configuration is delisted like one that the list lost."""
    world = replace(s.scripted({"a": {CHAT: s.OK}, "hidden": {CHAT: s.OK}}), listed=("a",))
    with g.gateway(world) as there:
        swept = g.sweep(naming(there.base_url, "hidden", "a"), engine, g.NOON)
        assert swept.sweep.listed == ("a", "hidden")
        assert statuses(engine) == {"a": ("available", True), "hidden": ("available", True)}
        g.sweep(naming(there.base_url), engine, g.hours(1))
        assert statuses(engine)["hidden"] == ("available", False)
        g.sweep(naming(there.base_url), engine, g.hours(2))
        assert statuses(engine) == {"a": ("available", True), "hidden": ("retired", False)}
        g.sweep(naming(there.base_url, "hidden"), engine, g.hours(3))
    assert statuses(engine) == {"a": ("available", True), "hidden": ("available", True)}


@g.ON_SQLITE
def test_a_named_id_that_is_not_on_chat_is_searched_like_any_other(engine: Engine) -> None:
    world = replace(s.scripted({"a": {CHAT: s.OK}, "e": {"embeddings": s.VECTOR}}), listed=("a",))
    with g.gateway(world) as there:
        g.sweep(naming(there.base_url, "e", "nowhere"), engine, g.NOON)
    query = "SELECT model, outcome, reason, kind FROM observation_history ORDER BY model"
    assert g.rows(engine, query) == [
        ("a", "available", "ok", "chat"),
        ("e", "available", "ok", "embeddings"),
        ("nowhere", "unknown", "no_endpoint", "unknown"),
    ]


@g.ON_SQLITE
def test_patterns_hold_for_named_ids_too(engine: Engine) -> None:
    with g.gateway(s.scripted({"a/m": {CHAT: s.OK}, "b/m": {CHAT: s.OK}}, catalog_says=NOT_FOUND)) as there:
        aim = naming(there.base_url, "a/m", "b/m", policy=Policy(exclude=("b/*",)))
        swept = g.sweep(aim, engine, g.NOON)
        assert [each.model for each in there.probes] == ["a/m"]
    assert swept.sweep.listed == ("a/m", "b/m")


@g.ON_SQLITE
def test_a_list_that_is_gone_is_believed_like_one_that_shrank(engine: Engine) -> None:
    """Rules 8 and 11: naming one id of many does not let the others vanish with a list that is not there."""
    world = s.scripted({f"m{number}": {CHAT: s.OK} for number in range(5)})
    with g.gateway(world) as there:
        aim = naming(there.base_url, "m0")
        g.sweep(aim, engine, g.NOON)
        there.show(replace(world, catalog_says=NOT_FOUND))
        gone = [g.sweep(aim, engine, g.hours(hour)).decision for hour in (1, 2, 3)]
    causes = [each.cause for each in gone]
    assert causes == [Cause.CATALOG_SHRANK, Cause.CATALOG_SHRANK, None]


@g.ON_SQLITE
def test_a_provider_without_a_catalog_is_not_asked_for_one(engine: Engine) -> None:
    with g.gateway(s.scripted({"a": {CHAT: s.OK}, "b": {CHAT: s.OK}})) as there:
        swept = g.sweep(naming(there.base_url, "b", has_catalog=False), engine, g.NOON)
        assert [each.method for each in there.requests] == ["POST"]
    assert (swept.sweep.listed, swept.sweep.requests) == (("b",), 1)


# ---- The prefix of ids, by evidence (rule 40) ------------------------------------------


def listing(*names: str) -> CannedAnswer:
    return as_json({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


def serving(*names: str, lists: Sequence[str]) -> s.ScriptedWorld:
    """Return a world that lists some ids and answers to some; to any other it says that it has none such."""
    others = {
        name: {CHAT: NO_SUCH_MODEL} for name in (*lists, *(each.removeprefix("models/") for each in lists))
    }
    return s.scripted({**others, **{name: {CHAT: s.OK} for name in names}}, catalog_says=listing(*lists))


@g.ON_SQLITE
def test_a_server_of_relative_paths_keeps_its_ids_whole(engine: Engine) -> None:
    with g.gateway(serving("models/qwen", lists=["models/qwen"])) as there:
        first = g.sweep(g.target(there.base_url), engine, g.NOON)
        again = g.sweep(g.target(there.base_url), engine, g.hours(1))
        assert {each.model for each in there.probes} == {"models/qwen"}
        assert (first.sweep.requests, again.sweep.requests) == (3, 2)
        assert len(there.requests) == 5
    assert statuses(engine) == {"models/qwen": ("available", True)}


@g.ON_SQLITE
def test_ids_that_only_answer_without_their_prefix_lose_it(engine: Engine) -> None:
    lists = ["models/dead", "models/text-embed", "models/b", "models/c"]
    with g.gateway(serving("b", "c", lists=lists)) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        assert swept.sweep.requests == len(there.requests)
        there.forget()
        again = g.sweep(g.target(there.base_url), engine, g.hours(1))
        assert not [each.model for each in there.probes if each.model and each.model.startswith("models/")]
    assert swept.sweep.listed == again.sweep.listed == ("dead", "text-embed", "b", "c")
    assert {model: status for model, (status, _) in statuses(engine).items()} == {
        "dead": "unavailable", "text-embed": "unavailable", "b": "available", "c": "available",
    }  # fmt: skip


@g.ON_SQLITE
def test_a_history_tells_which_ids_answer_so_that_nobody_is_asked(engine: Engine) -> None:
    """Short ids that answered stay what they were; those that never did were never the models' ids."""
    with g.gateway(serving("a", "models/b", lists=["a", "b"])) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
        for listed, expected in ((["models/a"], ("a",)), (["models/b"], ("models/b",))):
            there.show(replace(there.world, catalog_says=listing(*listed)))  # type: ignore[call-arg]
            there.forget()
            assert g.sweep(g.target(there.base_url), engine, g.hours(1)).sweep.listed == expected
            assert len(there.requests) <= 1 + len(expected)


@pytest.mark.parametrize(
    ("named", "expected"), [("a", ("a", "b")), ("models/a", ("models/a", "models/b")), ("x", ("a", "b", "x"))]
)
@g.ON_SQLITE
def test_the_configuration_tells_by_the_ids_that_it_names(
    engine: Engine, named: str, expected: tuple[str, ...]
) -> None:
    with g.gateway(serving("a", "b", "x", lists=["models/a", "models/b"])) as there:
        assert g.sweep(naming(there.base_url, named), engine, g.NOON).sweep.listed == expected


@g.ON_SQLITE
def test_a_list_that_has_both_ids_means_both(engine: Engine) -> None:
    lists = ["models/a", "a", "models/b"]
    with g.gateway(serving(*lists, lists=lists)) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        assert (swept.sweep.listed, swept.sweep.requests) == (tuple(lists), 4)


# ---- Kinds that the catalog tells (rule 38) --------------------------------------------


def litellm(*models: str, info: CannedAnswer = NOT_FOUND, **says: dict[str, s.Says]) -> s.ScriptedWorld:
    """Return a LiteLLM, whose list tells of no kind and whose /model/info may be read or not."""
    row = {"created": 1677610602, "owned_by": "openai"}
    world = s.scripted(dict(zip(models, says.values(), strict=True)), places={"model/info": info})
    return replace(world, row_of=dict.fromkeys(models, row))


def modes(**of: str | None) -> CannedAnswer:
    deployments = [{"model_name": name, "model_info": {"id": "x", "mode": mode}} for name, mode in of.items()]
    return as_json({"data": deployments})


@g.ON_SQLITE
def test_a_model_whose_kind_the_catalog_tells_is_asked_as_that_alone(engine: Engine) -> None:
    """What is down is not asked as another kind either."""
    broken: dict[str, s.Says] = {"embeddings": s.BROKEN, CHAT: s.NOT_HERE}
    world = s.scripted(
        {
            "e": {"embeddings": s.VECTOR},
            "r": {"rerank": s.SCORES},
            "m": {"moderations": s.BROKEN},
            "x": broken,
        },
        row_of={
            "e": {"mode": "embedding"},
            "r": {"capabilities": ["rerank"]},
            "m": {"type": "moderation"},
            "x": {"mode": "embedding"},
        },
    )
    with g.gateway(world) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
        asked = {(each.model, each.path.removeprefix("/v1/")) for each in there.probes}
    assert asked == {("e", "embeddings"), ("r", "rerank"), ("m", "moderations"), ("x", "embeddings")}


@g.ON_SQLITE
def test_a_kind_that_may_not_be_asked_is_not_asked_as_another(engine: Engine) -> None:
    row_of = {
        "draw": {"mode": "image_generation"},
        "hear": {"mode": "audio_transcription", "sunset": "2030-01-01"},
        "chat": {},
    }
    with g.gateway(s.scripted({name: {CHAT: s.OK} for name in row_of}, row_of=row_of)) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        assert [each.model for each in there.probes] == ["chat"]
    assert swept.decision.verdict == Verdict.CONCLUSIVE
    query = "SELECT model, outcome, reason FROM observation_history ORDER BY model"
    assert g.rows(engine, query) == [
        ("chat", "available", "ok"),
        ("draw", "unknown", "not_probed"),
        ("hear", "unknown", "not_probed"),
    ]
    assert g.rows(engine, "SELECT model FROM change_history WHERE kind = 'retirement_announced'") == [
        ("hear",)
    ]


@g.ON_SQLITE
def test_a_catalog_of_nobody_who_may_be_asked_is_a_conclusive_sweep(engine: Engine) -> None:
    world = s.scripted({"draw": {}}, row_of={"draw": {"type": "image"}})
    with g.gateway(world) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
    assert (swept.decision.verdict, statuses(engine)) == (Verdict.CONCLUSIVE, {"draw": ("new", True)})


@g.ON_SQLITE
def test_a_litellm_tells_by_model_info_what_its_list_does_not(engine: Engine) -> None:
    info = modes(e="embedding", r="rerank", c=None)
    world = litellm(
        "e", "r", "c", info=info, e={"embeddings": s.VECTOR}, r={"rerank": s.SCORES}, c={CHAT: s.OK}
    )
    with g.gateway(world) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        assert swept.sweep.requests == len(there.requests) == 5
        paths = {each.model: each.path.removeprefix("/v1/") for each in there.probes}
        assert paths == {"e": "embeddings", "r": "rerank", "c": CHAT}
        there.forget()
        g.sweep(g.target(there.base_url), engine, g.hours(1))
        assert [each.path for each in there.requests if each.method == "GET"] == ["/v1/models"]


@g.ON_SQLITE
def test_what_model_info_told_is_remembered_of_a_model_that_never_answered(engine: Engine) -> None:
    world = litellm(
        "e", "t", info=modes(e="embedding", t=None), e={"embeddings": s.BROKEN}, t={CHAT: s.BROKEN}
    )
    with g.gateway(world) as there:
        for hour in range(3):
            g.sweep(g.target(there.base_url), engine, g.hours(hour))
        assert {each.path for each in there.probes if each.model == "e"} == {"/v1/embeddings"}
        assert [each.path for each in there.requests].count("/v1/model/info") == 1


@pytest.mark.parametrize(
    "info",
    [
        as_json({"error": "admins only"}, 403),
        CannedAnswer(401, "no"),
        CannedAnswer(500, "boom"),
        NOT_FOUND,
        s.PAGE,
        as_json({"data": 5}),
        as_json([1]),
        as_json({"data": [{}, 5, {"model_name": 7}, {"model_name": "c", "model_info": "embedding"}]}),
        modes(other="embedding"),
        CannedAnswer(
            200, '{"data": [{"model_name": "c", "model_info": {"mode": "embedding", "mode": "rerank"}}]}'
        ),
    ],
)
@g.ON_SQLITE
def test_whatever_model_info_answers_no_sweep_suffers(engine: Engine, info: CannedAnswer) -> None:
    with g.gateway(litellm("c", info=info, c={CHAT: s.OK})) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        assert [each.path.removeprefix("/v1/") for each in there.requests] == ["models", "model/info", CHAT]
    assert (swept.decision.verdict, statuses(engine)) == (Verdict.CONCLUSIVE, {"c": ("available", True)})


@g.ON_SQLITE
def test_nobody_else_is_asked_for_model_info(engine: Engine) -> None:
    with g.gateway(s.scripted({"c": {CHAT: s.OK}}, places={"model/info": modes(c="embedding")})) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
        assert [each.path.removeprefix("/v1/") for each in there.requests] == ["models", CHAT]


# ---- Whose models they are -------------------------------------------------------------


def owned(rows: Mapping[str, Mapping[str, object]]) -> s.ScriptedWorld:
    """Return a provider whose catalog says more of its models than their ids."""
    world = s.scripted({name: {CHAT: s.OK} for name in rows})
    return replace(world, row_of=rows)


def published(engine: Engine) -> dict[str, str | None]:
    """Return each model's publisher."""
    return {row.model: row.publisher for row in current_models(engine)}


def test_whose_a_model_is_is_kept_with_the_first_catalog_that_says_so(engine: Engine) -> None:
    first = owned({"llama-70b": {"owned_by": "Meta", "created": 1741046400}, "acme/x": {"owned_by": "vllm"}})
    with g.gateway(first) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
    assert published(engine) == {"llama-70b": "Meta", "acme/x": "acme"}
    made = datetime(2025, 3, 4, tzinfo=UTC)
    assert swept.sweep.origins == (ModelOrigin("acme/x", "vllm"), ModelOrigin("llama-70b", "Meta", made))
    later = owned(
        {"llama-70b": {"owned_by": "Meta AI", "created": 1741046500}, "acme/x": {"owned_by": "vllm"}}
    )
    with g.gateway(later) as there:
        again = g.sweep(g.target(there.base_url), engine, g.NOON + timedelta(minutes=15))
        third = g.sweep(g.target(there.base_url), engine, g.NOON + timedelta(minutes=30))
    assert [each.model for each in again.sweep.origins] == ["llama-70b"]
    assert third.sweep.origins == ()
    assert published(engine) == {"llama-70b": "Meta AI", "acme/x": "acme"}
    start = load_start(engine, swept.sweep.provider, g.NOON, slot=None)
    assert start.origins["llama-70b"] == ModelOrigin("llama-70b", "Meta AI", made)
