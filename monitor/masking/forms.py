"""The other alphabets of a secret: base64 and hexadecimal, alone or inside a longer text."""

import base64
import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

_BITS, _BITS_OF_BYTE = 6, 8  # of a character of base64, and of what it encodes
_OPENINGS = (b"", b"?", b"??")  # one for each place that a secret can have within three bytes
_URL_SAFE = str.maketrans("+/", "-_")


@dataclass(frozen=True, slots=True)
class Code:
    """What base64 makes of a secret whatever stands around it.

    `begins_before` and `ends_behind` say that the next character belongs to it in part.
    """

    text: str
    begins_before: bool
    ends_behind: bool


def base64_codes(secret: str) -> Iterator[Code]:
    """Give what base64 makes of a secret, plain or escaped, in each alphabet, with any text around it."""
    for form in dict.fromkeys(_forms(secret)):
        data = form.encode("utf-8", "surrogatepass")
        for opening in _OPENINGS:
            code = _code(data, opening)
            if code.text:
                yield code
                yield Code(code.text.translate(_URL_SAFE), code.begins_before, code.ends_behind)


def plain_forms(secret: str) -> tuple[str, ...]:
    """Return a secret as it is, and as forms of web pages send its blanks."""
    return tuple(dict.fromkeys((secret, secret.replace(" ", "+"))))


def hexadecimal(secret: str) -> str:
    """Return a secret's bytes in hexadecimal, in lower case."""
    return secret.encode("utf-8", "surrogatepass").hex()


def _code(data: bytes, opening: bytes) -> Code:
    encoded = base64.b64encode(opening + data).decode()
    first = -(-len(opening) * _BITS_OF_BYTE // _BITS)  # rounded up: the character that both share is left out
    bits = (len(opening) + len(data)) * _BITS_OF_BYTE
    return Code(encoded[first : bits // _BITS], bool(opening), bits % _BITS != 0)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield from (quote(secret, safe="", errors="replace"), quote(secret, errors="replace"))
    yield from (quote_plus(secret, errors="replace"), html.escape(secret), html.escape(secret, quote=False))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield json.dumps(secret)[1:-1].replace("/", "\\/")
