"""`MODEL_CARD.md` beside `model.toml`: what a model's makers say, its limits above all."""

from __future__ import annotations

from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from serving.domain.errors import CorruptModel

PROSE_NAME = "MODEL_CARD.md"
MAX_BYTES = 1 << 20
_LOWEST_HEADING = 6


def read_prose(folder: Path) -> Markup | None:
    """The file as safe HTML, headings two levels lower; None where there is none.

    HTML in it is shown as text, pictures are left out and only web links stay links. Raises
    CorruptModel where it is larger than 1 MiB or cannot be read.
    """
    path = folder / PROSE_NAME
    if not path.exists():
        return None
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise CorruptModel(f"{PROSE_NAME} cannot be read: {type(error).__name__}") from error
    if len(content) > MAX_BYTES:
        raise CorruptModel(f"{PROSE_NAME} is larger than 1 MiB; shorten it")
    return render_prose(content.decode("utf-8", "replace"))


def render_prose(text: str) -> Markup:
    """Markdown to HTML that can neither load nor run anything."""
    parser = MarkdownIt("js-default", {"html": False, "linkify": False}).disable("image")
    tokens = parser.parse(_without_comments(text))
    for token in tokens:
        _lower_heading(token)
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _without_comments(text: str) -> str:
    """Without lines that are a whole HTML comment: marks for tools, nothing for readers."""
    lines = text.splitlines()
    return "\n".join(x for x in lines if not (x.startswith("<!--") and x.endswith("-->")))


def _lower_heading(token: Token) -> None:
    if token.type in ("heading_open", "heading_close"):
        token.tag = f"h{min(_LOWEST_HEADING, int(token.tag[1]) + 2)}"
