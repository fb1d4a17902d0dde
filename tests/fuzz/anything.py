"""Feed every reader of other people's bytes whatever a fuzzer can think of: `make fuzz`.

The first byte of an input chooses the reader (tests/fuzz/readers.py). Inputs begin with valid files.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["monitor"]):
    from tests.fuzz.readers import READERS
    from tests.fuzz.valid import VALID

_NAMES = tuple(READERS)


def read_one(data: bytes) -> None:
    """Read one input."""
    if data:
        READERS[_NAMES[data[0] % len(_NAMES)]](data[1:])


def fill(corpus: Path) -> None:
    """Write the valid files where the fuzzer begins."""
    corpus.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(_NAMES):
        (corpus / f"valid-{name}").write_bytes(bytes([place]) + VALID[name])


if __name__ == "__main__":
    place = next(each for each in sys.argv[1:] if not each.startswith("-"))
    fill(Path(place))
    atheris.Setup(sys.argv, read_one)
    atheris.Fuzz()
