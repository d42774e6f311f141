"use strict";
// Filters, searches and sorts the questions. Without it the page shows all of them in the order they were asked.
const tools = document.querySelector("form.tools");
if (tools) {
  const list = document.querySelector("ol.questions");
  const status = document.getElementById("shown");
  const items = [...list.children].map((node, at) => ({
    node, at, outcome: node.dataset.outcome, gain: Number(node.dataset.gain), text: null,
  }));
  const folded = (text) => text.normalize("NFKC").toLocaleLowerCase();
  const orders = {
    "at": (a, b) => a.at - b.at,
    "gain": (a, b) => b.gain - a.gain || a.at - b.at,
    "-gain": (a, b) => a.gain - b.gain || a.at - b.at,
  };

  function show() {
    const outcome = tools.elements.outcome.value;
    const words = folded(tools.elements.search.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      if (words.length && item.text === null) item.text = folded(item.node.textContent);
      const chosen = !outcome || (outcome === "review" ? "review" in item.node.dataset : item.outcome === outcome);
      const wanted = chosen && words.every((word) => item.text.includes(word));
      item.node.hidden = !wanted;
      shown += wanted;
    }
    const all = `${items.length} question${items.length === 1 ? "" : "s"}`;
    status.textContent = shown === items.length ? all : `${shown} of ${all}`;
  }
  function order() {
    list.append(...[...items].sort(orders[tools.elements.order.value]).map((item) => item.node));
  }
  tools.addEventListener("submit", (event) => event.preventDefault());
  for (const kind of ["input", "change"]) tools.addEventListener(kind, show);
  tools.elements.order.addEventListener("change", order);
  tools.elements.marks.addEventListener("change", () => list.classList.toggle("unmarked", !tools.elements.marks.checked));
  tools.hidden = false;
  show();
}

// Sorts a table by the column whose heading is pressed; a second press turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const text = row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
    return text === "" ? null : Number.isNaN(Number(text)) ? text : Number(text);
  };
  const compare = (a, b) => (typeof a === typeof b ? (a > b) - (a < b) : typeof a === "number" ? -1 : 1);
  headings.forEach((heading, column) => heading.querySelector("button")?.addEventListener("click", () => {
    const down = heading.ariaSort === "ascending";
    for (const other of headings) other.removeAttribute("aria-sort");
    heading.ariaSort = down ? "descending" : "ascending";
    const rows = [...body.rows].map((row) => [value(row, column), row]);
    rows.sort(([a], [b]) => (a === null) - (b === null) || (a === null ? 0 : (down ? -1 : 1) * compare(a, b)));
    body.append(...rows.map(([, row]) => row));
  }));
}
