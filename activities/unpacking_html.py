"""A page of HTML taken apart: its text by block, attributes, comments, scripts, and what is hidden or fetched.

Inline elements are joined, so that a name split over them is whole. What the reader of tags drops is still in the
source, which is searched coarsely besides.
"""

import base64
import binascii
import re
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

from activities.unpacked import JOINED, MOST_SHOWN, MOST_TEXT, Unpacking, printable
from workflows.policy.leaks import LeakKind

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = {
    **dict.fromkeys(_HEADINGS, "heading"),
    **dict.fromkeys(("td", "th", "tr", "table", "thead", "tbody", "tfoot", "caption"), "table"),
    **dict.fromkeys(("li", "ul", "ol", "dl", "dt", "dd"), "list"),
    **dict.fromkeys(("p", "blockquote", "pre", "address"), "paragraph"),
    **dict.fromkeys(("header", "nav", "main", "section", "article", "aside", "footer", "div", "body", "html"), "page"),
    **dict.fromkeys(("form", "fieldset", "legend", "label", "button", "select", "option", "textarea"), "form"),
    **dict.fromkeys(("figure", "figcaption", "details", "summary", "hr", "head", "noscript"), "page"),
    "title": "title of the page",
    "style": "style sheet",
    "script": "script",
    "template": "template that is not shown",
}
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_PICTURES = frozenset({"img", "svg", "picture", "canvas", "image"})
_CARRIED = frozenset({"object", "embed", "iframe", "frame", "audio", "video", "applet", "portal"})
_TARGETS = frozenset({"href", "src", "action", "formaction", "poster", "data", "srcset", "cite", "xlink:href", "ping"})
_NOT_SHOWN = re.compile(r"display:none|visibility:(?:hidden|collapse)|opacity:0(?:[;}]|$)|font-size:0", re.IGNORECASE)
_FETCHED = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", re.IGNORECASE)
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'|/\*(.*?)\*/", re.DOTALL)
_DATA = re.compile(r"\s*data:[^,]*?(;base64)?,(.*)$", re.IGNORECASE | re.DOTALL)
_NAMES = {"alt": "alternative text of a picture", "title": "attribute title", "content": "meta"}


def unpack_html(data: bytes, into: Unpacking) -> None:
    """Unpack a page. It must be UTF-8: in another encoding a browser might read other words than this does."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        into.unreadable("page", "it is not in UTF-8")
        into.text("page", printable(data), coarse=True)
        text = data.decode("utf-8", "replace")
    if len(text) > MOST_TEXT:
        into.unreadable("page", "it is too long to be searched")
        return
    if "\0" in text:
        into.unreadable("page", "it holds bytes that are no text")
    if not re.search(r"<html[\s>]", text, re.IGNORECASE):
        into.unreadable("page", "it is no page of HTML")
    reader = _Reader(into)
    reader.feed(text)
    reader.close()
    reader.flush()
    into.text("source of the page", text, coarse=True)
    into.text("whole page", JOINED.join(reader.blocks), coarse=True)


class _Reader(HTMLParser):
    """Reads tags. `blocks`: the text of every block, in order."""

    def __init__(self, into: Unpacking) -> None:
        super().__init__(convert_charrefs=True)
        self.into = into
        self.blocks: list[str] = []
        self._open: list[tuple[str, bool]] = []  # with whether it hides what is in it
        self._words: list[str] = []

    # --- what is read --------------------------------------------------------------------------------

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS:
            self.flush()
        if tag == "br":
            self._words.append("\n")
        self._element(tag, given, attrs)
        if tag not in _VOID:
            style = re.sub(r"\s", "", given.get("style", ""))
            hides = "hidden" in given or tag == "template" or bool(_NOT_SHOWN.search(style))
            self._open.append((tag, hides))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.flush()
        places = [place for place, (name, _) in enumerate(self._open) if name == tag]
        if places:
            del self._open[places[-1] :]

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def handle_comment(self, data: str) -> None:
        self.into.text("comment", data)
        self.into.found(LeakKind.COMMENT, "comment", data[:MOST_SHOWN])

    def handle_decl(self, decl: str) -> None:
        self.into.text("declaration", decl)
        if decl.strip().lower() != "doctype html":
            self.into.unreadable("declaration", decl[:MOST_SHOWN])

    def handle_pi(self, data: str) -> None:
        self.into.text("instruction to a program", data)
        self.into.found(LeakKind.HIDDEN_TEXT, "instruction to a program", data[:MOST_SHOWN])

    def unknown_decl(self, data: str) -> None:
        self.into.text("declaration", data)
        self.into.found(LeakKind.HIDDEN_TEXT, "declaration", data[:MOST_SHOWN])

    # --- what is made of it --------------------------------------------------------------------------

    def flush(self) -> None:
        """The block so far is over: its text stands where its innermost element says."""
        text = "".join(self._words)
        self._words = []
        if not text.strip():
            return
        where = next((_BLOCKS[tag] for tag, _ in reversed(self._open) if tag in _BLOCKS), "page")
        if where == "style sheet":
            _style(text, self.into)
            return
        self.into.text(where, text)
        if where == "script":
            self.into.found(LeakKind.SCRIPT, where, text[:MOST_SHOWN])
            return
        self.blocks.append(text)
        if any(hides for _, hides in self._open):
            self.into.found(LeakKind.HIDDEN_TEXT, where, text[:MOST_SHOWN])

    def _element(self, tag: str, given: dict[str, str], attrs: list[tuple[str, str | None]]) -> None:
        into = self.into
        if tag in _PICTURES:
            into.found(LeakKind.IMAGE, "picture", f"{tag} {given.get('alt', '')}")
        if tag in _CARRIED:
            into.found(LeakKind.ATTACHMENT, "something that is shown inside of the page", tag)
        if tag == "script":
            into.found(LeakKind.SCRIPT, "script", given.get("src", "in the page"))
        if tag == "input" and given.get("type", "").lower() == "hidden":
            into.found(LeakKind.HIDDEN_TEXT, "form", given.get("value", ""))
        if tag == "meta":
            self._meta(given)
        for name, value in attrs:
            self._attribute(name, value or "")

    def _meta(self, given: dict[str, str]) -> None:
        named = given.get("name", given.get("property", "")).lower()
        if named.rpartition(".")[2].rpartition(":")[2] in ("author", "creator", "owner", "publisher", "web_author"):
            self.into.owner(f"meta {named}", given.get("content", ""))
        if given.get("http-equiv", "").lower() == "refresh":
            self.into.found(LeakKind.EXTERNAL_LINK, "meta refresh", given.get("content", ""))
        charset = given.get("charset") or given.get("content", "").lower().partition("charset=")[2]
        if charset and charset.strip().lower() not in ("utf-8", "utf8"):
            self.into.unreadable("meta", "it says that it is not in UTF-8")

    def _attribute(self, name: str, value: str) -> None:
        where = "target of a link" if name in _TARGETS else _NAMES.get(name, f"attribute {name}")
        if name in _TARGETS:
            self.into.link(where, value)
            _carried(where, value, self.into)
        elif name == "style":
            _style(value, self.into)
        else:
            self.into.text(where, value)
        if name.startswith("on"):
            self.into.found(LeakKind.SCRIPT, where, value[:MOST_SHOWN])


def _style(text: str, into: Unpacking) -> None:
    """A style sheet is no text, but for what it quotes, and comments; and it may fetch."""
    into.text("style sheet", text, coarse=True)
    for quoted in _QUOTED.findall(text):
        into.text("style sheet", "".join(quoted))
    for fetched in _FETCHED.findall(text):
        into.link("style sheet", "".join(fetched))
        _carried("style sheet", "".join(fetched), into)


def _carried(where: str, target: str, into: Unpacking) -> None:
    """What a data: address carries is decoded and searched; that it is there is a finding by itself."""
    carried = _DATA.match(target)
    if not carried:
        return
    data = unquote_to_bytes(carried[2])
    if carried[1]:
        try:
            data = base64.b64decode(data + b"==")
        except binascii.Error:
            into.unreadable(where, "an address carries data that cannot be decoded")
    into.text(where, printable(data), coarse=True)
