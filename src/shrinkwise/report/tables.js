"use strict";
/* Tables sort, filter and are saved where scripts run; without this script they can still be read. */

const make = (tag, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
};

/* ---- tables: sort, filter, save */

const FILTERED = 9; /* rows from which names can be searched */

const nameCell = (cell) => cell.querySelector("bdi");

const wordsIn = (cell) => {
  const name = nameCell(cell);
  if (name) return name.title || name.textContent;
  return [...cell.childNodes].map((node) => (node.matches?.("small, .badge") ? "" : node.textContent)).join("").trim();
};

/* "−3.2", "12 000", "1.2e-5": a number as files have it, or "" */
const plainNumber = (words) => {
  const plain = words.replace(/[\u202f\u00a0]/g, "").replace(/^−/, "-");
  return /^-?\d+(\.\d+)?(e-?\d+)?$/.test(plain) ? plain : "";
};

/* "3001 ± 160", "(1.01 ± 0.14)e-12": mean and error, or null */
const withError = (words) => {
  const [, open, mean, error, power] = words.match(/^(\(?)(\S+)\s±\s([^\s)]+)\)?(e-?\d+)?$/) || [];
  const both = [mean, error].map((part) => part && plainNumber(part + ((open && power) || "")));
  return both.every(Boolean) ? both : null;
};

/* what a cell is sorted by: the number that it begins with, or its words */
const sortValue = (cell) => {
  const words = wordsIn(cell);
  if (nameCell(cell)) return words;
  if (words.startsWith("∞")) return Infinity;
  const [mean] = withError(words) || [plainNumber(words.split(/\s*%| of /)[0])];
  return mean ? Number(mean) : words === "–" || words === "" ? NaN : words;
};

const compare = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return typeof a === typeof b ? a.localeCompare(b, undefined, { numeric: true }) : typeof a === "number" ? -1 : 1;
};

/* RFC 4180; a text that a spreadsheet would take for a formula gets an apostrophe in front */
const quoted = (words) => {
  const safe = plainNumber(words) === "" && /^\s*[=+\-@＝＋－＠]/.test(words) ? "'" + words : words;
  return /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
};

/* numbers with ± become two columns; columns of pictures are left out */
const asCsv = (table) => {
  const heads = [...table.tHead.rows[0].cells].map(wordsIn);
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells]);
  const shown = heads.map((head, k) => head || rows.some((row) => row[k].textContent.trim()));
  const split = heads.map((_, k) => rows.some((row) => withError(wordsIn(row[k]))));
  const lines = [heads.flatMap((head, k) => (split[k] ? [head.split(/\s±/)[0], "SE"] : head)), ...rows.map((row) =>
    row.flatMap((cell, k) => {
      const words = wordsIn(cell);
      if (split[k]) return withError(words) || [plainNumber(words) || words, ""];
      return nameCell(cell) ? words : plainNumber(words) || words;
    }))];
  const kept = heads.flatMap((_, k) => (split[k] ? [shown[k], shown[k]] : shown[k]));
  return lines.map((line) => line.filter((_, k) => kept[k]).map(quoted).join(",") + "\r\n").join("");
};

const save = (name, text) => {
  const link = make("a", { download: name });
  link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv" })); /* the mark: Excel reads UTF-8 */
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
};

const fileName = (table) => {
  const heading = table.closest("section")?.querySelector("h2");
  const words = table.getAttribute("aria-label") || heading?.textContent || document.title;
  return (words.match(/[\p{L}\p{N}]+/gu) || ["table"]).join("-").slice(0, 60).toLowerCase() + ".csv";
};

/* Gives a table its buttons; returns what replaces its rows. */
const furnish = (table) => {
  const body = table.tBodies[0], box = table.parentElement, heads = [...table.tHead.rows[0].cells];
  const found = make("output"), search = make("input", { type: "search" });
  let rows = [...body.rows], column = -1, sign = 1;

  const draw = () => {
    let shown = rows;
    if (column >= 0) {
      const missing = (value) => typeof value === "number" && Number.isNaN(value);
      const keyed = rows.map((row) => ({ row, key: sortValue(row.cells[column]) }));
      keyed.sort((a, b) => missing(a.key) - missing(b.key) || (missing(a.key) ? 0 : sign * compare(a.key, b.key)));
      shown = keyed.map(({ row }) => row);
    }
    const needle = search.value.trim().normalize().toLowerCase();
    if (needle) shown = shown.filter((row) => wordsIn(row.cells[0]).normalize().toLowerCase().includes(needle));
    found.textContent = needle ? `${shown.length} of ${rows.length}` : "";
    body.replaceChildren(...shown);
    heads.forEach((head, k) => {
      if (k === column) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  };

  /* numbers from the largest, names from A; then the other way; then as they came */
  const sortBy = (k) => {
    const first = rows.some((row) => typeof sortValue(row.cells[k]) === "number") ? -1 : 1;
    if (column !== k) [column, sign] = [k, first];
    else if (sign === first) sign = -first;
    else [column, sign] = [-1, 1];
    draw();
  };
  heads.forEach((head, k) => {
    if (!head.textContent) return;
    const button = make("button", { type: "button", className: "sort" }, ...head.childNodes);
    button.addEventListener("click", () => sortBy(k));
    head.replaceChildren(button);
  });

  if (rows.length >= FILTERED && rows.some((row) => nameCell(row.cells[0]))) {
    search.addEventListener("input", draw);
    box.before(make("p", { className: "tools" }, make("label", {}, "Filter by name ", search), found));
  }
  const button = make("button", { type: "button" }, "Download as CSV");
  button.addEventListener("click", () => save(fileName(table), asCsv(table)));
  box.after(make("p", { className: "tools" }, button));

  return (fresh) => {
    rows = fresh;
    draw();
  };
};

const setRows = new Map([...document.querySelectorAll(".scroll > table")].map((table) => [table, furnish(table)]));
