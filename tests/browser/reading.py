"""What a page is to a screen reader, and what it keeps when it is enlarged: read from the page in the browser."""

import re
from typing import Any

from playwright.async_api import Page

_SHOWN = """
    const isShown = one => {
        if (!one.checkVisibility({visibilityProperty: true})) return false;
        if (one.closest(".govuk-visually-hidden, .govuk-skip-link")) return false;
        return one.getClientRects().length > 0;
    };
    const called = one => (one.id || one.className || one.tagName) + " “" + (one.innerText || "").slice(0, 40) + "”";
"""

LOST = (
    "() => {"
    + _SHOWN
    + """
    const lost = [], width = document.documentElement.clientWidth, pieces = [];
    if (document.documentElement.scrollWidth > width)
        lost.push(`scrolls sideways: ${document.documentElement.scrollWidth} pixels on ${width}`);
    for (const one of document.querySelectorAll("body *")) {
        if (!isShown(one) || one.matches("select, option, iframe")) continue;
        const clips = getComputedStyle(one).overflowX !== "visible" || getComputedStyle(one).overflowY !== "visible";
        const isTooSmall = one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1;
        if (clips && isTooSmall && !one.matches("textarea, input")) lost.push("clips: " + called(one));
    }
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode, above = node.parentElement;
        if (!node.data.trim() || !isShown(above) || above.closest("select, textarea")) continue;
        const range = document.createRange();
        range.selectNodeContents(node);
        const words = node.data.trim().slice(0, 40);
        for (const box of range.getClientRects()) if (box.width > 1) pieces.push([words, box, above]);
    }
    for (const one of document.querySelectorAll("button, select, textarea, input:not([type=hidden])"))
        if (isShown(one)) pieces.push([called(one), one.getBoundingClientRect(), one]);
    for (const [words, box] of pieces)
        if (box.left < -1 || box.right > width + 1) lost.push("stands outside: " + words);
    pieces.forEach(([words, box, one], at) => pieces.slice(at + 1).forEach(([others, other, another]) => {
        if (one === another || one.contains(another) || another.contains(one)) return;
        const wide = Math.min(box.right, other.right) - Math.max(box.left, other.left);
        const high = Math.min(box.bottom, other.bottom) - Math.max(box.top, other.top);
        if (wide > 2 && high > Math.min(box.height, other.height) / 4) lost.push(`overlap: ${words} / ${others}`);
    }));
    for (const one of document.querySelectorAll("button, select, textarea, input:not([type=hidden]), main a[href]")) {
        if (!isShown(one)) continue;
        one.scrollIntoView({block: "center"});
        const box = one.getClientRects()[0];
        const hit = document.elementFromPoint(box.left + Math.min(box.width, 20) / 2, box.top + box.height / 2);
        if (!hit || !(one === hit || one.contains(hit) || hit.closest(`label[for="${CSS.escape(one.id)}"]`)))
            lost.push("cannot be pressed: " + called(one));
    }
    return {lost, texts: pieces.length};
}"""
)

ZOOMED, WHOLE = {"width": 640, "height": 512}, {"width": 1280, "height": 1024}
"""A window of 1280 by 1024 that is zoomed to 200% has the room of half of it. Rule: WCAG 1.4.4, 1.4.10."""
_TEXT = "size => { document.documentElement.style.fontSize = size }"

ORDER = (
    "() => {"
    + _SHOWN
    + """
    const wrong = [], main = document.querySelectorAll("main");
    if (main.length !== 1) wrong.push(`${main.length} landmarks main`);
    const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter(isShown);
    if (headings.filter(one => one.tagName === "H1").length !== 1) wrong.push("not one h1");
    let level = 0;
    for (const one of headings) {
        if (one.closest(".govuk-error-summary")) continue;  // stands above the h1, as the design system has it
        const next = Number(one.tagName[1]);
        if (next > level + 1) wrong.push(`h${level} is followed by h${next}: ${one.innerText}`);
        level = next;
    }
    let above = -Infinity;
    const inputs = [...document.querySelectorAll("main :is(button, select, textarea, input:not([type=hidden]))")];
    for (const one of inputs.filter(isShown)) {
        const top = one.getBoundingClientRect().top;
        if (top < above - 40) wrong.push("stands above what comes before it: " + called(one));
        above = Math.max(above, top);
        if (one.tabIndex > 0) wrong.push("has a place of its own in the order: " + called(one));
    }
    const summary = document.querySelector(".govuk-error-summary");
    if (summary && (!main[0] || summary !== main[0].firstElementChild)) wrong.push("the errors do not stand first");
    for (const link of summary ? summary.querySelectorAll("a") : []) {
        const place = document.getElementById(decodeURIComponent(link.hash.slice(1)));
        const group = place && place.closest(".govuk-form-group");
        const messages = group ? [...group.querySelectorAll(".govuk-error-message")] : [];
        const said = messages.some(one => one.innerText.includes(link.innerText));
        if (!place || !isShown(place)) wrong.push("an error leads nowhere: " + link.innerText);
        if (!said) wrong.push("an error does not stand at its input: " + link.innerText);
    }
    return {wrong, inputs: inputs.filter(isShown).length, folded: document.querySelectorAll("details").length};
}"""
)

_CONTROL = re.compile(
    r"^\s*- (?:')?(textbox|combobox|radio|checkbox|button|link|group|spinbutton)(?: (\"(?:[^\"\\]|\\.)*\"))?"
)


async def lost(page: Page) -> list[str]:
    """What the page at its size loses: text that is cut off, covered or beside the screen, what cannot be pressed."""
    found: dict[str, Any] = await page.evaluate(LOST)
    assert found["texts"], "nothing stands on the page"
    return list(found["lost"])


async def keeps_everything(page: Page) -> None:
    """Nothing is lost when the window is zoomed to 200%, nor when its text alone is."""
    size, found = page.viewport_size, []
    await page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]
    found += [f"zoomed: {one}" for one in await lost(page)]
    await page.set_viewport_size(WHOLE)  # type: ignore[arg-type]
    await page.evaluate(_TEXT, "200%")
    found += [f"text alone: {one}" for one in await lost(page)]
    await page.evaluate(_TEXT, "")
    if size:
        await page.set_viewport_size(size)
    assert found == [], "\n".join([await page.title(), *found])


async def out_of_order(page: Page) -> list[str]:
    """What keeps a screen reader from the order of the page: headings, landmark, inputs, errors, what has no name."""
    found: dict[str, Any] = await page.evaluate(ORDER)
    return [*found["wrong"], *await _unnamed(page, int(found["inputs"]), int(found["folded"]))]


async def _unnamed(page: Page, inputs: int, folded: int) -> list[str]:
    """The controls of the accessibility tree without a name; or that it has fewer of them than the page.

    What can be folded is a group there too, and has its name on what unfolds it.
    """
    tree = await page.locator("body").aria_snapshot()
    controls = [found for line in tree.splitlines() if (found := _CONTROL.match(line))]
    nameless = [one[1] for one in controls if not one[2]]
    for _ in range(min(folded, nameless.count("group"))):
        nameless.remove("group")
    held = [one for one in controls if one[1] not in ("link", "group")]
    missing = [f"has no name: {role}" for role in nameless]
    return missing if len(held) >= inputs else [*missing, f"{inputs} inputs, {len(held)} in the accessibility tree"]
