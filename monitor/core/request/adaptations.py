"""What a refused request should have looked like: one table from the words of a refusal to an adaptation.

Read from the top, the first row that fits decides. The words are those of provider facts 2.3, 4 (row 17) and
5; texts come in lower case and without the model's id.
"""

import re
from dataclasses import dataclass

from monitor.core.request.forms import Adaptation, RequestChange


@dataclass(frozen=True, slots=True)
class _Row:
    says: str
    make: tuple[RequestChange, ...] = ()
    undo: tuple[RequestChange, ...] = ()


_UNWANTED = (
    r"(?:unsupported|not supported|does ?n[o']t support|unknown|unrecognized|unexpected|not permitted"
    r"|not allowed|extra_forbidden|extra (?:inputs?|fields?)|invalid parameter|cannot be (?:used|set))"
)
_WANTED = (
    r"(?:require[sd]?|missing|must (?:be (?:provided|set|included)|include|contain|have|start with)|needs?)"
)
_TOKENS = r"max_(?:completion_|output_|new_)?tokens"
_UNKNOWN = r"(?:unsupported parameter|unknown|unrecognized|unexpected|not permitted|extra_forbidden)"
_NOT_OFFERED = r"(?:not supported|unsupported|does ?n[o']t support)"


def _both(one: str, other: str, *, within: int = 80) -> str:
    """Either order, with so many characters between."""
    one, other = f"(?:{one})", f"(?:{other})"
    # bounded: words of two sentences have nothing to do with one another
    return rf"(?s:{one}.{{0,{within}}}{other}|{other}.{{0,{within}}}{one})"


_TABLE: tuple[_Row, ...] = (  # the order matters: refusals of a word stand before rows that want it
    _Row(
        r"(?:last|final) (?:message|role|turn).{0,20}\buser\b|end with an? user|message prefill",
        undo=(RequestChange.ASSISTANT_LAST,),
    ),
    _Row(
        r"(?:use|with|try|specify|by|favou?r of) [`'\"]?max_completion_tokens",
        make=(RequestChange.MAX_COMPLETION_TOKENS,),
    ),
    _Row(_both("max_completion_tokens", _UNWANTED), undo=(RequestChange.MAX_COMPLETION_TOKENS,)),
    _Row(_both(r"budget", r"max_tokens"), make=(RequestChange.MORE_TOKENS,)),
    _Row(
        _both(_TOKENS, r"(?:minimum|at least|>=|greater[_ ]than|below|too (?:low|small|few)|higher)"),
        make=(RequestChange.MORE_TOKENS,),
    ),
    _Row(r"output limit was reached|higher max_tokens", make=(RequestChange.MORE_TOKENS,)),
    _Row(
        _both(r"\bmax_tokens", r"\brequired|\bmissing") + r"|(?:use|specify) [`'\"]?max_tokens",
        undo=(RequestChange.MAX_COMPLETION_TOKENS, RequestChange.NO_TOKEN_LIMIT),
    ),
    _Row(_TOKENS, make=(RequestChange.NO_TOKEN_LIMIT,)),  # what is left refuses limits as such
    _Row(_both(r"(?:input_type|truncate|encoding_format)", _UNWANTED), undo=(RequestChange.INPUT_TYPE,)),
    _Row(r"input_type", make=(RequestChange.INPUT_TYPE,)),
    _Row(_both("temperature", _UNWANTED), undo=(RequestChange.TEMPERATURE,)),
    _Row("temperature", make=(RequestChange.TEMPERATURE,)),
    _Row(
        _both("chat_template_kwargs|enable_thinking", rf"(?:{_UNKNOWN}|{_NOT_OFFERED})")
        + r"|does ?n[o']t support thinking"
        r"|only works in thinking|thinking (?:must be enabled|is required|cannot be disabled)",
        undo=(RequestChange.NO_THINKING,),
    ),
    _Row(r"thinking", make=(RequestChange.NO_THINKING,)),
    _Row(
        r"cannot be a plain string|exactly one image|only (?:one |an )?image",
        make=(RequestChange.IMAGE_ALONE, RequestChange.TOOLS),
    ),
    _Row(
        _both(r"\bimages?(?:_url)?\b", _UNWANTED)
        + r"|at most 0 image|image input is not supported|no endpoints found that support image"
        r"|\bcontent\b.{0,20}(?:must|should) be a (?:valid )?string",
        undo=(RequestChange.IMAGE, RequestChange.IMAGE_ALONE),
    ),
    _Row(r"\bimages?(?:_url)?\b", make=(RequestChange.IMAGE,)),
    _Row(
        _both(r"\btools?\b|tool_choice", _UNWANTED) + r"|no endpoints found that support tool",
        undo=(RequestChange.TOOLS,),
    ),
    _Row(r"\btools?\b|tool_choice", make=(RequestChange.TOOLS,)),
    _Row(
        _both(r"\bnon[- ]?stream(?:ing)?\b|\bstream['\"`]? ?(?:[=:]|set to) ?false", _NOT_OFFERED)
        + r"|only supports? stream|must be stream(?:ed|ing)",
        make=(RequestChange.STREAM,),
    ),
    _Row(
        _both(
            r"\bstream(?:ing)?\b",
            rf"(?:{_UNWANTED}|not (?:enabled|offered)|must be (?:false|disabled|unset))",
        )
        + r"|only.{0,20}\bnon[- ]?stream|verified to stream",
        make=(RequestChange.NO_STREAM,),
    ),
    _Row(r"\bstream(?:ing)?\b", make=(RequestChange.STREAM,)),
    _Row(
        r"must alternate|alternating|role.{0,40}\bassistant\b.{0,40}required",
        make=(RequestChange.ASSISTANT_LAST,),
        undo=(RequestChange.SYSTEM,),  # which is a turn too many for the templates that say so
    ),
    _Row(
        r"(?:last|final) message must|must end with an? assistant"
        r"|assistant (?:message|turn|response) (?:is )?(?:required|missing)",
        make=(RequestChange.ASSISTANT_LAST,),
    ),
    _Row(
        _both(r"\bsystem\b", _UNWANTED)
        + r"|developer instruction is not|only (?:the )?user and assistant roles",
        undo=(RequestChange.SYSTEM,),
    ),
    _Row(_both(r"\bsystem\b|\bpolicy\b", _WANTED, within=60), make=(RequestChange.SYSTEM,)),
)
_COMPILED = tuple(
    (re.compile(row.says), Adaptation(frozenset(row.make), frozenset(row.undo))) for row in _TABLE
)


# What an empty answer asks for: models that think, and servers that drop the thoughts (rules.md 39).
MORE_ROOM = Adaptation(make=frozenset({RequestChange.MORE_TOKENS}))


def adaptation_in(text: str) -> Adaptation | None:
    """Return what the text of a refusal asks for; None where no row knows its words."""
    return next((adaptation for pattern, adaptation in _COMPILED if pattern.search(text)), None)
