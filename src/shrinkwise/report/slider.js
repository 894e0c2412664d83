/* The λ slider and the names of paths. */

/* ---- the cells of the grid */

const cells = JSON.parse(document.getElementById("cells")?.textContent ?? "null");

const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/* as the page's other numbers: four digits, 1.2e-5, − */
const general = (value, digits = 4) => {
  if (value === null) return "–";
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e"), power = Number(exponent);
  let text = trimmed(value.toFixed(Math.min(100, Math.max(0, digits - 1 - power))));
  if (power < -4 || power >= 7) text = `${trimmed(mantissa)}e${power}`;
  return text.replace(/^-/, "−");
};

/* how a column is written: with the decimals that leave its largest number four digits */
const aligned = (numbers) => {
  const largest = Math.max(0, ...numbers.map(Math.abs));
  if (largest < 1e-3 || largest >= 1e6) return general;
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(largest)));
  return (value) => (value && Math.abs(value) < 0.5 * 10 ** -decimals ? general(value, 1) : value.toFixed(decimals).replace("-", "−"));
};

const valueAt = (entry, step) => entry?.values[step - entry.first] ?? 0;

const byCell = (list) => new Map(list.map(([cell, first, ...values]) => [cell, { first, values }]));

const numbersOf = (text) => text.match(/-?[\d.]+(e-?\d+)?/g).map(Number);

const drawing = (points) => "M" + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");

const nearest = (strengths, strength) => {
  const away = strengths.map((other) => Math.abs(Math.log((other || 1e-300) / (strength || 1e-300))));
  return away.indexOf(Math.min(...away));
};

/* Where a figure's strengths and values lie: what its cursor says. */
const frameOf = (cursor) => {
  const [zero, decade, none, left, right] = numbersOf(cursor.dataset.x);
  const [base, unit] = cursor.dataset.y ? numbersOf(cursor.dataset.y) : [];
  const [, top, bottom] = numbersOf(cursor.getAttribute("d"));
  return { x: (strength) => (strength > 0 ? zero + decade * Math.log10(strength) : none), y: (value) => base + unit * value, left, right, top, bottom };
};

const shape = (parent, tag, attributes) => {
  const node = document.createElementNS(parent.namespaceURI, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return parent.appendChild(node);
};

/* Keeps what an element was drawn with, to go back to. */
const keeper = () => {
  const kept = new Map();
  return {
    set(node, key, value) {
      if (!kept.has(node)) kept.set(node, { key, value: node.getAttribute(key) });
      node.setAttribute(key, value);
    },
    restore() {
      kept.forEach(({ key, value }, node) => (value === null ? node.removeAttribute(key) : node.setAttribute(key, value)));
      kept.clear();
    },
  };
};

/* ---- what follows the slider: each of these gives a function of (line, step, whether another line is shown) */

const followCursor = (cursor) => {
  const { x, left, right } = frameOf(cursor), [top, height] = cursor.dataset.row ? numbersOf(cursor.dataset.row) : [];
  return (line, step) => {
    if (height) cursor.setAttribute("d", `M0 ${top + height * line.row}v${height}`);
    const place = x(line.strength[step]); /* another line's strengths may lie outside of the frame */
    cursor.setAttribute("transform", `translate(${place.toFixed(1)} 0)`);
    cursor.setAttribute("visibility", place > left - 1 && place < right + 1 ? "visible" : "hidden");
  };
};

const followErrors = (svg) => {
  const frame = frameOf(svg.querySelector(".cursor")), curves = svg.querySelector("g[clip-path]"), before = keeper();
  const dots = ["mean", "train"].map((kind) => [kind, shape(svg, "circle", { r: 4.5, class: `cursor ${kind === "mean" ? "cv" : kind} dot` })]);
  const points = (line, numbers) => numbers.flatMap((value, k) => (value === null ? [] : [[frame.x(line.strength[k]), frame.y(value)]]));
  return (line, step, elsewhere) => {
    for (const [kind, dot] of dots) {
      const x = frame.x(line.strength[step]), y = line[kind][step] === null ? -1 : frame.y(line[kind][step]);
      const inside = x > frame.left - 1 && x < frame.right + 1 && y >= frame.top && y <= frame.bottom;
      dot.setAttribute("visibility", inside ? "visible" : "hidden");
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", y);
    }
    before.restore();
    if (!elsewhere) return;
    const edge = (sign) => line.mean.map((value, k) => (value === null || line.se[k] === null ? null : value + sign * line.se[k]));
    const band = [...points(line, edge(1)), ...points(line, edge(-1)).reverse()];
    for (const [kind, part] of [["cv", points(line, line.mean)], ["train", points(line, line.train)], ["band", band]]) {
      const curve = curves.querySelector(`.${kind}`);
      if (curve) before.set(curve, "d", part.length ? drawing(part) : "M0 0");
    }
  };
};

const DRAWN = 120; /* paths at most */

const followPaths = (svg, output) => {
  const frame = frameOf(svg.querySelector(".cursor")), group = svg.querySelector("g[clip-path]"), before = keeper();
  const labels = [...svg.querySelectorAll(".label")], gap = 1.22 * parseFloat(getComputedStyle(svg).fontSize);
  const own = [...group.querySelectorAll(".path")], drawn = new Set(own.map((path) => Number(path.dataset.f)));
  const points = (line, entry) => line.strength.map((strength, k) => [frame.x(strength), frame.y(valueAt(entry, k))]);

  /* names at the right ends of their paths, moved apart */
  const nameEnds = (line, entries) => {
    const ends = labels.flatMap((label) => {
      const entry = entries.get(Number(label.dataset.f));
      before.set(label, "visibility", entry ? "visible" : "hidden");
      const start = frame.y(valueAt(entry, line.strength.length - 1));
      return entry ? [{ label, start: Math.min(Math.max(start, frame.top), frame.bottom) }] : [];
    });
    ends.sort((a, b) => a.start - b.start);
    ends.forEach((end, k) => (end.place = Math.max(end.start, frame.top + gap / 2, k ? ends[k - 1].place + gap : 0)));
    ends.reduceRight((limit, end) => (end.place = Math.min(end.place, limit)) - gap, frame.bottom - gap / 2);
    for (const { label, start, place } of ends) {
      const [leader, text] = label.children, [, , x1, , x2, , x3] = numbersOf(leader.getAttribute("d"));
      const edge = frame.x(line.strength.at(-1));
      before.set(leader, "d", drawing([[edge, start], [x1, start], [x2, place], [x3, place]]));
      before.set(text, "y", place + 0.28 * gap);
    }
  };

  return (line, step, elsewhere) => {
    before.restore();
    group.querySelectorAll(".extra").forEach((path) => path.remove());
    if (!elsewhere) return;
    const width = cells.outputs?.length ?? 1;
    const entries = new Map(cells.columns.flatMap((column, place) => {
      const entry = line.entries.get(place * width + output);
      return entry ? [[column, entry]] : [];
    }));
    for (const path of own) {
      const entry = entries.get(Number(path.dataset.f));
      before.set(path, "d", entry ? drawing(points(line, entry)) : "M0 0");
    }
    const more = [...entries].filter(([column]) => !drawn.has(column)).map(([column, entry]) => ({ column, entry, size: Math.max(...entry.values.map(Math.abs)) }));
    more.sort((a, b) => b.size - a.size);
    for (const { column, entry } of more.slice(0, Math.max(0, DRAWN - entries.size + more.length))) {
      const path = shape(group, "path", { class: "path rest extra", d: drawing(points(line, entry)) });
      path.dataset.f = column;
    }
    nameEnds(line, entries);
  };
};

const followCoefficients = (section) => {
  const [first, second] = section.querySelectorAll("table.coefficients"), width = cells.outputs?.length ?? 1;
  const rows = [first, second].map((table) => table && [...table.tBodies[0].rows]);
  const heading = section.querySelector("h2"), words = heading.textContent, note = make("p", { className: "of-others" });
  heading.after(note);

  const cell = (text, className = "") => make("td", { className, textContent: text });
  const named = (name) => make("th", { scope: "row" }, typeof name === "string" ? name : make("bdi", { textContent: cells.names[name.place] }));
  const bar = (share) => {
    const node = make("span", { className: `bar ${share > 0 ? "plus" : "minus"}` });
    const size = Math.max(1, Math.abs(share) * (cells.network ? 100 : 50));
    Object.assign(node.style, { left: `${cells.network ? 0 : share > 0 ? 50 : 50 - size}%`, width: `${size}%` });
    return node;
  };

  const factors = [...first.tHead.rows[0].cells].some((head) => head.textContent.trim().startsWith("factor"));
  const factor = (change) => (Math.abs(change) <= Math.log(100) ? general(Math.exp(change)) : "–");
  const ofOne = (found, line, step) => {
    const write = aligned(found.map(({ values }) => values[0])), longest = found[0]?.size || 1;
    return found.map(({ place, values: [value] }) => {
      const pictured = make("td", { className: cells.network ? "bars right" : "bars" }, bar(value / longest));
      const middle = cells.network ? `${valueAt(line.kept_in.get(place), step)} of ${cells.folds}` : general(value / cells.sd[place]);
      return make("tr", {}, named({ place }), pictured, cell(write(value)), cell(middle),
        ...(factors ? [cell(factor(value / cells.sd[place]))] : []), cell(general(cells.sd[place])));
    });
  };
  const ofSeveral = (found) => {
    const write = aligned(found.flatMap(({ values }) => values)), longest = found[0]?.size || 1;
    return found.map(({ place, values }) => make("tr", {}, named({ place }), ...values.map((value) => {
      const shown = cell(value ? write(value) : "0", value ? "share" : "share zero");
      if (value) shown.append(bar(value / longest));
      return shown;
    })));
  };
  const perUnit = (found, intercepts) => [
    ...found.map(({ place, values }) => make("tr", {}, named({ place }), ...values.map((value) => cell(general(value / cells.sd[place]))), cell(general(cells.sd[place])))),
    make("tr", {}, named("(intercept)"), ...intercepts.map((value) => cell(general(value))), cell("")),
  ];

  return (line, step, elsewhere, moved) => {
    heading.textContent = moved ? `The ${cells.network ? "inputs" : "coefficients"} at ${line.where(step)}` : words;
    if (!moved) {
      rows.forEach((own, k) => own && setRows.get([first, second][k])(own));
      return;
    }
    const found = cells.names.map((_, place) => {
      const values = Array.from({ length: width }, (_, output) => valueAt(line.entries.get(place * width + output), step));
      return { place, values, size: Math.max(...values.map(Math.abs)) };
    }).filter(({ size }) => size > 0).sort((a, b) => b.size - a.size).slice(0, cells.most);
    const kept = line.kept[step], [one, many] = cells.nouns;
    note.textContent = `Moved by the slider: ${kept} of ${cells.total} ${cells.total === 1 ? one : many} in the model, ${cells.total - kept} at exactly zero.`
      + (found.length < kept ? ` Shown are the ${found.length} largest.` : "")
      + (line.intercept && !second ? ` The intercept is ${general(line.intercept[step][0], 6)}.` : "");
    setRows.get(first)(second ? ofSeveral(found) : ofOne(found, line, step));
    if (second) setRows.get(second)(perUnit(found, line.intercept[step]));
  };
};

/* ---- the names of paths: under the pointer, or by Tab and the arrow keys */

const REACH = 16; /* pixels from a path that still mean it */

const namePaths = (svg, told, output, now) => {
  const group = svg.querySelector("g[clip-path]"), width = cells.outputs?.length ?? 1;
  const places = new Map(cells.columns.map((column, place) => [column, place]));
  const hint = "Point at a path for its name, or reach the figure with Tab and go through them with ↓ and ↑.";
  let lit = null;
  const all = () => [...group.querySelectorAll(".path")].filter((path) => places.has(Number(path.dataset.f)) && path.getAttribute("d") !== "M0 0").reverse();

  const tell = () => {
    if (!svg.getClientRects().length) return; /* the drawing of the other width */
    const place = lit && places.get(Number(lit.dataset.f)), { line, step } = now();
    told.replaceChildren(...(lit ? [make("bdi", { textContent: cells.names[place] }),
      `: ${general(valueAt(line.entries.get(place * width + output), step))}${cells.unit} at ${cells.symbol}\u00a0=\u00a0${general(line.strength[step])}`] : [hint]));
  };
  const light = (path) => {
    if (path === lit) return;
    lit?.classList.remove("lit");
    svg.querySelectorAll(".label.lit").forEach((label) => label.classList.remove("lit"));
    lit = path;
    path?.classList.add("lit");
    if (path) svg.querySelectorAll(`.label[data-f="${path.dataset.f}"]`).forEach((label) => label.classList.add("lit"));
    svg.classList.toggle("picking", Boolean(path));
    tell();
  };

  const height = (path, x) => {
    const numbers = numbersOf(path.getAttribute("d"));
    for (let k = 2; k < numbers.length; k += 2) {
      const [x0, y0, x1, y1] = numbers.slice(k - 2, k + 2);
      if (x >= x0 && x <= x1) return y0 + ((x - x0) / (x1 - x0 || 1)) * (y1 - y0);
    }
    return Infinity;
  };
  const point = (event) => {
    const label = event.target.closest?.(".label"), matrix = svg.getScreenCTM();
    if (label) return light(all().find((path) => path.dataset.f === label.dataset.f) ?? null);
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const near = all().map((path) => ({ path, away: Math.abs(height(path, x) - y) })).filter(({ away }) => away * matrix.a < REACH);
    light(near.length ? near.reduce((a, b) => (b.away < a.away ? b : a)).path : null);
  };
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && light(group.querySelector(":focus")));

  svg.setAttribute("role", "group"); /* an image has no parts that can be reached */
  const ready = (path, stop) => {
    path.setAttribute("tabindex", stop ? 0 : -1);
    path.setAttribute("role", "img");
    path.setAttribute("aria-label", cells.names[places.get(Number(path.dataset.f))]);
  };
  const prepare = () => all().forEach((path, k) => ready(path, k === 0));
  group.addEventListener("focusin", (event) => light(event.target));
  group.addEventListener("focusout", () => light(null));
  group.addEventListener("keydown", (event) => {
    const paths = all(), at = paths.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: paths.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    paths.forEach((path) => ready(path, false));
    const next = paths[(to + paths.length) % paths.length];
    ready(next, true);
    next.focus();
  });
  return () => {
    if (lit && !lit.isConnected) light(null);
    prepare();
    tell();
  };
};

/* ---- the slider */

const startSlider = (panel) => {
  const [range, mixes, back] = ["input", "select", "button"].map((tag) => panel.querySelector(tag));
  const said = panel.querySelector("output"), main = document.querySelector("main"), { lines } = cells;
  const [chosenLine, chosenStep] = cells.chosen;
  let at = chosenLine;
  for (const line of lines) {
    line.entries = byCell(line.coef);
    line.kept_in = byCell(line.times ?? []);
    line.where = (step) => `${cells.symbol} = ${general(line.strength[step])}${lines.length > 1 ? `, ${line.mix}` : ""}`;
  }
  const now = () => ({ line: lines[at], step: Number(range.value) });

  const followers = [...document.querySelectorAll("svg .cursor")].map(followCursor);
  document.querySelectorAll("#cv svg").forEach((svg) => followers.push(followErrors(svg)));
  document.querySelectorAll('figure[id^="paths"]').forEach((figure) => {
    const output = cells.outputs?.indexOf(Number(figure.id.split("-")[1])) ?? 0;
    const told = make("output", { className: "told" }), drawings = [...figure.querySelectorAll("svg")];
    drawings.at(-1).after(told);
    drawings.forEach((svg) => followers.push(followPaths(svg, output), namePaths(svg, told, output, now)));
  });
  const table = document.querySelector("#coefficients");
  if (table?.querySelector("table.coefficients")) followers.push(followCoefficients(table));
  const predictions = document.querySelector("#predictions");
  if (predictions) followers.push(followQuality(predictions, lines[chosenLine].mix));
  document.querySelectorAll('#cv figcaption, figure[id^="paths"] figcaption').forEach((caption) => {
    const note = make("p", { className: "of-mix muted" }), titles = [...caption.parentElement.querySelectorAll("svg > title")];
    const own = titles.map((title) => title.textContent);
    caption.before(note);
    followers.push((line) => {
      note.textContent = `The curves are those of ${line.mix}; the sentence below is of ${lines[chosenLine].mix}.`;
      titles.forEach((title, k) => (title.textContent = own[k].replace(lines[chosenLine].mix, line.mix)));
    });
  });

  const show = () => {
    const { line, step } = now(), elsewhere = at !== chosenLine, moved = elsewhere || step !== chosenStep;
    main.classList.toggle("moved", moved);
    main.classList.toggle("elsewhere", elsewhere);
    const kept = line.kept[step], noun = cells.nouns[kept === 1 ? 0 : 1];
    const facts = [line.where(step), `${kept} ${noun}`, `CV error ${line.error[step]}`, `training error ${line.training[step]}`];
    said.replaceChildren(...[...facts, ...(moved ? [] : ["the chosen model"])].map((fact) => make("span", {}, fact)));
    range.setAttribute("aria-valuetext", `${cells.symbol} = ${general(line.strength[step])}`);
    followers.forEach((follow) => follow(line, step, elsewhere, moved));
  };
  const go = (line, step) => {
    at = line;
    range.max = lines[line].strength.length - 1;
    range.value = step;
    mixes.value = line;
    show();
  };
  mixes.hidden = lines.length < 2;
  lines.forEach(({ mix }, k) => mixes.append(make("option", { value: k, textContent: mix })));
  range.addEventListener("input", show);
  mixes.addEventListener("change", () => {
    const { line, step } = now();
    go(Number(mixes.value), nearest(lines[mixes.value].strength, line.strength[step]));
  });
  back.addEventListener("click", () => go(chosenLine, chosenStep));
  addEventListener("beforeprint", () => go(chosenLine, chosenStep)); /* on paper nothing says that it was moved */
  if (cells.omitted) panel.after(make("p", { className: "muted omitted", textContent: cells.omitted }));
  panel.hidden = false;
  main.classList.add("live");
  go(chosenLine, chosenStep);

  /* in sight as long as something that it moves is */
  const watched = new Set(), followed = new Set([...document.querySelectorAll("svg .cursor, #coefficients")].map((node) => node.closest("section")));
  if (predictions) followed.add(predictions);
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) watched[isIntersecting ? "add" : "delete"](target);
    panel.classList.toggle("following", watched.size > 0);
  });
  followed.forEach((section) => observer.observe(section));
};

const panel = document.querySelector(".strength");
if (panel && cells) startSlider(panel);
