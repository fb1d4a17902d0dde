"""Secrets are masked in every form they are written in, and nothing else is."""

import base64
import html
import json
import string
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.masking import MASK, Masker, holds_secret, masked

KEY = "nvapi-Zq8/this+key=must'never&be_seen~7Kd"
LETTERS = string.ascii_letters + string.digits

Encoding = Callable[[str], str]


def every(form: Callable[[str], str]) -> Encoding:
    """Write each character alone."""
    return lambda text: "".join(map(form, text))


def lower_percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def second_only(form: Encoding) -> Encoding:
    """Write every second character otherwise."""
    return lambda text: "".join(form(mark) if place % 2 else mark for place, mark in enumerate(text))


ESCAPES: dict[str, Encoding] = {
    "as it is": str,
    "address": lambda text: quote(text, safe=""),
    "address, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "address, slashes kept": quote,
    "form": quote_plus,
    "address, all": lower_percent,
    "address, all, capitals": lambda text: lower_percent(text).upper().replace("%5CU", "%5Cu"),
    "address, some": second_only(lower_percent),
    "HTML": html.escape,
    "HTML, decimal": every(lambda mark: f"&#{ord(mark)};"),
    "HTML, decimal, zeros": every(lambda mark: f"&#{ord(mark):05};"),
    "HTML, hexadecimal": every(lambda mark: f"&#x{ord(mark):x};"),
    "HTML, hexadecimal, capitals": every(lambda mark: f"&#X{ord(mark):X};"),
    "HTML, some": second_only(lambda mark: f"&#{ord(mark)};"),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, as it is": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON, slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON, all": every(lambda mark: "".join(f"\\u{unit:04x}" for unit in units(mark))),
    "JSON, some, capitals": second_only(
        lambda mark: "".join(f"\\u{unit:04X}" for unit in units(mark)),
    ),
    "Python": lambda text: repr(text)[1:-1],
    "Python, bytes": lambda text: repr(text.encode())[2:-1],
    "C": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "octal": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "shell": every(lambda mark: f"\\{mark}" if mark.isascii() and not mark.isalnum() else mark),
}
# what base64 is made of: a whole text, in which the secret is a part
ENCLOSED = ("as it is", "address", "HTML", "JSON", "JSON, slashes")
BASE64: dict[str, Callable[[bytes], str]] = {
    "standard": lambda data: base64.b64encode(data).decode(),
    "standard, without padding": lambda data: base64.b64encode(data).decode().rstrip("="),
    "safe for addresses": lambda data: base64.urlsafe_b64encode(data).decode(),
    "safe for addresses, without padding": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "of a mail": lambda data: base64.encodebytes(data).decode(),
}


def units(mark: str) -> list[int]:
    """Return a character's units of UTF-16."""
    return memoryview(mark.encode("utf-16-le")).cast("H").tolist()


def secrets(least: int = 8) -> st.SearchStrategy[str]:
    return st.text(LETTERS + "-_.~+/=:&%\\'\"#$ é✓😀", min_size=least, max_size=48).filter(
        lambda text: len(set(text)) > 3  # of one character, the text around would hold it, too
    )


@pytest.mark.parametrize("form", ESCAPES.values(), ids=ESCAPES)
def test_a_key_is_masked_in_every_escaped_form(form: Encoding) -> None:
    assert masked(f"said: {form(KEY)}!", (KEY,)) == f"said: {MASK}!"


@pytest.mark.parametrize("around", ["", "u", "us", "user:"])
@pytest.mark.parametrize("code", BASE64.values(), ids=BASE64)
def test_a_key_inside_base64_is_masked_at_each_alignment(code: Callable[[bytes], str], around: str) -> None:
    text = f"Basic {code(f'{around}{KEY}{around}'.encode())}"
    kept = masked(text, (KEY,))
    assert MASK in kept
    # two characters of base64 hold at most what stands around the key
    assert len(kept) - len("Basic ") - len(MASK) <= 2 * len(base64.b64encode(around.encode())) + 3


@pytest.mark.parametrize("form", ["lower", "upper", "title"])
def test_a_key_in_hexadecimal_is_masked_in_any_case(form: str) -> None:
    assert masked(f"<{getattr(KEY.encode().hex(), form)()}>", (KEY,)) == f"<{MASK}>"


@given(
    secrets(),
    st.lists(st.sampled_from(sorted(ESCAPES)), min_size=1, max_size=2),
    st.text(LETTERS + " .:{}<>\n", max_size=20),
    st.text(LETTERS + " .:{}<>\n", max_size=20),
)
@example("abc%41def", ["address, some"], "", "")
@example("a&amp;b;c", ["HTML", "JSON", "address"], "", "")
@example("é✓😀-key", ["JSON, all", "address, all"], "", "")
def test_nothing_of_a_secret_is_left_in_any_mixture_of_escapes(
    secret: str, forms: list[str], before: str, behind: str
) -> None:
    written = secret
    for name in forms:
        written = ESCAPES[name](written)
    kept = masked(f"{before} {written} {behind}", (secret,))
    assert MASK in kept
    # what some escapes of the end have behind them, such as a semicolon, may stay
    assert len(kept) <= len(before) + len(behind) + 2 * len(MASK) + 2


@given(
    secrets(),
    st.tuples(
        st.sampled_from(ENCLOSED),
        st.sampled_from(sorted(BASE64)),
        st.sampled_from(["as it is", "address", "HTML, decimal", "JSON, slashes", "address, some"]),
    ),
    st.binary(max_size=70),
    st.binary(max_size=70),
)
def test_nothing_of_a_secret_is_left_in_base64_of_a_longer_text(
    secret: str, forms: tuple[str, str, str], before: bytes, behind: bytes
) -> None:
    form, code, outer = forms
    data = before + ESCAPES[form](secret).encode() + behind
    kept = masked(ESCAPES[outer](BASE64[code](data)), (secret,))
    assert MASK in kept
    assert not holds_secret(kept, (secret,))


@given(secrets(4), st.text(max_size=80))
def test_a_text_without_secrets_is_unchanged(secret: str, text: str) -> None:
    forms = {secret, quote(secret, safe=""), html.escape(secret), json.dumps(secret)[1:-1]}
    readings = {text, unquote(text), unquote_plus(text), html.unescape(text)}
    if not any(form in reading for form in forms for reading in readings) and "\\" not in text:
        assert masked(text, (secret,)) == text


@given(st.text(), st.lists(st.text(), max_size=5))
def test_no_text_and_no_secret_is_too_odd(text: str, words: list[str]) -> None:
    assert not holds_secret(masked(text, words), [word for word in words if MASK[0] not in word])


@given(st.text("%&\\#xu;0123456789abcdefn\n", max_size=300))
def test_whatever_looks_like_an_escape_ends(text: str) -> None:
    assert len(masked(text, (KEY,))) <= len(text)


@pytest.mark.parametrize("text", ["\\" * 20_000, "%25" * 5_000, "&amp;" * 5_000, "%" * 20_000, "a\n" * 5_000])
def test_a_hostile_text_is_read_in_bounded_work(text: str) -> None:
    assert masked(text + KEY, (KEY,)) == text + MASK


def test_short_words_are_no_secrets() -> None:
    assert masked("ab, abc and abcd", ("ab", "abc", "abcd", "")) == f"ab, abc and {MASK}"


def test_a_secret_that_contains_another_is_masked_as_a_whole() -> None:
    assert masked("key-of-years and key-of", ("key-of", "key-of-years")) == f"{MASK} and {MASK}"


def test_secrets_that_overlap_are_masked_together() -> None:
    assert masked("abcdefgh", ("abcdef", "defgh")) == MASK


def test_the_text_around_stays_as_it_is() -> None:
    assert masked(f"50%25 of {KEY} &amp; more\\n", (KEY,)) == f"50%25 of {MASK} &amp; more\\n"


def test_a_masker_says_whether_a_secret_is_there() -> None:
    masker = Masker([KEY])
    assert masker.finds(f"id/{quote(KEY, safe='')}")
    assert not masker.finds("id/model-7b")
