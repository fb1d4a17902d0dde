"""No reader of other people's bytes crashes: random text, random JSON, and valid files that were changed."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import READERS, imported
from tests.fuzz.valid import VALID

ODDITIES = [b"", b"\x00", b"\xff", b"-", b"1e999", b"9" * 5000, b"[" * 2000, b'"', b"\n"]
ODD = st.sampled_from([*ODDITIES, "\u2028".encode()])


PIECES = [b"[" * 100_000, b"9" * 100_000, b'{"a":' * 50_000, b"\x00" * 1000, b'"\\ud800"']


@st.composite
def changed(draw: st.DrawFn, content: bytes) -> bytes:
    """Cut pieces out of a valid file, repeat some, and put odd ones in."""
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = min(begin + draw(st.integers(0, 40)), len(content))
        piece = draw(st.one_of(ODD, st.binary(max_size=8), st.just(content[begin:end] * 2)))
        content = content[:begin] + piece + content[end:]
    return content


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
).map(lambda value: json.dumps(value).encode())


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_whatever_is_read_only_our_own_errors_are_raised(name: str, data: st.DataObject) -> None:
    content = data.draw(st.one_of(changed(VALID[name]), st.binary(max_size=200), JSON))
    READERS[name](content)


@pytest.mark.parametrize("name", READERS)
def test_what_the_changes_begin_with_is_valid(name: str) -> None:
    READERS[name](VALID[name])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_imported_only_our_own_errors_are_raised(data: st.DataObject, tmp_path: Path) -> None:
    valid = data.draw(
        st.sampled_from([VALID["record"], VALID["results"], VALID["spooled"], VALID["settings"]])
    )
    imported(data.draw(st.one_of(changed(valid), st.binary(max_size=200))), tmp_path)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "piece", [b"[" * 100_000, b"9" * 100_000, b'{"a":' * 50_000, b"\x00" * 1000, b'"\\ud800"']
)
def test_no_reader_is_overwhelmed(name: str, piece: bytes) -> None:
    READERS[name](piece)
    READERS[name](VALID[name].replace(b"acme/one", piece).replace(b"120", piece))
