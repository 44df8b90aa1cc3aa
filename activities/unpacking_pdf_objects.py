"""Every object of a PDF: the strings in it, its streams unpacked, and what it shows, runs, fetches or carries."""

from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree
from pypdf import PageObject, PdfReader
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    ContentStream,
    DictionaryObject,
    IndirectObject,
    NameObject,
    StreamObject,
    TextStringObject,
)

from activities.unpacked import LARGEST_PIECE, MOST_SHOWN, Unpacking, printable
from activities.unpacking_pdf_roles import Role, is_known_binary, is_picture, readable_font, role_of, where_of
from workflows.policy.leaks import LeakKind

MOST_OBJECTS = 100_000

_MARKUP = frozenset({
    "Text", "FreeText", "Line", "Square", "Circle", "Polygon", "PolyLine", "Highlight", "Underline", "Squiggly",
    "StrikeOut", "Caret", "Stamp", "Ink", "Popup", "Redact",
})  # fmt: skip
_CARRYING = frozenset({"FileAttachment", "Sound", "Movie", "Screen", "RichMedia", "3D"})
_LEADING_OUT = frozenset({"Launch", "GoToR", "GoToE", "SubmitForm", "ImportData", "Rendition", "Thread"})
_OWNERS = frozenset({"/Author", "/Company", "/Manager", "/SourceModified"})
_OWNERS_IN_XMP = frozenset({"creator", "Author", "publisher", "contributor", "OwnerName", "Company", "Manager"})

Operations = Sequence[tuple[Any, bytes]]


def unpack_objects(reader: PdfReader, into: Unpacking) -> None:
    """Unpack every object, also those that nothing leads to: what an editor left behind."""
    numbers = sorted(
        {(n, gen) for gen, listed in reader.xref.items() for n in listed} | {(n, 0) for n in reader.xref_objStm}
    )
    if len(numbers) > MOST_OBJECTS:
        into.unreadable("file", "it holds too many objects")
        return
    walk = _Walk(reader, into)
    walk.value(reader.trailer, Role.PLAIN)
    walk.follow()
    for number, generation in numbers:
        walk.orphan(IndirectObject(number, generation, reader))
    walk.done()


class _Walk:
    """Goes once to every object. What an object is for is known from whoever leads to it."""

    def __init__(self, reader: PdfReader, into: Unpacking) -> None:
        self.reader = reader
        self.into = into
        self._names: set[str] = set()
        self._seen: set[int] = set()
        self._waiting: list[tuple[IndirectObject, Role]] = []
        self._information = reader.trailer.raw_get("/Info") if "/Info" in reader.trailer else None

    def follow(self) -> None:
        """Everything that the document leads to."""
        while self._waiting:
            reference, role = self._waiting.pop()
            if reference.idnum not in self._seen:
                self._seen.add(reference.idnum)
                self._object(reference, role)

    def orphan(self, reference: IndirectObject) -> None:
        """An object that nothing leads to was left by an earlier version, unless it is how the file is packed."""
        if reference.idnum in self._seen:
            return
        value = self._got(reference)
        if isinstance(value, DictionaryObject) and value.get("/Type") in ("/XRef", "/ObjStm"):
            self._seen.add(reference.idnum)
            self._packed(value)
            return
        if value is None or (isinstance(value, DictionaryObject | ArrayObject) and not value):
            return
        where = "object of the PDF that nothing leads to"
        self.into.found(LeakKind.REVISION, where, f"{type(value).__name__} {str(value)[:MOST_SHOWN]}")
        self._waiting.append((reference, Role.PLAIN))
        self.follow()

    def done(self) -> None:
        """Names are not text, but somebody may be named by one."""
        self.into.text("names in the code of the PDF", "\n".join(sorted(self._names)), coarse=True)

    # --- objects -------------------------------------------------------------------------------------

    def _got(self, reference: IndirectObject) -> Any:
        try:
            return self.reader.get_object(reference)
        except Exception as failed:  # a reader of damaged files raises whatever it stumbles over
            self.into.unreadable("object of the PDF", f"it cannot be read ({type(failed).__name__})")
            return None

    def _object(self, reference: IndirectObject, role: Role) -> None:
        is_information = isinstance(self._information, IndirectObject) and reference.idnum == self._information.idnum
        self.value(self._got(reference), Role.INFORMATION if is_information else role)

    def value(self, value: Any, role: Role, where: str = "object of the PDF") -> None:
        """One value, and what is in it; what it refers to waits for its turn."""
        if isinstance(value, IndirectObject):
            self._waiting.append((value, role))
        elif isinstance(value, DictionaryObject):
            self._dictionary(value, role)
        elif isinstance(value, ArrayObject):
            for one in value:
                self.value(one, role, where)
        elif isinstance(value, NameObject):
            self._names.add(str(value))
        elif isinstance(value, TextStringObject):
            self.into.text(where, str(value))
        elif isinstance(value, ByteStringObject):
            self.into.text(where, printable(bytes(value)), coarse=True)

    def _dictionary(self, held: DictionaryObject, role: Role) -> None:
        for key in held:
            self._names.add(str(key))
            inner = held.raw_get(key)
            self.value(inner, role_of(str(key), held, role), where_of(str(key), held, role))
        self._told(held, role)
        if isinstance(held, StreamObject):
            self._stream(held, role)

    def _told(self, held: DictionaryObject, role: Role) -> None:
        """What this dictionary makes of the document."""
        into, kind, action = self.into, str(held.get("/Subtype", ""))[1:], str(held.get("/S", ""))[1:]
        where = where_of("", held, role)
        if "/Rect" in held and kind in _MARKUP:
            into.found(LeakKind.COMMENT, "annotation", f"{kind} {held.get('/Contents', '')}"[:MOST_SHOWN])
        if ("/Rect" in held and kind in _CARRYING) or "/EF" in held or "/XFA" in held:
            into.found(LeakKind.ATTACHMENT, where, kind or "embedded file")
        if action == "JavaScript" or "/JS" in held:
            into.found(LeakKind.SCRIPT, "script of the PDF", str(held.get("/JS", ""))[:MOST_SHOWN])
        if action in _LEADING_OUT:
            into.found(LeakKind.EXTERNAL_LINK, "action of the PDF", f"{action} {held.get('/F', '')}"[:MOST_SHOWN])
        if "/URI" in held and action == "URI":
            into.link("target of a link", str(held["/URI"]))
        if "/OCProperties" in held:
            into.found(LeakKind.HIDDEN_TEXT, "layers of the PDF", "a layer can be hidden")
        if held.get("/Type") == "/Font" and not readable_font(held):
            into.unreadable("font of the PDF", "its codes do not say which letters they stand for")
        if role is Role.INFORMATION:
            for key in _OWNERS & set(held):
                into.owner(f"document information {key[1:]}", str(held[key]))

    # --- streams -------------------------------------------------------------------------------------

    def _stream(self, stream: StreamObject, role: Role) -> None:
        where = where_of("", stream, role)
        if not self.into.may_unpack(where, 0):
            return
        try:
            data = stream.get_data()
        except Exception as failed:  # as above
            self.into.unreadable(where, f"a stream of it cannot be unpacked ({type(failed).__name__})")
            self.into.text(where, printable(stream._data), coarse=True)
            return
        if len(data) > LARGEST_PIECE or not self.into.may_unpack(where, len(data)):
            self.into.unreadable(where, "it unpacks to too much")
            return
        self.into.text(where, printable(data), coarse=True)
        if is_picture(stream) or role is Role.IMAGE:
            self.into.binary(LeakKind.IMAGE, "picture in the PDF", data)
        elif stream.get("/Type") == "/EmbeddedFile" or role is Role.FILE:
            self.into.binary(LeakKind.ATTACHMENT, "embedded file", data)
            self.into.text("embedded file", data.decode("utf-8", "replace"))
        elif role is Role.SCRIPT:
            self.into.text("script of the PDF", data.decode("utf-8", "replace"))
        elif stream.get("/Type") == "/Metadata" or role is Role.METADATA:
            self._metadata(data)
        elif stream.get("/Subtype") == "/Form" or role is Role.DRAWING:
            self._drawing(stream, where)
        elif not is_known_binary(stream, role):
            self.into.binary(LeakKind.UNREADABLE, where, data)

    def _packed(self, stream: DictionaryObject) -> None:
        if isinstance(stream, StreamObject):
            self.into.text("packing of the PDF", printable(stream.get_data()), coarse=True)

    def _drawing(self, stream: StreamObject, where: str) -> None:
        """A form, a pattern or a letter of a font: a little page of its own, whether or not a page shows it."""
        try:
            text = PageObject(self.reader).extract_xform_text(stream)  # type: ignore[arg-type]  # plain ones as well
            operations: Operations = ContentStream(stream, self.reader).operations
        except Exception as failed:  # as above
            self.into.unreadable(where, f"a drawing cannot be read ({type(failed).__name__})")
            return
        operand_texts(where, operations, self.into)
        self.into.text("form in the PDF", text)
        if not text.strip() and any(operator in (b"Tj", b"TJ", b"'", b'"') for _, operator in operations):
            self.into.unreadable("form in the PDF", "it shows text that cannot be read")

    def _metadata(self, data: bytes) -> None:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError):
            self.into.unreadable("XMP metadata", "its code is damaged")
            return
        if root.getroottree().docinfo.doctype:
            self.into.unreadable("XMP metadata", "it declares a document type")
        for element in root.iter():
            name = str(element.tag).rpartition("}")[2]
            for text in (element.text, element.tail, *element.attrib.values()):
                self.into.text("XMP metadata", text or "")
            if name in _OWNERS_IN_XMP:
                self.into.owner(f"XMP metadata {name}", "".join(element.itertext()))


def operand_texts(where: str, operations: Operations, into: Unpacking) -> None:
    """What marked content says instead of what it shows, and pictures within the drawing."""
    for operands, operator in operations:
        if operator == b"INLINE IMAGE":
            into.found(LeakKind.IMAGE, where, "a picture within the drawing")
        if operator in (b"BDC", b"DP", b"BMC", b"MP"):
            for text in _strings(operands, 0):
                into.text(f"{where}, replacement text", text)


def _strings(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, TextStringObject):
        yield str(value)
    elif isinstance(value, ByteStringObject):
        yield printable(bytes(value))
    elif isinstance(value, DictionaryObject) and depth < 10:
        for inner in value.values():
            yield from _strings(inner, depth + 1)
    elif isinstance(value, list | tuple) and depth < 10:
        for inner in value:
            yield from _strings(inner, depth + 1)
