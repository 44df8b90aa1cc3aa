"""What reads a page for the other tests finds each planted fault, so that they cannot pass by seeing nothing."""

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import visitor
from tests.browser.reading import lost, out_of_order

SOUND = """<main><h1>One</h1><p>Some words</p><h2>Two</h2><label for=a>Label</label> <input id=a>
<p><button>Press</button></p></main>"""
LOSES = {
    "scrolls sideways": ("<p>Some words</p>", "<p style='white-space: nowrap'>" + "Some words " * 200 + "</p>"),
    "clips": ("<p>Some words</p>", "<p style='overflow: hidden; height: 1em'>" + "Some words " * 200 + "</p>"),
    "stands outside": ("<p>", "<p style='position: absolute; left: -20px'>"),
    "overlap": ("<p>Some words", "<p style='margin-bottom: -2.5rem'>Some words"),
    "cannot be pressed": ("<button>", "<div style='position: fixed; inset: 0'></div><button>"),
}
DISORDERS = {
    "landmarks main": ("main>", "div>"),
    "not one h1": ("h2>", "h1>"),
    "h1 is followed by h3": ("h2>", "h3>"),
    "stands above what comes before it": ("<button>", "<button style='position: absolute; top: 0'>"),
    "has a place of its own in the order": ("<input ", "<input tabindex=1 "),
    "has no name": ("<label for=a>", "<label>"),
    "the errors do not stand first": ("<h1>One</h1>", "<h1>One</h1><div class=govuk-error-summary></div>"),
    "an error leads nowhere": ("<main>", "<main><div class=govuk-error-summary><a href='#b'>Wrong</a></div>"),
    "an error does not stand at its input": (
        "<main>",
        "<main><div class=govuk-error-summary><a href='#a'>Wrong</a></div>",
    ),
}


async def test_a_sound_page_is_said_to_be_sound(chromium: Browser) -> None:
    async with visitor(chromium) as person:
        await person.page.set_content(SOUND)
        assert await lost(person.page) == []
        assert await out_of_order(person.page) == []


@pytest.mark.parametrize("fault", LOSES)
async def test_what_is_lost_is_found(chromium: Browser, fault: str) -> None:
    async with visitor(chromium) as person:
        await person.page.set_content(SOUND.replace(*LOSES[fault]))
        assert [found for found in await lost(person.page) if fault in found]


@pytest.mark.parametrize("fault", DISORDERS)
async def test_what_is_out_of_order_is_found(chromium: Browser, fault: str) -> None:
    async with visitor(chromium) as person:
        await person.page.set_content("<div style='height: 5rem'></div>" + SOUND.replace(*DISORDERS[fault]))
        assert [found for found in await out_of_order(person.page) if fault in found]
