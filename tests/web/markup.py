"""What a reader sees of a page: its tables and its text, read from the markup."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_SILENT = {"style", "script", "title"}
_INLINE = {"a", "bdi", "span", "strong", "time"}
_VOID = {"meta", "link", "br", "img"}


@dataclass
class Seen(HTMLParser):
    """Tables by caption, each a list of rows of cell texts; every tag; the text outside of tables too."""

    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._inside: list[str] = []
        self._rows: list[list[str]] = []
        self._caption = ""

    @property
    def text(self) -> str:
        """Everything a reader reads, with one space between blocks."""
        return " ".join("".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._inside.append(tag)
        if tag == "table":
            self._rows, self._caption = [], ""
        elif tag == "tr":
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._rows[-1].append("")
        if tag in _VOID:
            self._inside.pop()
        if tag not in _INLINE:
            self.words.append(" ")
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag
        if tag == "table":
            self.tables[self._caption] = self._rows

    def handle_data(self, data: str) -> None:
        if _SILENT & set(self._inside):
            return
        self.words.append(data)
        if "caption" in self._inside:
            self._caption += data
        elif self._rows and self._rows[-1] and {"td", "th"} & set(self._inside):
            self._rows[-1][-1] += data


def read(page: str) -> Seen:
    """Read a page, which must close what it opens and hold no inline style or script."""
    seen = Seen()
    seen.feed(page)
    seen.close()
    return seen
