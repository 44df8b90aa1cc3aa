"""What the pages take from GOV.UK Frontend: fetched whole, without font and crest, and everything they refer to."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from deploy.assets import ASSETS, LOCKED, AssetsError, fetch, script, styles
from starter.components import components
from starter.views import PAGES

CSS = (
    "@font-face{font-family:GDS Transport;src:url(/assets/fonts/a.woff2)}.a{font-family:GDS Transport,arial,sans-serif}"
)


def test_the_style_sheet_has_neither_the_font_nor_the_crest() -> None:
    css = (ASSETS / "govuk-frontend.css").read_text()
    assert "GDS Transport" not in css
    assert "url(" not in css
    assert "Arial,Helvetica,sans-serif" in css
    assert {path.name for path in ASSETS.iterdir()} == {"govuk-frontend.css", "govuk-frontend.js", "LICENSE.txt"}


def test_the_assets_are_of_the_version_that_the_components_are_made_for() -> None:
    locked = json.loads((LOCKED / "package-lock.json").read_text())["packages"]["node_modules/govuk-frontend"]
    wanted = json.loads((LOCKED / "package.json").read_text())["dependencies"]["govuk-frontend"]
    assert locked["version"] == wanted == "6.3.0"
    assert locked["integrity"].startswith("sha512-")
    assert wanted in (ASSETS / "LICENSE.txt").read_text()
    assert version("govuk-frontend-jinja") == "4.1.0"


def test_locks_name_no_host() -> None:
    for path in LOCKED.iterdir():
        assert "://" not in path.read_text(), path.name


def test_what_we_do_not_have_is_refused_and_not_served() -> None:
    assert styles(CSS) == ".a{font-family:Arial,Helvetica,sans-serif}"
    with pytest.raises(AssetsError, match=r"other\.png"):
        styles(f"{CSS}.b{{background:url(/assets/other.png)}}")
    assert script("let a=1;//# sourceMappingURL=a.js.map") == "let a=1;"


def test_a_registry_that_cannot_be_reached_is_said_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "govuk").mkdir()
    (tmp_path / "govuk" / "kept.css").write_text("kept")
    for name, value in (("registry", "http://127.0.0.1:9"), ("fetch_retries", "0"), ("cache", str(tmp_path / "c"))):
        monkeypatch.setenv(f"npm_config_{name}", value)
    with pytest.raises(AssetsError, match="registry"):
        fetch(tmp_path / "govuk")
    assert (tmp_path / "govuk" / "kept.css").read_text() == "kept"


def test_everything_that_a_page_refers_to_is_there() -> None:
    for template in PAGES.glob("*.html"):
        for path in re.findall(r'"/static/([^"]+)"', template.read_text()):
            assert (PAGES / "static" / path).is_file(), f"{template.name}: {path}"
    imported = re.findall(r'from "/static/([^"]+)"', (PAGES / "static" / "sfo.js").read_text())
    assert imported
    assert all((PAGES / "static" / path).is_file() for path in imported)


@pytest.mark.parametrize("name", ["govukTextarea", "govukCharacterCount"])
def test_no_component_changes_what_was_typed(name: str) -> None:
    typed = "a\n\n  indented\n\ttab & <b>"
    html = components()[name]({"id": "x", "name": "x", "label": {"text": "X"}, "maxlength": 10, "value": f"\n{typed}"})
    assert html.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0] == (
        "\n" + typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    )
