"""Clean files of a rendition, and ways to plant something in one. Everybody and every number in them is invented."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import pikepdf
import typst
from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from activities.leak_gate import search_file
from workflows.contract.rendition import FileFormat
from workflows.policy.anonymity import Named
from workflows.policy.leaks import Known, LeakKind, Redacted

KNOWN = Known(
    names=(
        Named("Zelda Quillfeather", "supervised person"),
        Named("Siobhán O'Brien", "practitioner"),
        Named("Mark Young", "line manager"),
        Named("Invented Family One", "victim or family"),
    ),
    identifiers=("X123456", "A1234BC", "19/0012345K"),
    born_on=(date(1991, 5, 4),),
    spans=(
        Redacted("was treated for schizophrenia at Seacroft Hospital", 1),
        Redacted("his mother", 2),
        Redacted("sister", 3, before="He had lived with his ", after=" in the same house."),
        Redacted("an account numbered 48151623", 4),
    ),
    allowed=("Invented SFO Team", "01632 960001", "team@example.test", "9am to 5pm, Monday to Friday"),
)

SENTENCES = (
    "The supervised person was seen every week, and the risk assessment was updated in March 2026.",
    "Information was shared with the police on 4 June 2026, three working days after it had come in.",
    "There were two missed appointments. Each was followed up on the same day, as the order requires.",
    "The action plan has 12 actions. The Head of PDU confirms them by 30 September 2026.",
)
CONTACT = "Invented SFO Team, 01632 960001, team@example.test, 9am to 5pm, Monday to Friday"
WORD = nsdecls("w")

Parts = dict[str, bytes]


def found(format: FileFormat, data: bytes) -> list[tuple[LeakKind, str]]:
    """What the gate finds in a file: of which kind, and where."""
    return [(leak.kind, leak.where) for leak in search_file(format, data, KNOWN)]


# --- HTML --------------------------------------------------------------------------------------------


def page(body: str = "", head: str = "") -> bytes:
    """A clean page, with more in its body or its head."""
    told = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
    return (
        '<!DOCTYPE html>\n<html lang="en-GB"><head><meta charset="utf-8"><title>Review of a case</title>'
        f'<style>body {{ color: #0b0c0c; font: 1rem "Example Sans" }} .gap {{ color: #f477ab }}</style>{head}</head>'
        f"<body><main><h1>The review</h1>{told}<p>[Removed: personal data]</p><p>{CONTACT}, "
        f'<a href="mailto:team@example.test">write</a>, <a href="tel:01632960001">ring</a></p>{body}</main></body>'
        "</html>"
    ).encode()


# --- Word --------------------------------------------------------------------------------------------


@lru_cache
def _template() -> bytes:
    document = docx.Document()
    for relation in [r for r in document.part.package.rels.values() if "thumbnail" in r.reltype]:
        del document.part.package.rels[relation.rId]
    for relation in [r for r in document.part.rels.values() if r.reltype.endswith("stylesWithEffects")]:
        del document.part.rels[relation.rId]
    for style in [s for s in document.styles.element if s.get(qn("w:type")) == "table" and not s.get(qn("w:default"))]:
        document.styles.element.remove(style)  # there are many, and every one would be searched every time
    document.core_properties.author = document.core_properties.comments = ""
    document.core_properties.title = "Review of a case"
    document.add_heading("The review", 1)
    for sentence in SENTENCES:
        document.add_paragraph(sentence)
    document.add_paragraph(CONTACT)
    return _saved(document)


def _saved(document: Document) -> bytes:
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def word(fill: Callable[[Any], Any] = lambda document: None) -> bytes:
    """A clean Word file, filled further."""
    document = docx.Document(BytesIO(_template()))
    fill(document)
    return _saved(document)


def word_code(*paragraphs: str) -> bytes:
    """A Word file that begins with paragraphs of this code."""

    def fill(document: Any) -> None:
        for code in reversed(paragraphs):
            document.element.body.insert(0, parse_xml(f"<w:p {WORD}>{code}</w:p>"))

    return word(fill)


def runs(*texts: str) -> str:
    """Runs of text, each of its own."""
    return "".join(f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>' for text in texts)


def word_parts(parts: Mapping[str, bytes | str], comment: bytes = b"") -> bytes:
    """A Word file with parts put in or replaced."""
    with ZipFile(BytesIO(_template())) as clean:
        held = {name: clean.read(name) for name in clean.namelist()}
    held |= {name: part.encode() if isinstance(part, str) else part for name, part in parts.items()}
    written = BytesIO()
    with ZipFile(written, "w", ZIP_DEFLATED) as container:
        for name, part in held.items():
            container.writestr(name, part)
        container.comment = comment
    return written.getvalue()


def part_of_word(name: str) -> str:
    """The code of a part of a clean Word file."""
    with ZipFile(BytesIO(_template())) as clean:
        return clean.read(name).decode()


# --- PDF ---------------------------------------------------------------------------------------------


@lru_cache
def pdf(body: str = "") -> bytes:
    """A clean PDF, with more in its body."""
    lines = "\n\n".join((*SENTENCES, CONTACT.replace("@", "\\@")))
    source = f'#set document(title: "Review of a case")\n#set text(lang: "en", region: "gb")\n= The review\n{lines}\n\n'
    made: Any = typst.compile((source + body).encode(), format="pdf", pdf_standards=["ua-1"])
    return bytes(made)


def pdf_changed(change: Callable[[Any], Any]) -> bytes:
    """A PDF with its objects changed, saved whole, so that no earlier version is in its bytes."""
    with pikepdf.open(BytesIO(pdf())) as changed:
        change(changed)
        written = BytesIO()
        changed.save(written)
    return written.getvalue()


def pdf_saved_again(appended: bytes) -> bytes:
    """A PDF to which an editor appended objects, as it does when it saves without writing the file anew."""
    before = pdf()
    at = before.rfind(b"startxref")
    previous = before[at:].split()[1]
    offset = len(before) + 1
    body = b"\n" + appended
    table = offset + len(appended)
    return (
        before + body + b"xref\n900 1\n%010d 00000 n \ntrailer\n" % offset
        + _trailer(before).replace(b"<<", b"<</Prev " + previous + b" ", 1) + b"\nstartxref\n%d\n%%%%EOF\n" % table
    )  # fmt: skip


def _trailer(data: bytes) -> bytes:
    start = data.rfind(b"trailer") + len(b"trailer")
    return data[start : data.rfind(b"startxref")].strip()


def form(document: Any, text: str) -> Any:
    """A form of PDF that shows a text in a plain font."""
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica,
        Encoding=pikepdf.Name.WinAnsiEncoding,
    )  # fmt: skip
    made = pikepdf.Stream(document, f"BT /F1 12 Tf 10 10 Td ({text}) Tj ET".encode())
    made.Type, made.Subtype, made.BBox = pikepdf.Name.XObject, pikepdf.Name.Form, [0, 0, 200, 40]
    made.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
    return document.make_indirect(made)


def show_form(document: Any, text: str) -> None:
    """A form on the first page."""
    first = document.pages[0]
    name = first.add_resource(form(document, text), pikepdf.Name.XObject)
    first.contents_add(f"q {name} Do Q".encode())
