"""Markdown as the one source of a mail: the HTML part and the text part say the same words."""

import re
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from shared.errors import Refused

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_SPACES = re.compile(r"[\s\u2028\u2029]+")
# html=True so that raw HTML is recognised, to be refused, and not shown as if it were meant.
_STRICT = MarkdownIt("commonmark", {"html": True})
_PLAIN = MarkdownIt("commonmark", {"html": False})


class LoadsFromElsewhere(Refused):
    """A mail holds text and plain links only: take out the images and the raw HTML."""

    status = 422
    problem = "mail-loads-from-elsewhere"


def escaped(value: object) -> str:
    """Make a value inert in Markdown (CommonMark section 2.4): one line, no markup, no link."""
    return _PUNCTUATION.sub(r"\\\1", _SPACES.sub(" ", str(value)))


def mail_environment(*folders: str) -> Environment:
    """Give the Jinja2 environment for mail templates; whatever is inserted is escaped."""
    return Environment(
        loader=FileSystemLoader(folders),
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  # the output is Markdown: `escaped` is its escaping
    )


def _finalize(value: Any) -> Any:
    # Markup was checked by its maker (an issue). Undefined must pass, or it could not raise.
    if isinstance(value, Markup) or not isinstance(value, str | int | float):
        return value
    return escaped(value)


def check_self_contained(markdown: str) -> None:
    """Refuse what a mail reader would load or run (images, raw HTML); plain links may stand.

    Raises LoadsFromElsewhere.
    """
    for token in _flat(_STRICT.parse(markdown)):
        if token.type in {"image", "html_block", "html_inline"}:
            raise LoadsFromElsewhere


def to_html(markdown: str) -> str:
    """Render Markdown as an HTML fragment. Raises LoadsFromElsewhere for images, raw HTML."""
    check_self_contained(markdown)
    rendered: str = _PLAIN.render(markdown)
    return rendered


def to_text(markdown: str) -> str:
    """Render Markdown as plain text: words as they are, links after their words in brackets."""
    lines: list[str] = []
    prefix: list[str] = []
    for token in _PLAIN.parse(markdown):
        if token.type == "list_item_open":
            prefix.append("- ")
        elif token.type == "list_item_close":
            prefix.pop()
        elif token.type == "hr":
            lines += ["--", ""]
        elif token.type == "inline":
            lines += ["".join(prefix) + _words(token.children or []), ""]
        elif token.type in {"fence", "code_block"}:
            lines += [token.content.rstrip("\n"), ""]
    return "\n".join(lines).strip() + ("\n" if lines else "")


def _words(tokens: Sequence[Token]) -> str:
    out: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            out.append(token.content)
        elif token.type in {"softbreak", "hardbreak"}:
            out.append("\n")
        elif token.type == "link_open":
            links.append((str(token.attrs.get("href", "")), len(out)))
        elif token.type == "link_close":
            target, start = links.pop()
            if "".join(out[start:]) not in {target, target.removeprefix("mailto:")}:
                out.append(f":\n{target}")
    return "".join(out)


def _flat(tokens: Sequence[Token]) -> list[Token]:
    return [part for token in tokens for part in (token, *(token.children or []))]
