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
      const wanted = (!outcome || item.outcome === outcome) && words.every((word) => item.text.includes(word));
      item.node.hidden = !wanted;
      shown += wanted;
    }
    status.textContent = shown === items.length ? `${shown} questions` : `${shown} of ${items.length} questions`;
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
