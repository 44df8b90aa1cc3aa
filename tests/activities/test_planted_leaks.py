"""Whatever is planted in a page or a Word file of a rendition is found, and told as what it is; all of it invented."""

import base64
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from docx.shared import Inches
from PIL import Image, PngImagePlugin

from tests.activities.planted import (
    WORD,
    found,
    page,
    part_of_word,
    runs,
    word,
    word_code,
    word_parts,
)
from workflows.contract.rendition import FileFormat
from workflows.policy.leaks import LeakKind

NAME = "Zelda Quillfeather"
K = LeakKind

Planted = tuple[str, Callable[[], bytes], LeakKind, str]


def png(text: str = "") -> bytes:
    told, written = PngImagePlugin.PngInfo(), BytesIO()
    told.add_text("Description", text or "nothing")
    Image.new("RGB", (2, 2)).save(written, "png", pnginfo=told)
    return written.getvalue()


# --- HTML --------------------------------------------------------------------------------------------

HTML: list[Planted] = [
    ("a heading", lambda: page(f"<h2>{NAME}</h2>"), K.NAME, "heading"),
    ("a table", lambda: page("<table><tr><th>Who</th><td>quillfeather</td></tr></table>"), K.NAME, "table"),
    ("a list", lambda: page(f"<ul><li>{NAME.upper()}</li></ul>"), K.NAME, "list"),
    ("a run split by elements", lambda: page("<p>Quill<b>fea</b><i>ther</i></p>"), K.NAME, "paragraph"),
    ("two paragraphs", lambda: page("<p>Seen by Quill</p><p>feather again</p>"), K.NAME, "whole page"),
    ("a comment", lambda: page(f"<!-- {NAME} -->"), K.NAME, "comment"),
    ("a comment that says nothing", lambda: page("<!-- to do -->"), K.COMMENT, "comment"),
    ("a title", lambda: page(f'<p title="{NAME}">x</p>'), K.NAME, "attribute title"),
    ("an attribute", lambda: page('<p data-who="zelda-quillfeather">x</p>'), K.NAME, "attribute data-who"),
    ("a label", lambda: page(f'<section aria-label="{NAME}"></section>'), K.NAME, "attribute aria-label"),
    ("an identifier", lambda: page('<h2 id="quillfeather">x</h2>'), K.NAME, "attribute id"),
    ("a class", lambda: page('<p class="x Quillfeather y">x</p>'), K.NAME, "attribute class"),
    ("the author", lambda: page(head='<meta name="author" content="A. N. Editor">'), K.METADATA, "meta author"),
    ("a description", lambda: page(head=f'<meta name="description" content="{NAME}">'), K.NAME, "meta"),
    ("a hidden element", lambda: page("<p hidden>Nothing of note</p>"), K.HIDDEN_TEXT, "paragraph"),
    ("hidden by style", lambda: page('<div style="display : none">x</div>'), K.HIDDEN_TEXT, "page"),
    ("a name in a hidden element", lambda: page(f"<p hidden>{NAME}</p>"), K.NAME, "paragraph"),
    ("a template", lambda: page(f"<template><p>{NAME}</p></template>"), K.NAME, "paragraph"),
    ("a hidden field", lambda: page(f'<input type="hidden" value="{NAME}">'), K.NAME, "attribute value"),
    ("entities", lambda: page("<p>&#90;elda &#x51;uillfeather</p>"), K.NAME, "paragraph"),
    ("entities of entities", lambda: page("<p>&amp;#90;elda &amp;#81;uill&amp;#102;eather</p>"), K.NAME, "paragraph"),
    ("a coded address", lambda: page('<a href="#%51uill%66eather">x</a>'), K.NAME, "target of a link"),
    ("an email link", lambda: page('<a href="mailto:someone@example.test">x</a>'), K.EMAIL, "target of a link"),
    ("a link outside", lambda: page('<a href="https://example.test/x">x</a>'), K.EXTERNAL_LINK, "target of a link"),
    (
        "a style from outside",
        lambda: page(head='<link rel="x" href="//example.test">'),
        K.EXTERNAL_LINK,
        "target of a link",
    ),
    (
        "a font from outside",
        lambda: page('<p style="background: url(//example.test)">x'),
        K.EXTERNAL_LINK,
        "style sheet",
    ),
    (
        "a quotation in a style",
        lambda: page(head=f'<style>p::after {{ content: "{NAME}" }}</style>'),
        K.NAME,
        "style sheet",
    ),
    ("a script", lambda: page("<script>1</script>"), K.SCRIPT, "script"),
    ("a name in a script", lambda: page(f"<script>let who = '{NAME}'</script>"), K.NAME, "script"),
    ("a script in an attribute", lambda: page('<p onclick="x()">x</p>'), K.SCRIPT, "attribute onclick"),
    ("a script in a link", lambda: page('<a href="javascript:x()">x</a>'), K.SCRIPT, "target of a link"),
    ("a picture", lambda: page('<img alt="">'), K.IMAGE, "picture"),
    ("a picture's text", lambda: page(f'<img alt="{NAME}">'), K.NAME, "alternative text of a picture"),
    (
        "a picture in the page",
        lambda: page(f'<img src="data:image/png;base64,{base64.b64encode(png()).decode()}">'),
        K.IMAGE,
        "target of a link",
    ),
    (
        "a name in data",
        lambda: page(f'<a href="data:text/plain;base64,{base64.b64encode(NAME.encode()).decode()}">x</a>'),
        K.NAME,
        "target of a link",
    ),
    ("data", lambda: page('<a href="data:text/plain,x">x</a>'), K.ATTACHMENT, "target of a link"),
    ("a frame", lambda: page("<iframe></iframe>"), K.ATTACHMENT, "something that is shown inside of the page"),
    ("another encoding", lambda: page().replace(b"</main>", b"\xe9</main>"), K.UNREADABLE, "page"),
    ("a declared encoding", lambda: page(head='<meta charset="utf-7">'), K.UNREADABLE, "meta"),
    ("no page", lambda: b"just words", K.UNREADABLE, "page"),
]

# --- Word --------------------------------------------------------------------------------------------

DRAWING = (
    '<w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
    '<wp:docPr id="1" name="Picture 1" descr="{}"/></wp:inline></w:drawing></w:r>'
)
RELATIONS = "word/_rels/document.xml.rels"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/"
PEOPLE = (
    '<w15:people xmlns:w15="http://schemas.microsoft.com/office/word/2012/wordml"><w15:person w15:author="{}"/>'
    "</w15:people>"
)
NOTES = (
    f"<w:footnotes {WORD}><w:footnote w:id='2'><w:p>{runs('As ', 'Quill', 'feather said')}</w:p></w:footnote>"
    "</w:footnotes>"
)
BOX = f"<w:r><w:pict><w:txbxContent>{{}}</w:txbxContent></w:pict></w:r>{runs('after')}"


def in_table(document: Any) -> None:
    document.add_table(rows=1, cols=1).cell(0, 0).text = NAME


def core(name: str, value: str) -> Callable[[Any], None]:
    return lambda document: setattr(document.core_properties, name, value)


def inner(text: str) -> bytes:
    return word(lambda document: document.add_paragraph(text))


def relation(kind: str, target: str) -> dict[str, bytes | str]:
    more = f'<Relationship Id="r99" Type="{OFFICE}relationships/{kind}" Target="{target}" TargetMode="External"/>'
    return {RELATIONS: part_of_word(RELATIONS).replace("</Relationships>", f"{more}</Relationships>")}


def pictured(document: Any) -> None:
    document.add_picture(BytesIO(png(NAME)), width=Inches(1))


DOCX: list[Planted] = [
    ("a heading", lambda: word(lambda d: d.add_heading(NAME, 2)), K.NAME, "heading"),
    ("a table", lambda: word(in_table), K.NAME, "table"),
    ("a header", lambda: word(lambda d: setattr(d.sections[0].header.paragraphs[0], "text", NAME)), K.NAME, "header"),
    ("a footer", lambda: word(lambda d: setattr(d.sections[0].footer.paragraphs[0], "text", NAME)), K.NAME, "footer"),
    ("split runs", lambda: word_code(runs("Mr Qu", "ill", "feather left")), K.NAME, "paragraph"),
    ("a run split with hyphens", lambda: word_code(runs("Quill-", "feather left")), K.NAME, "paragraph"),
    (
        "a soft hyphen",
        lambda: word_code("<w:r><w:t>Quill</w:t><w:softHyphen/><w:t>feather</w:t></w:r>"),
        K.NAME,
        "paragraph",
    ),
    (
        "a symbol",
        lambda: word_code(runs("Quill") + "<w:r><w:sym w:char='F066'/></w:r>" + runs("eather")),
        K.NAME,
        "paragraph",
    ),
    ("two paragraphs", lambda: word_code(runs("By Quill"), runs("feather")), K.NAME, "whole document"),
    ("a text box", lambda: word_code(BOX.format(f"<w:p>{runs(NAME)}</w:p>")), K.NAME, "text box"),
    ("a footnote", lambda: word_parts({"word/footnotes.xml": NOTES}), K.NAME, "footnote"),
    ("an endnote", lambda: word_parts({"word/endnotes.xml": NOTES.replace("footnote", "endnote")}), K.NAME, "endnote"),
    ("a building block", lambda: word_parts({"word/glossary/document.xml": NOTES}), K.NAME, "building block"),
    ("a comment", lambda: word(lambda d: d.add_comment(d.paragraphs[1].runs, text=NAME)), K.NAME, "comment"),
    ("a comment at all", lambda: word(lambda d: d.add_comment(d.paragraphs[1].runs, text="x")), K.COMMENT, "comment"),
    (
        "a comment's author",
        lambda: word(lambda d: d.add_comment(d.paragraphs[1].runs, text="x", author="Siobhan OBrien")),
        K.NAME,
        "author of a change or a comment",
    ),
    ("the creator", lambda: word(core("author", "A. N. Editor")), K.METADATA, "document property creator"),
    ("the last editor", lambda: word(core("last_modified_by", "x")), K.METADATA, "document property lastModifiedBy"),
    ("a title", lambda: word(core("title", f"Review of {NAME}")), K.NAME, "document property title"),
    ("keywords", lambda: word(core("keywords", "X123456")), K.CRN, "document property keywords"),
    (
        "the company",
        lambda: word_parts({"docProps/app.xml": "<Properties><Company>Example</Company></Properties>"}),
        K.METADATA,
        "document property Company",
    ),
    (
        "a property of its own",
        lambda: word_parts({"docProps/custom.xml": f"<P><property name='Who'><v>{NAME}</v></property></P>"}),
        K.NAME,
        "document property v",
    ),
    ("the list of people", lambda: word_parts({"word/people.xml": PEOPLE.format("x")}), K.METADATA, "list of people"),
    ("other data", lambda: word_parts({"customXml/item9.xml": "<a><b>A1234BC</b></a>"}), K.NOMS, "custom XML b"),
    (
        "a note in the code",
        lambda: word_parts({"customXml/item9.xml": f"<a><!-- {NAME} --></a>"}),
        K.NAME,
        "note in the code",
    ),
    (
        "settings",
        lambda: word_parts({"word/settings.xml": f"<w:s {WORD}><w:docVar w:val='{NAME}'/></w:s>"}),
        K.NAME,
        "settings",
    ),
    (
        "an attribute nobody knows",
        lambda: word_parts({"word/styles.xml": f"<w:styles {WORD}><w:x w:y='Quillfeather'/></w:styles>"}),
        K.NAME,
        "part word/styles.xml",
    ),
    (
        "an insertion",
        lambda: word_code(f"<w:ins w:author='x' w:id='1'>{runs('new')}</w:ins>"),
        K.REVISION,
        "tracked change (ins)",
    ),
    (
        "a deletion",
        lambda: word_code(f"<w:del w:author='x' w:id='1'><w:r><w:delText>{NAME}</w:delText></w:r></w:del>"),
        K.NAME,
        "deleted text",
    ),
    ("hidden text", lambda: word_code("<w:r><w:rPr><w:vanish/></w:rPr><w:t>x</w:t></w:r>"), K.HIDDEN_TEXT, "document"),
    (
        "a bookmark",
        lambda: word_code("<w:bookmarkStart w:id='1' w:name='Zelda_Quillfeather'/>"),
        K.NAME,
        "name of a bookmark",
    ),
    (
        "an email link",
        lambda: word_parts(relation("hyperlink", "mailto:zelda@example.test")),
        K.EMAIL,
        "target of a link",
    ),
    (
        "a link outside",
        lambda: word_parts(relation("hyperlink", "https://example.test")),
        K.EXTERNAL_LINK,
        "target of a link",
    ),
    (
        "a template",
        lambda: word_parts(relation("attachedTemplate", "x.dotx")),
        K.EXTERNAL_LINK,
        "something outside of the file",
    ),
    ("a field", lambda: word_code(f"<w:fldSimple w:instr='AUTHOR \"{NAME}\"'/>"), K.NAME, "field code"),
    (
        "a split field",
        lambda: word_code(
            "<w:r><w:instrText>TC Quill</w:instrText></w:r><w:r><w:instrText>feather</w:instrText></w:r>"
        ),
        K.NAME,
        "field code",
    ),
    (
        "a field that fetches",
        lambda: word_code("<w:r><w:instrText>INCLUDETEXT x</w:instrText></w:r>"),
        K.EXTERNAL_LINK,
        "field code",
    ),
    ("alternative text", lambda: word_code(DRAWING.format(NAME)), K.NAME, "alternative text of a picture"),
    ("a picture", lambda: word(pictured), K.IMAGE, "picture word/media/image"),
    ("a name in a picture", lambda: word(pictured), K.NAME, "picture word/media/image"),
    (
        "a Word file within",
        lambda: word_parts({"word/embeddings/x.docx": inner("x")}),
        K.ATTACHMENT,
        "file within the file",
    ),
    ("a name in it", lambda: word_parts({"word/embeddings/x.docx": inner(NAME)}), K.NAME, "paragraph"),
    (
        "a spreadsheet of old",
        lambda: word_parts({"word/x.bin": b"\xd0\xcf\x11\xe0" + NAME.encode()}),
        K.ATTACHMENT,
        "embedded file",
    ),
    ("macros", lambda: word_parts({"word/vbaProject.bin": b"x"}), K.MACRO, "part word/vbaProject.bin"),
    ("a page within", lambda: word_parts({"word/afchunk.html": f"<p>{NAME}"}), K.NAME, "embedded file"),
    ("bytes of no kind", lambda: word_parts({"word/x.bin": b"\x01\x02\x03"}), K.UNREADABLE, "part word/x.bin"),
    (
        "an entity",
        lambda: word_parts({"customXml/i.xml": "<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>"}),
        K.UNREADABLE,
        "custom XML",
    ),
    ("damaged code", lambda: word_parts({"customXml/i.xml": f"<a>{NAME}"}), K.UNREADABLE, "custom XML"),
    ("a comment of the container", lambda: word_parts({}, comment=NAME.encode()), K.NAME, "comment of the container"),
    ("the name of a part", lambda: word_parts({f"customXml/{NAME}.xml": "<a/>"}), K.NAME, "name of a part"),
    ("bytes before the file", lambda: NAME.encode() + word(), K.NAME, "bytes that belong to no part"),
    ("bytes before the file at all", lambda: b"\x01\x02" + word(), K.UNREADABLE, "bytes that belong to no part"),
]


@pytest.mark.parametrize(("made", "kind", "where"), [pytest.param(*case, id=name) for name, *case in HTML])
def test_it_is_found_in_html(made: Callable[[], bytes], kind: LeakKind, where: str) -> None:
    told = found(FileFormat.HTML, made())
    assert any(k is kind and w.startswith(where) for k, w in told), told


@pytest.mark.parametrize(("made", "kind", "where"), [pytest.param(*case, id=name) for name, *case in DOCX])
def test_it_is_found_in_word(made: Callable[[], bytes], kind: LeakKind, where: str) -> None:
    told = found(FileFormat.WORD, made())
    assert any(k is kind and w.startswith(where) for k, w in told), told
