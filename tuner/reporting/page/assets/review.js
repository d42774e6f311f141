"use strict";
// Shows one question at a time, keeps what is entered in this browser, and exports it as a CSV file.
const main = document.getElementById("main");
const items = [...main.querySelectorAll(".item")];
const reviewer = document.getElementById("reviewer");
const key = `tuner-review:${main.dataset.key}`;
const blank = { at: 0, reviewer: "", given: {} };
let kept = true;
let changed = false;
let state = read();

// A browser can refuse to keep data: in private windows, by policy, or for pages that are opened from a file.
function read() {
  try {
    return { ...blank, ...JSON.parse(localStorage.getItem(key) ?? "{}") };
  } catch {
    kept = false;
    return blank;
  }
}

function write() {
  changed = true;
  try {
    localStorage.setItem(key, JSON.stringify(state));
  } catch {
    kept = false;
  }
  tell();
}

function entry(item) {
  return (state.given[item.dataset.id] ??= { scores: {}, comment: "" });
}

function isDone(item) {
  return [...item.querySelectorAll("fieldset")].every((field) => field.querySelector(":checked"));
}

// A spreadsheet would run a cell that begins like a formula, wherever it takes a cell to begin.
function cell(text) {
  const shown = text.replace(
    /(^|[;\t\r\n])((?:[^\S\t\r\n]|["'])*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212])/g,
    "$1$2'",
  );
  return `"${shown.replaceAll('"', '""')}"`;
}

function csv() {
  const rows = items.filter((item) => Object.keys(entry(item).scores).length).map((item) => {
    const { scores, comment } = entry(item);
    const values = [scores[1] ?? "", scores[2] ?? ""];
    return [item.dataset.id, ...values, comment, main.dataset.sheet, state.reviewer.trim()];
  });
  const header = ["id", "score_1", "score_2", "comment", "sheet", "reviewer"];
  return [header, ...rows].map((row) => row.map((value) => cell(String(value))).join(",")).join("\r\n") + "\r\n";
}

function tell() {
  const done = items.filter(isDone).length;
  document.getElementById("done").textContent = `${done} of ${items.length} questions scored`;
  document.getElementById("unsaved").hidden = kept;
  document.getElementById("csv").value = csv();
}

function show(at, focus) {
  state.at = Math.min(Math.max(at, 0), items.length - 1);
  items.forEach((item, number) => { item.hidden = number !== state.at; });
  document.getElementById("previous").disabled = state.at === 0;
  document.getElementById("next").disabled = state.at === items.length - 1;
  write();
  if (focus) {
    const item = items[state.at];
    item.querySelector("h2").scrollIntoView({ block: "start" });
    const first = item.querySelector("fieldset :checked") ?? item.querySelector("fieldset input");
    (first ?? item.querySelector("h2")).focus({ preventScroll: true });
  }
}

// To the next answer of the question, or the next question, or the end.
function advance(field) {
  const fields = [...items[state.at].querySelectorAll("fieldset")];
  const following = fields[fields.indexOf(field) + 1];
  if (following) {
    (following.querySelector(":checked") ?? following.querySelector("input")).focus();
  } else if (state.at < items.length - 1) {
    show(state.at + 1, true);
  } else {
    document.getElementById("download").focus();
  }
}

main.addEventListener("change", (event) => {
  const item = event.target.closest(".item");
  if (event.target.type === "radio") {
    entry(item).scores[event.target.closest("fieldset").dataset.answer] = Number(event.target.value);
    write();
  }
});

main.addEventListener("input", (event) => {
  if (event.target.matches("textarea")) {
    entry(event.target.closest(".item")).comment = event.target.value;
    write();
  }
});

// Only with a score in focus: elsewhere, keys of one character belong to the browser and to screen readers.
main.addEventListener("keydown", (event) => {
  if (event.target.type !== "radio" || event.ctrlKey || event.metaKey || event.altKey) return;
  const field = event.target.closest("fieldset");
  const score = event.key === "0" ? "10" : /^[1-9]$/.test(event.key) ? event.key : null;
  if (score) {
    event.preventDefault();
    const input = field.querySelector(`input[value="${score}"]`);
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    advance(field);
  } else if (event.key === "Enter") {
    event.preventDefault();
    advance(field);
  }
});

reviewer.addEventListener("input", () => { state.reviewer = reviewer.value; write(); });
document.getElementById("previous").addEventListener("click", () => show(state.at - 1, true));
document.getElementById("next").addEventListener("click", () => show(state.at + 1, true));
document.getElementById("download").addEventListener("click", () => {
  const name = state.reviewer.trim().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  const link = document.createElement("a");
  // With a byte order mark, spreadsheets recognise UTF-8.
  link.href = URL.createObjectURL(new Blob(["\ufeff", csv()], { type: "text/csv" }));
  link.download = `review${name ? `-${name}` : ""}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  changed = false;
});
window.addEventListener("beforeunload", (event) => {
  if (!kept && changed) event.preventDefault();
});

reviewer.value = state.reviewer;
for (const item of items) {
  const { scores, comment } = entry(item);
  item.querySelector("textarea").value = comment;
  for (const [answer, score] of Object.entries(scores)) {
    const input = item.querySelector(`fieldset[data-answer="${answer}"] input[value="${score}"]`);
    if (input) input.checked = true;
  }
}
show(state.at, false);
changed = false;
