// What scripts add: focus on what is wrong, a count of characters, one press of a button is one, names in stacked
// tables. All works without.
import { Button, CharacterCount, ErrorSummary, SkipLink, createAll } from "/static/govuk/govuk-frontend.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
createAll(Button, { preventDoubleClick: true });
createAll(CharacterCount);
createAll(ErrorSummary);
createAll(SkipLink);

// A table that is stacked where there is little room has no row of names any more: each cell says its own.
for (const table of document.querySelectorAll("table.stacked")) {
  const names = [...table.tHead.rows[0].cells].map(cell => cell.textContent.trim());
  for (const cell of table.querySelectorAll("tbody td")) cell.dataset.called = names[cell.cellIndex];
}
