"""Models of a few kilobytes as GGUF files for a real llama.cpp server: random weights, letters as words.

The file format is GGUF 3: little-endian; metadata, then the shape of each tensor, then their data.
"""

from array import array
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from random import Random
from struct import pack

_WIDTH, _INNER, _HEADS, _CONTEXT = 64, 128, 2, 256
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ALIGNMENT = 32
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6  # types of tokens
_MEAN = 1  # how an encoder's vectors become one

Value = bool | int | float | str | list[str] | list[int] | list[float]
Tensors = Mapping[str, tuple[tuple[int, ...], Iterable[float]]]


def write_decoder(file: Path) -> Path:
    """Write a model that chats: it always says letters and blanks."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{each:02X}>" for each in range(256))]
    words = [f"{blank}{letter}" for letter in _LETTERS for blank in ("\u2581", "")]
    is_word = [False] * len(tokens) + [True] * len(words)
    about = {
        **_about("llama"),
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.attention.head_count_kv": _HEADS,
        "llama.rope.dimension_count": _WIDTH // _HEADS,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": [*tokens, *words],
        "tokenizer.ggml.scores": [-float(each) for each in range(len(is_word))],
        "tokenizer.ggml.token_type": [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * len(words)],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.chat_template": "{% for message in messages %}{{ message.content }} {% endfor %}",
    }
    random = Random(0)  # noqa: S311 (weights, the same every time)
    vectors = (3.0 if column == 0 else random.gauss(0, 0.1) for _ in is_word for column in range(_WIDTH))
    heads = (
        (3.0 if likely else -3.0) if column == 0 else random.gauss(0, 0.1)
        for likely in is_word
        for column in range(_WIDTH)
    )
    tensors = {
        "token_embd.weight": ((_WIDTH, len(is_word)), vectors),
        "output_norm.weight": _ones(_WIDTH),
        "output.weight": ((_WIDTH, len(is_word)), heads),
        "blk.0.attn_norm.weight": _ones(_WIDTH),
        "blk.0.ffn_norm.weight": _ones(_WIDTH),
        "blk.0.ffn_gate.weight": _noise(random, _WIDTH, _INNER),
        **_block(random),
    }
    return _write(file, about, tensors)


def write_encoder(file: Path) -> Path:
    """Write a model that only embeds, of the family that most embedding models are of."""
    tokens = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *(f"\u2581{each}" for each in _LETTERS),
        *_LETTERS,
    ]
    about = {
        **_about("bert"),
        "bert.attention.layer_norm_epsilon": 1e-12,
        "bert.attention.causal": False,
        "bert.pooling_type": _MEAN,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [*[_CONTROL] * 5, *[_NORMAL] * (len(tokens) - 5)],
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.unknown_token_id": 1,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.eos_token_id": 3,
        "tokenizer.ggml.seperator_token_id": 3,
        "tokenizer.ggml.mask_token_id": 4,
    }
    random = Random(0)  # noqa: S311 (weights, the same every time)
    biases = (
        "attn_q",
        "attn_k",
        "attn_v",
        "attn_output",
        "ffn_down",
        "attn_output_norm",
        "layer_output_norm",
    )
    tensors = {
        "token_embd.weight": _noise(random, _WIDTH, len(tokens)),
        "position_embd.weight": _noise(random, _WIDTH, _CONTEXT),
        "token_types.weight": _noise(random, _WIDTH, 2),
        "token_embd_norm.weight": _ones(_WIDTH),
        "token_embd_norm.bias": _zeros(_WIDTH),
        "blk.0.attn_output_norm.weight": _ones(_WIDTH),
        "blk.0.layer_output_norm.weight": _ones(_WIDTH),
        "blk.0.ffn_up.bias": _zeros(_INNER),
        **{f"blk.0.{each}.bias": _zeros(_WIDTH) for each in biases},
        **_block(random),
    }
    return _write(file, about, tensors)


def _about(family: str) -> dict[str, Value]:
    return {
        "general.architecture": family,
        f"{family}.context_length": _CONTEXT,
        f"{family}.embedding_length": _WIDTH,
        f"{family}.block_count": 1,
        f"{family}.feed_forward_length": _INNER,
        f"{family}.attention.head_count": _HEADS,
    }


def _block(random: Random) -> Tensors:
    """Return what both families' one layer has."""
    return {
        **{f"blk.0.attn_{each}.weight": _noise(random, _WIDTH, _WIDTH) for each in ("q", "k", "v", "output")},
        "blk.0.ffn_up.weight": _noise(random, _WIDTH, _INNER),
        "blk.0.ffn_down.weight": _noise(random, _INNER, _WIDTH),
    }


def _noise(random: Random, *shape: int) -> tuple[tuple[int, ...], list[float]]:
    return shape, [random.gauss(0, 0.1) for _ in range(prod(shape))]


def _ones(size: int) -> tuple[tuple[int, ...], list[float]]:
    return (size,), [1.0] * size


def _zeros(size: int) -> tuple[tuple[int, ...], list[float]]:
    return (size,), [0.0] * size


# ---- The file --------------------------------------------------------------------------


def _write(file: Path, about: Mapping[str, Value], tensors: Tensors) -> Path:
    head = b"GGUF" + pack("<IQQ", 3, len(tensors), len(about))
    head += b"".join(_text(name) + _typed(value) for name, value in about.items())
    data = b""
    for name, (shape, numbers) in tensors.items():
        head += _text(name) + pack(f"<I{len(shape)}Q", len(shape), *shape) + pack("<IQ", 0, len(data))
        data += _padded(array("f", numbers).tobytes())
    file.write_bytes(_padded(head) + data)
    return file


def _padded(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % _ALIGNMENT)


def _text(value: str) -> bytes:
    return pack("<Q", len(value.encode())) + value.encode()


def _typed(value: Value) -> bytes:
    kind, content = _plain(value)
    return pack("<I", kind) + content


def _plain(value: Value) -> tuple[int, bytes]:
    if isinstance(value, bool):
        return _BOOL, pack("<?", value)
    if isinstance(value, int):
        return _UINT32, pack("<I", value)
    if isinstance(value, float):
        return _FLOAT32, pack("<f", value)
    if isinstance(value, str):
        return _STRING, _text(value)
    items = [_plain(each) for each in value]
    kind = _INT32 if items[0][0] == _UINT32 else items[0][0]
    return _ARRAY, pack("<IQ", kind, len(items)) + b"".join(content for _, content in items)
