"""What an object of a PDF is for, and where that is in words for a person; and which fonts can be read.

An object rarely says itself what it is for: whoever leads to it does, by the name under which it does so.
"""

from enum import Enum, auto
from typing import Any

from pypdf._codecs import adobe_glyphs
from pypdf.generic import DictionaryObject, StreamObject


class Role(Enum):
    """What an object is for, as far as it matters to a search."""

    PLAIN = auto()
    INFORMATION = auto()
    METADATA = auto()
    CONTENTS = auto()  # of a page: read with the page
    DRAWING = auto()  # a form, a pattern, a letter of a font
    IMAGE = auto()
    FILE = auto()
    SCRIPT = auto()
    FONT = auto()  # a font program or a table of one
    MEASURE = auto()  # a colour profile, a function, a shading: numbers
    ARTICLE = auto()  # of the structure that is read out
    OUTLINE = auto()


_ROLES = {
    "/Info": Role.INFORMATION,
    "/Metadata": Role.METADATA,
    "/Contents": Role.CONTENTS,
    "/AP": Role.DRAWING,
    "/CharProcs": Role.DRAWING,
    "/Pattern": Role.DRAWING,
    "/Thumb": Role.IMAGE,
    "/SMask": Role.IMAGE,
    "/EF": Role.FILE,
    "/XFA": Role.FILE,
    "/JS": Role.SCRIPT,
    "/FontFile": Role.FONT,
    "/FontFile2": Role.FONT,
    "/FontFile3": Role.FONT,
    "/ToUnicode": Role.FONT,
    "/CIDToGIDMap": Role.FONT,
    "/CIDSet": Role.FONT,
    "/ColorSpace": Role.MEASURE,
    "/DestOutputProfile": Role.MEASURE,
    "/Function": Role.MEASURE,
    "/Shading": Role.MEASURE,
    "/StructTreeRoot": Role.ARTICLE,
    "/Outlines": Role.OUTLINE,
}
# These keep their role through what they lead to: a dictionary of states, a tree.
_KEPT = frozenset({Role.DRAWING, Role.FILE, Role.MEASURE, Role.ARTICLE, Role.OUTLINE})
_LEAVING = frozenset({"/Parent", "/P", "/Pg", "/Dest", "/A", "/Resources", "/Page", "/Obj"})
_FILTERS_OF_PICTURES = frozenset({"/DCTDecode", "/JPXDecode", "/JBIG2Decode", "/CCITTFaxDecode"})
_STANDARD = frozenset({"/WinAnsiEncoding", "/MacRomanEncoding", "/StandardEncoding", "/PDFDocEncoding"})
_WHERE = {
    "/Alt": "alternative text",
    "/ActualText": "replacement text",
    "/E": "expanded text",
    "/URI": "target of a link",
}


def role_of(key: str, held: DictionaryObject, role: Role) -> Role:
    """What the value is for that stands under this key."""
    if key == "/SMask" and held.get("/Type") == "/ExtGState":
        return Role.PLAIN
    if key == "/Contents" and held.get("/Type") != "/Page":
        return Role.PLAIN
    if key == "/G" and held.get("/S") in ("/Alpha", "/Luminosity"):
        return Role.DRAWING
    if key in _ROLES:
        return _ROLES[key]
    return role if role in _KEPT and key not in _LEAVING else Role.PLAIN


def where_of(key: str, held: DictionaryObject, role: Role) -> str:
    """Where a string of this dictionary stands, in words for a person."""
    if role is Role.INFORMATION:
        return f"document information {key[1:]}".strip()
    if key in _WHERE:
        return f"{_WHERE[key]} in the PDF" if key != "/URI" else _WHERE[key]
    if "/Rect" in held:
        return "annotation"
    if role is Role.OUTLINE or ("/Title" in held and "/Parent" in held):
        return "bookmark of the PDF"
    if role is Role.FILE or "/EF" in held or held.get("/Type") in ("/Filespec", "/EmbeddedFile"):
        return "embedded file"
    if role is Role.SCRIPT or "/JS" in held:
        return "script of the PDF"
    if role is Role.ARTICLE or held.get("/Type") == "/StructElem":
        return "structure of the PDF"
    if "/FT" in held:
        return "form field"
    if "/Names" in held:
        return "names in the PDF"
    return f"object of the PDF {str(held.get('/Type', ''))[1:]}".strip()


def is_known_binary(stream: StreamObject, role: Role) -> bool:
    """Whether a stream is of a kind that holds numbers or outlines and shows no text of its own."""
    return (
        role in (Role.CONTENTS, Role.FONT, Role.MEASURE)
        or stream.get("/Type") in ("/CMap", "/XRef", "/ObjStm")
        or "/FunctionType" in stream
        or "/ShadingType" in stream
    )


def is_picture(stream: StreamObject) -> bool:
    """Whether a stream is a picture, by what it says or by how it is packed."""
    filters = stream.get("/Filter", [])
    packed = {str(name) for name in (filters if isinstance(filters, list) else [filters])}
    return stream.get("/Subtype") == "/Image" or bool(packed & _FILTERS_OF_PICTURES)


def readable_font(font: DictionaryObject) -> bool:
    """Whether the codes of a font say which letters they stand for."""
    if "/ToUnicode" in font or str(font.get("/Subtype")) in ("/CIDFontType0", "/CIDFontType2"):
        return True  # the latter are parts of another font
    encoding: Any = font.get("/Encoding")
    if font.get("/Subtype") == "/Type0":
        return False
    if isinstance(encoding, DictionaryObject):
        named = [name for name in encoding.get("/Differences", []) if isinstance(name, str)]
        return all(name in adobe_glyphs for name in named)
    return str(encoding) in _STANDARD or (encoding is None and font.get("/Subtype") == "/Type1")
