"""A Word file of any content: a review that can be written out again, or problems by section, in time.

Changed are the bytes of the file, the entries of the container, the relations between them, and the tree of a part.
Whatever is read comes from the file alone, and a file that is read refers to nothing outside of it but by links.
"""

import copy
from collections.abc import Callable
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from starter import word_package
from starter.word import WordError, not_shown, plain
from starter.word_in import from_word
from starter.word_out import to_word
from tests.fuzz.persisting import examples, overheard, persist, within
from tests.fuzz.spoiling import damaged
from tests.starter.a_review import OPTIONS, REFERENCE, REVIEW, written
from workflows.policy.document import PARTS

# A file that breaks a rule is printed whole; that it is long must not hide what went wrong.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

GOOD = written()
with ZipFile(BytesIO(GOOD)) as _container:
    ENTRIES = {name: _container.read(name) for name in _container.namelist()}
PARTS_OF_XML = sorted(name for name in ENTRIES if name.endswith((".xml", ".rels")))
SECTIONS = {"file", *PARTS}
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SECONDS = 20.0  # the largest that is read takes some

_BILLION = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)
_FROM_OUTSIDE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
_FROM_A_SERVER = b'<!DOCTYPE x [<!ENTITY e "x"><!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]>'
OUTSIDE = "root:"
"""What stands in the file outside that is pointed at, and in no review."""
_TAGS = (
    "p", "r", "t", "tbl", "tr", "tc", "ins", "del", "sdt", "sdtContent", "hyperlink", "object", "pict", "altChunk",
    "br", "tab", "pPr", "rPr", "numPr", "pStyle", "vanish", "strike", "moveFrom", "fldSimple", "footnoteReference",
    "gridSpan", "vMerge", "body", "document", "instrText", "sym", "noBreakHyphen", "txbxContent", "customXml",
)  # fmt: skip
_VALUES = ("", "0", "-1", "99999999999999999999", "Heading1", "x" * 5_000, "true", "\u202e", "Title", "&amp;", "none")


def holds(data: bytes) -> dict[str, Any] | None:
    """What is true of any file: the review that was read, or None where it was refused by section."""
    with overheard() as heard:
        try:
            with within(_SECONDS):
                paper = from_word(data, reference=REFERENCE, options=OPTIONS)
        except WordError as refusal:
            problems = refusal.problems
            document = None
        else:
            problems, document = (), paper.document
            with within(_SECONDS):
                assert plain(document) == document
                assert document.keys() <= PARTS.keys()
                assert all(remark.strip() for remark in (*paper.remarks, *not_shown(document, OPTIONS)))
                again = to_word(document, reference=REFERENCE, version=1, options=OPTIONS)
                assert from_word(again, reference=REFERENCE, options=OPTIONS).document == document
            assert OUTSIDE not in str(document)
            assert fetched_by(data) == []
    assert heard.lines == []
    assert problems or document is not None
    for problem in problems:
        assert problem.field.partition("-")[0] in SECTIONS  # a section, or a field of one of its rows
        assert problem.message.strip()
        assert OUTSIDE not in problem.message
    return document


def fetched_by(data: bytes) -> list[str]:
    """What a Word that opens this file would fetch from elsewhere: targets, read without the code under test."""
    with ZipFile(BytesIO(data)) as container:
        relations = [
            relation.attrib
            for name in container.namelist()
            if name.endswith(".rels")
            for relation in etree.fromstring(container.read(name)).iter("{*}Relationship")
        ]
    outside = [r for r in relations if r.get("TargetMode", "").lower() == "external"]
    return [str(r.get("Target")) for r in outside if not str(r.get("Type")).endswith("/hyperlink")]


def test_the_sample_is_read() -> None:
    assert holds(GOOD) == plain(REVIEW)
    assert {"word/document.xml", "_rels/.rels", "[Content_Types].xml"} <= ENTRIES.keys()


def test_a_file_with_any_bytes_changed() -> None:
    @examples(60)
    @given(damaged(GOOD))
    def each(data: bytes) -> None:
        holds(data)

    persist(each)


# --- entries and relations --------------------------------------------------------------------------


@st.composite
def repacked(draw: st.DrawFn) -> bytes:
    """The container with entries changed, gone, doubled, added, renamed, or packed in another way."""
    entries = list(ENTRIES.items())
    for _ in range(draw(st.integers(1, 3))):
        number = draw(st.integers(0, len(entries) - 1))
        name, content = entries[number]
        match draw(st.sampled_from(["bytes", "bytes", "xml", "relation", "gone", "doubled", "renamed", "added"])):
            case "bytes":
                entries[number] = (name, draw(damaged(content)))
            case "xml":
                entries[number] = (
                    name,
                    declaring(content, *draw(st.sampled_from(_DECLARED)), draw(st.integers(0, 80))),
                )
            case "relation":
                entries[number] = (name, draw(_related(content)))
            case "gone":
                del entries[number]
            case "doubled":
                entries.append((name, content))
            case "renamed":
                entries[number] = (draw(_names()), content)
            case _:
                entries.append((draw(_names()), draw(st.binary(max_size=60) | st.just(bytes(3_000_000)))))
        if not entries:
            return b""
    return _packed(entries, draw(st.sampled_from([ZIP_DEFLATED, ZIP_STORED])))


_DECLARED = [(_BILLION, b"&j;"), (_FROM_OUTSIDE, b"&e;"), (_FROM_A_SERVER, b"&e;")]


def declaring(content: bytes, declared: bytes, entity: bytes, number: int) -> bytes:
    """A part that declares a document type, with one of its entities in the text of this number, if it has so many."""
    head, _, rest = content.partition(b"?>")
    texts = rest.split(b"</w:t>")
    texts[number % len(texts)] += entity * (len(texts) > 1)
    return head + b"?>" + declared + b"</w:t>".join(texts)


def _names() -> st.SearchStrategy[str]:
    evil = [
        "../../etc/cron.d/x",
        "/abs",
        "word/vbaProject.bin",
        "word/embeddings/a.xlsx",
        "word\\document.xml",
        "x" * 300,
    ]
    return st.sampled_from([*evil, *ENTRIES]) | st.text(
        st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9
    )


@st.composite
def _related(draw: st.DrawFn, content: bytes) -> bytes:
    """A part with the target, the kind or the mode of a relation changed, wherever it has any."""
    kinds = [b"styles", b"header", b"image", b"attachedTemplate", b"officeDocument", b"oleObject", b"hyperlink"]
    targets = [b"../../../etc/passwd", b"http://127.0.0.1:9/x", b"file:///etc/passwd", b"", b"/", b"document.xml", b"."]
    changes = [
        (b'Target="', b'TargetMode="External" Target="'),
        (b'Target="', b'Target="%s" X="' % draw(st.sampled_from(targets))),
        (b"relationships/styles", b"relationships/" + draw(st.sampled_from(kinds))),
        (b"relationships/header", b"relationships/" + draw(st.sampled_from(kinds))),
        (b'Id="', b'Id="rId1" X="'),
    ]
    was, now = draw(st.sampled_from(changes))
    return content.replace(was, now, draw(st.sampled_from([1, 99])))


def _packed(entries: list[tuple[str, bytes]], how: int) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", how) as container:
        for name, content in entries:
            info = ZipInfo(name)
            info.compress_type = how
            container.writestr(info, content)
    return made.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_with_any_entries_and_relations() -> None:
    @examples(60)
    @given(repacked())
    def each(data: bytes) -> None:
        holds(data)

    persist(each)


TEXT = "word/document.xml"
SETTINGS = "word/_rels/document.xml.rels"


def _follow(patch: pytest.MonkeyPatch) -> bytes:
    """A reader that takes a file whatever it refers to, and a file that has its picture from elsewhere."""
    patch.setattr(word_package, "_check_relations", lambda parts, _, text: word_package._relations(parts, text)[0])
    elsewhere = b'<Relationship Id="r99" TargetMode="External" Target="http://127.0.0.1:9/" Type="x/image"/></Rel'
    return _packed([*{**ENTRIES, SETTINGS: ENTRIES[SETTINGS].replace(b"</Rel", elsewhere)}.items()], ZIP_DEFLATED)


def _resolve(patch: pytest.MonkeyPatch) -> bytes:
    """A reader that puts in what entities stand for, and a file whose text is the list of accounts of this machine."""
    parser = etree.XMLParser(resolve_entities=True, load_dtd=True)
    patch.setattr(word_package, "_parsed", lambda parts, name: etree.fromstring(parts.read(name), parser))
    number = ENTRIES[TEXT].partition(b"Most steps were taken.")[0].count(b"</w:t>")
    return _packed([*{**ENTRIES, TEXT: declaring(ENTRIES[TEXT], *_DECLARED[1], number)}.items()], ZIP_DEFLATED)


@pytest.mark.parametrize(("fault", "said"), [(_follow, r"'http:.* == \[\]"), (_resolve, f"'{OUTSIDE}' not in")])
def test_a_reader_that_takes_in_what_lies_outside_is_found(
    fault: Callable[[pytest.MonkeyPatch], bytes], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        data = fault(patch)
        with pytest.raises(AssertionError, match=said):
            holds(data)
    assert holds(data) is None


# --- the tree of a part -----------------------------------------------------------------------------


@st.composite
def grown(draw: st.DrawFn) -> bytes:
    """The file with the tree of one part changed: elements moved, doubled, wrapped, renamed, filled, deeply nested."""
    name = draw(st.sampled_from(["word/document.xml"] * 4 + PARTS_OF_XML))
    root = etree.fromstring(ENTRIES[name])
    for _ in range(draw(st.integers(1, 4))):
        elements = [element for element in root.iter() if isinstance(element.tag, str) and element is not root]
        if not elements:
            break
        draw(st.sampled_from(_CHANGES))(draw, draw(st.sampled_from(elements)), elements)
    content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return _packed([(other, content if other == name else its) for other, its in ENTRIES.items()], ZIP_DEFLATED)


Draw = Any
Element = Any


def _take_out(_: Draw, element: Element, __: list[Element]) -> None:
    element.getparent().remove(element)


def _double(_: Draw, element: Element, __: list[Element]) -> None:
    element.addnext(copy.deepcopy(element))


def _move(draw: Draw, element: Element, elements: list[Element]) -> None:
    target = draw(st.sampled_from(elements))
    if element not in {target, *target.iterancestors()}:
        target.append(element)


def _rename(draw: Draw, element: Element, _: list[Element]) -> None:
    element.tag = W + draw(st.sampled_from(_TAGS))


def _wrap(draw: Draw, element: Element, _: list[Element]) -> None:
    outer = etree.Element(W + draw(st.sampled_from(_TAGS)))
    element.addprevious(outer)
    outer.append(element)


def _nest(draw: Draw, element: Element, _: list[Element]) -> None:
    tag = W + draw(st.sampled_from(_TAGS))
    for _level in range(draw(st.sampled_from([3, 150]))):
        element = etree.SubElement(element, tag)
    etree.SubElement(element, W + "t").text = "x"


def _fill(draw: Draw, element: Element, _: list[Element]) -> None:
    odd = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    element.text = draw(st.text(odd, max_size=30) | st.sampled_from([f.label for f in PARTS.values()]))


def _set(draw: Draw, element: Element, _: list[Element]) -> None:
    name = draw(st.sampled_from([*element.keys(), W + "val", W + "id", W + "ilvl", W + "type"]))
    element.set(name, draw(st.sampled_from(_VALUES)))


_CHANGES: tuple[Callable[[Draw, Element, list[Element]], None], ...] = (
    _take_out, _double, _move, _rename, _wrap, _nest, _fill, _set,
)  # fmt: skip


def test_a_file_with_any_tree() -> None:
    @examples(36)
    @given(grown())
    def each(data: bytes) -> None:
        holds(data)

    persist(each)
