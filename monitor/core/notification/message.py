"""A message to people or machines, in every form a channel may want. Where it goes is not its matter."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message. `id` stays the same however often it is sent; it stands in every form but the title.

    `text`, `markdown` and `html` say the same; `document` is for machines: JSON values only.
    """

    id: str
    title: str
    text: str
    markdown: str
    html: str
    document: Mapping[str, object] = field(default_factory=dict)
