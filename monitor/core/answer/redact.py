"""What an answer said, short and without anything that identifies an account, a key or a single request.

What is left repeats from sweep to sweep, so that it is stored once.
"""

import re
from collections.abc import Iterable
from unicodedata import category

from monitor.masking import masked

_READ_CHARS = 1000

# In this order: what comes first would be spoiled by what comes later.
_PLACEHOLDERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"//[^/\s@]+@"), "//<key>@"),
    (re.compile(r"(?i)\b(account)(\s*(?:id)?\s*[:=]?\s*)(['\"])[^'\"]*\3"), r"\1\2\3<id>\3"),
    (re.compile(r"(?i)\b(bearer)\s+[^\s'\",;]+"), r"\1 <key>"),
    # of NVIDIA, OpenAI, Stripe-like, Hugging Face, Groq, xAI, GitHub
    (re.compile(r"\b(?:nvapi|sk|pk|rk|hf|gsk|xai|ghp|key)[-_][\w*.-]{6,}"), "<key>"),
    (
        re.compile(
            r"(?i)\b((?:[\w-]*[-_])?(?:api[-_ ]?key|key|token|secret|password|passwd))"
            r"(['\"]?\s*[=:]\s*['\"]?)[^\s'\",;&<]+"
        ),
        r"\1\2<key>",
    ),
    (re.compile(r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (
        re.compile(r"(?i)\b((?:\w+-)?req(?:uest)?[-_ ]?id)(['\"]?\s*[:=]?\s*['\"]?)[\w.:-]*\d[\w.:-]*"),
        r"\1\2<id>",
    ),
    (re.compile(r"(?i)\breq[-_][\w-]{6,}"), "<id>"),
    (
        re.compile(r"(?i)(?<![\w<])0x[0-9a-f]{6,}|(?<![\w<])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}(?![\w>])"),
        "<hex>",
    ),
    (re.compile(r"(?=[A-Za-z_+=]*\d)[A-Za-z0-9_+=]{20,}"), "<token>"),
    (re.compile(r"\d{6,}"), "<number>"),
)


def redact(text: str, limit: int = 200, *, secrets: Iterable[str] = ()) -> str:
    """Return `text` as one line of at most `limit` characters, without ids, keys and control characters.

    `secrets` are masked wherever they stand, in every form they can be written in.
    """
    # cut what can never be shown: the patterns take long over a long text of one word
    line = whole_words(_one_line(masked(text, secrets)), _READ_CHARS)
    for pattern, placeholder in _PLACEHOLDERS:
        line = pattern.sub(placeholder, line)
    line = masked(line, secrets)  # again: taking out marks may have joined the halves of a secret
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def whole_words(text: str, most: int) -> str:
    """Return the words that fit into `most` characters: of half a key nothing would say that it is one."""
    if len(text) <= most:
        return text
    return text[:most].rpartition(" ")[0] or text[:most]


def _one_line(text: str) -> str:
    words = "".join(
        " " if category(character) in {"Cc", "Cs", "Zl", "Zp"} else character for character in text
    )
    return " ".join(words.split())
