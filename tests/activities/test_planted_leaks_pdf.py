"""Whatever is planted in a PDF of a rendition is found, and told as what it is. Everything planted is invented."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from tests.activities.planted import form, found, pdf, pdf_changed, pdf_saved_again, show_form
from workflows.contract.rendition import FileFormat
from workflows.policy.leaks import LeakKind

NAME = "Zelda Quillfeather"
K = LeakKind

Planted = tuple[str, Callable[[], bytes], LeakKind, str]


def outline(document: Any) -> None:
    with document.open_outline() as tree:
        tree.root.append(pikepdf.OutlineItem(NAME, 0))


def note(kind: str, **more: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        made = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name(kind), Rect=[0, 0, 9, 9], **more)
        document.pages[0].Annots = pikepdf.Array([document.make_indirect(made)])

    return change


def catalogue(key: str, value: Any) -> Callable[[Any], None]:
    return lambda document: document.Root.__setitem__(key, value)


def action(**more: Any) -> Callable[[Any], None]:
    return catalogue("/OpenAction", pikepdf.Dictionary(Type=pikepdf.Name.Action, **more))


def information(key: str, value: str) -> Callable[[Any], None]:
    return lambda document: document.docinfo.__setitem__(key, value)


def xmp(document: Any) -> None:
    with document.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:description"] = NAME


def said_instead(document: Any) -> None:
    document.pages[0].contents_add(b"/Span <</ActualText (Quill\\146eather)>> BDC EMC")


def attach(document: Any) -> None:
    document.attachments["x.txt"] = NAME.encode()


def picture(document: Any) -> None:
    stream = pikepdf.Stream(document, b"\0" * 12)
    stream.Type, stream.Subtype, stream.Width, stream.Height = pikepdf.Name.XObject, pikepdf.Name.Image, 2, 2
    stream.ColorSpace, stream.BitsPerComponent = pikepdf.Name.DeviceRGB, 8
    document.pages[0].add_resource(stream, pikepdf.Name.XObject)


def coded(document: Any) -> None:
    """Letters whose codes no table explains."""
    for font in document.pages[0].Resources.Font.values():
        del font["/ToUnicode"]


def only_lines(document: Any) -> None:
    document.pages[0].Contents = pikepdf.Stream(document, b"0 0 m 9 9 l S")


def locked() -> bytes:
    written = BytesIO()
    with pikepdf.open(BytesIO(pdf())) as document:
        document.save(written, encryption=pikepdf.Encryption(owner="o", user=""))
    return written.getvalue()


OBJECT = b"900 0 obj\n<</Who (Zelda \\121uillfeather)>>\nendobj\n"
BOX_OVER = f"#box[{NAME}] #place(dx: 0pt, dy: -20pt, rect(width: 200pt, height: 30pt, fill: black))"

PDF: list[Planted] = [
    ("a page", lambda: pdf(f"Seen with {NAME}."), K.NAME, "PDF page 1"),
    ("the second page", lambda: pdf(f"#pagebreak()\n{NAME}"), K.NAME, "PDF page 2"),
    ("a heading", lambda: pdf("== quillfeather"), K.NAME, "PDF page 1"),
    ("two pages", lambda: pdf("Seen by Quill\n#pagebreak()\nfeather"), K.NAME, "pages of the PDF"),
    ("the end of a line", lambda: pdf("#box(width: 60pt)[of it Quill-\\ feather said]"), K.NAME, "PDF page 1"),
    ("a black box", lambda: pdf(BOX_OVER), K.NAME, "PDF page 1"),
    ("white letters", lambda: pdf(f"#text(fill: white, size: 1pt)[{NAME}]"), K.NAME, "PDF page 1"),
    ("spaced letters", lambda: pdf("#text(tracking: 6pt)[Quillfeather, Zelda]"), K.NAME, "PDF page 1"),
    ("a turned line", lambda: pdf(f"#rotate(90deg)[{NAME}]"), K.NAME, "PDF page 1"),
    ("the information", lambda: pdf_changed(information("/Subject", NAME)), K.NAME, "document information Subject"),
    (
        "the author",
        lambda: pdf_changed(information("/Author", "A. N. Editor")),
        K.METADATA,
        "document information Author",
    ),
    ("the metadata", lambda: pdf_changed(xmp), K.NAME, "XMP metadata"),
    ("an annotation", lambda: pdf_changed(note("/Link", Contents=NAME)), K.NAME, "annotation"),
    ("a note", lambda: pdf_changed(note("/Text", Contents="x")), K.COMMENT, "annotation"),
    ("a redaction nobody applied", lambda: pdf_changed(note("/Redact")), K.COMMENT, "annotation"),
    ("an outline", lambda: pdf_changed(outline), K.NAME, "bookmark of the PDF"),
    ("an embedded file", lambda: pdf_changed(attach), K.ATTACHMENT, "embedded file"),
    ("a name in it", lambda: pdf_changed(attach), K.NAME, "embedded file"),
    ("what is said instead", lambda: pdf_changed(said_instead), K.NAME, "PDF page 1, replacement text"),
    ("a form", lambda: pdf_changed(lambda d: show_form(d, NAME)), K.NAME, "form in the PDF"),
    (
        "a form that nothing shows",
        lambda: pdf_changed(lambda d: d.Root.__setitem__("/X", form(d, "Quill-feather"))),
        K.NAME,
        "form in the PDF",
    ),
    (
        "a script",
        lambda: pdf_changed(action(S=pikepdf.Name.JavaScript, JS="x()")),
        K.SCRIPT,
        "script of the PDF",
    ),
    (
        "a name in a script",
        lambda: pdf_changed(action(S=pikepdf.Name.JavaScript, JS=NAME)),
        K.NAME,
        "script of the PDF",
    ),
    ("an action", lambda: pdf_changed(action(S=pikepdf.Name.Launch, F="x")), K.EXTERNAL_LINK, "action of the PDF"),
    (
        "a link",
        lambda: pdf_changed(action(S=pikepdf.Name.URI, URI="https://x.test")),
        K.EXTERNAL_LINK,
        "target of a link",
    ),
    ("layers", lambda: pdf_changed(catalogue("/OCProperties", pikepdf.Dictionary())), K.HIDDEN_TEXT, "layers"),
    ("a name of PDF", lambda: pdf_changed(catalogue("/Quillfeather", 1)), K.NAME, "names in the code"),
    (
        "bytes",
        lambda: pdf_changed(catalogue("/X", pikepdf.String("\u0416 Zelda Quillfeather"))),
        K.NAME,
        "object of the PDF",
    ),
    ("a picture", lambda: pdf_changed(picture), K.IMAGE, "picture in the PDF"),
    ("letters without a table", lambda: pdf_changed(coded), K.UNREADABLE, "font of the PDF"),
    ("a page of lines", lambda: pdf_changed(only_lines), K.UNREADABLE, "PDF page 1"),
    ("an earlier version", lambda: pdf_saved_again(OBJECT), K.REVISION, "earlier version"),
    ("a name in it", lambda: pdf_saved_again(OBJECT), K.NAME, "object of the PDF"),
    (
        "an object taken off the list",
        lambda: pdf().replace(b"\nxref\n", b"\n" + OBJECT + b"xref\n"),
        K.UNREADABLE,
        "file",
    ),
    ("bytes behind the end", lambda: pdf() + NAME.encode(), K.NAME, "bytes behind the end"),
    ("a password", locked, K.UNREADABLE, "file"),
    ("half of a file", lambda: pdf()[:4000], K.UNREADABLE, "file"),
]


@pytest.mark.parametrize(("made", "kind", "where"), [pytest.param(*case, id=name) for name, *case in PDF])
def test_it_is_found_in_pdf(made: Callable[[], bytes], kind: LeakKind, where: str) -> None:
    told = found(FileFormat.PDF, made())
    assert any(k is kind and w.startswith(where) for k, w in told), told
