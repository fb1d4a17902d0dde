"""Every row of the words: who says so did say so, and it is read as it is meant."""

import re
from itertools import chain
from pathlib import Path

import pytest

from monitor.core.answer.error_patterns import absent, account, endpoint, limits, money
from monitor.core.answer.error_patterns.pattern import ErrorPattern, ErrorPatterns
from monitor.core.answer.facts import Facts, read_facts
from monitor.core.answer.table import bare_words
from monitor.core.domain.vocabulary import Outcome, Reason
from tests.core.answer.answers import ANSWERS, NOW, Answer

_MODULES = (absent, account, endpoint, limits, money)
ROWS: list[tuple[str, ErrorPattern]] = [
    (name, row)
    for module in _MODULES
    for name, patterns in vars(module).items()
    if isinstance(patterns, ErrorPatterns)
    for row in patterns.rows
]
_DOCUMENT = Path(__file__).parents[3] / "docs/probing.md"

# Whose words the project promises to know: the presets, and the gateways that people run themselves.
PROMISED = {
    *("nvidia", "openai", "anthropic", "openrouter", "groq", "together", "mistral", "gemini", "fireworks"),
    *("cerebras", "deepinfra", "huggingface", "ollama", "vllm", "litellm", "llama.cpp", "infinity"),
    *("transformers", "mlflow", "nemo", "optillm", "portkey"),
}


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_an_answer_is_read_as_it_is_meant(answer: Answer) -> None:
    found = answer.finding
    assert f"{found.outcome}/{found.reason}" == answer.means
    assert found.proves == answer.proves
    assert found.served_as == answer.served_as
    adaptation = found.adaptation
    changes = (
        (*(f"+{each}" for each in sorted(adaptation.make)), *(f"-{each}" for each in sorted(adaptation.undo)))
        if adaptation
        else ()
    )
    assert changes == answer.adaptation


FACTS: list[tuple[Answer, Facts]] = [
    (answer, read_facts(answer.exchange, now=NOW, model=answer.model, listed=True)) for answer in ANSWERS
]


@pytest.mark.parametrize(("situation", "row"), ROWS, ids=[f"{name}: {row.says[:40]}" for name, row in ROWS])
def test_whoever_a_row_names_did_say_so(situation: str, row: ErrorPattern) -> None:
    assert row.source
    for name in row.of.split():
        texts = [
            bare_words(facts) if situation == "NO_PATH" else facts.text
            for answer, facts in FACTS
            if name in {answer.of, "any"}
        ]
        assert any(re.search(row.says, text) for text in texts), f"nobody called {name} says so"


def test_everybody_who_is_promised_has_answers_in_the_table() -> None:
    assert {answer.of for answer in ANSWERS} >= PROMISED


def test_every_answer_of_the_table_has_a_source() -> None:
    assert all(answer.source for answer in ANSWERS)


# ---- The document ----------------------------------------------------------------------

_IN_OUR_WORDS = {
    Reason.NOT_FOUND: "no such model",
    Reason.NOT_FOR_ACCOUNT: "not for this account",
    Reason.END_OF_LIFE: "retired",
    Reason.WITHDRAWN: "withdrawn",
    Reason.NO_ENDPOINT: "not on this endpoint",
    Reason.NEEDS_OTHER_REQUEST: "wants another request",
    Reason.CREDENTIAL: "the key is refused",
    Reason.QUOTA: "no money",
    Reason.MODEL_QUOTA: "a day's limit or longer",
    Reason.TOO_MANY_REQUESTS: "a minute's limit",
    Reason.SATURATED: "busy or loading",
    Reason.DEGRADED: "the deployment is sick",
    Reason.NO_CAPACITY: "cold, or resting",
    Reason.FALLBACK: "another answered",
}
_TELLING_CODE = re.compile(r"[a-z]{3,}(?:_[a-z]+){1,6}")
_SAYS_LITTLE = {
    "invalid_request_error",
    "server_error",
    "new_api_error",
    "one_api_error",
    "api_error",
    "bad_request_error",
}


def codes_of(answer: Answer) -> list[str]:
    """Return the codes by which an answer says what it means, beside its status."""
    document = answer.body[0] if isinstance(answer.body, list) and answer.body else answer.body
    error = document.get("error", document) if isinstance(document, dict) else {}
    told = [error.get(name) for name in ("code", "type")] if isinstance(error, dict) else []
    return [
        code
        for code in told
        if isinstance(code, str) and _TELLING_CODE.fullmatch(code) and code not in _SAYS_LITTLE
    ]


def table() -> str:
    """Return the document's table: one row for each provider and situation."""
    lines = ["| who | says | with |", "|---|---|---|"]
    for of in sorted({answer.of for answer in ANSWERS} - {"any"}):
        for reason, words in _IN_OUR_WORDS.items():
            said = [each for each in ANSWERS if each.of == of and each.means.endswith(f"/{reason}")]
            statuses = sorted({each.status for each in said})
            codes = sorted(set(chain.from_iterable(map(codes_of, said))))
            if said:
                how = ", ".join([*map(str, statuses), *(f"`{code}`" for code in codes[:3])])
                lines.append(f"| {of} | {words} (`{reason}`) | {how} |")
    return "\n".join(lines) + "\n"


def test_the_document_shows_the_table() -> None:
    """Write the table anew with `python -m tests.core.answer.test_error_patterns` where this fails."""
    assert table() in _DOCUMENT.read_text("utf-8")


def test_the_documents_words_are_of_reasons_that_answers_have() -> None:
    assert {answer.means for answer in ANSWERS} <= {
        f"{outcome}/{reason}" for outcome in Outcome for reason in Reason
    }


def write() -> None:
    """Put the table into the document in place of the one that is there."""
    head, _, rest = _DOCUMENT.read_text("utf-8").partition("| who | says | with |\n")
    behind = rest[re.search(r"\n(?!\|)", rest).end() :] if rest and re.search(r"\n(?!\|)", rest) else ""  # type: ignore[union-attr]
    _DOCUMENT.write_text(head + table() + behind, "utf-8")


if __name__ == "__main__":
    write()
