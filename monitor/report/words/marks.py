"""The marks of Markdown (CommonMark) inside a line, taken literally."""

import re
from typing import Final

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>&~|#!$])")


def inline(words: str) -> str:
    """Return words inside a line with every mark taken literally."""
    return _MARKS.sub(r"\\\1", words.strip())
