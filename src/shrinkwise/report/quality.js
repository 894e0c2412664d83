/* The quality of predictions, which follows the slider along the chosen line. */

const grouped = (number) => (Math.abs(number) < 10000 ? String(number) : String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f"));

const scaleOf = (words) => {
  const [low, high, start, stop] = words.split(" ").map(Number);
  return { place: (value) => start + ((value - low) / (high - low)) * (stop - start), holds: (value) => value >= low && value <= high };
};

/* the bins of a strength in place of those of the chosen one; gives how many lie outside of the frame */
const followBins = (svg) => {
  const own = svg.querySelector(".bins"), { x, y } = own.dataset, before = keeper();
  const across = scaleOf(x), up = scaleOf(y);
  return (bins) => {
    before.restore();
    svg.querySelectorAll(".extra").forEach((node) => node.remove());
    if (!bins) return 0;
    before.set(own, "display", "none");
    const group = shape(own.parentNode, "g", { class: "extra" });
    const whiskers = shape(group, "g", { "clip-path": own.querySelector("[clip-path]").getAttribute("clip-path") });
    let outside = 0;
    for (let k = 0; k < bins.length; k += 3) {
      const [predicted, observed, se] = bins.slice(k, k + 3), place = across.place(predicted);
      if (across.holds(predicted) && se) {
        const [from, to] = [-2, 2].map((sign) => up.place(observed + sign * se).toFixed(1));
        shape(whiskers, "path", { class: "whisker cv", d: `M${place.toFixed(1)} ${from}V${to}` });
      }
      if (!across.holds(predicted) || !up.holds(observed)) outside += 1;
      else shape(group, "circle", { class: "cv dot", cx: place.toFixed(1), cy: up.place(observed).toFixed(1), r: 4 });
    }
    return outside;
  };
};

/* the table at a threshold of ½; that at the share of the second class is of the chosen strength alone */
const followConfusion = (section) => {
  const [first, second] = section.querySelectorAll("table.confusion");
  const rows = [...first.tBodies[0].rows], words = first.closest(".level > *").querySelector("p").lastChild;
  const told = words.textContent, before = keeper();
  const fresh = (row, weights) => {
    const copy = row.cloneNode(true), total = weights[0] + weights[1];
    weights.forEach((weight, k) => {
      const cell = copy.cells[k + 1], share = total > 0 ? weight / total : 0;
      cell.replaceChildren(Number.isInteger(weight) ? grouped(weight) : general(weight), make("small", { textContent: `${(100 * share).toFixed(0)} %` }));
      cell.style.setProperty("--share", share.toFixed(2));
    });
    return copy;
  };
  return (counts, where) => {
    before.restore();
    words.textContent = told;
    if (!counts || counts.includes(null)) return setRows.get(first)(rows);
    const [tn, fn, fp, tp] = counts, wrong = (100 * (fn + fp)) / (tn + fn + fp + tp);
    words.textContent = ` from 50\u00a0% at ${where}: ${wrong.toFixed(1)}\u00a0% wrong.`;
    setRows.get(first)([fresh(rows[0], [tn, fp]), fresh(rows[1], [fn, tp])]);
    if (second) before.set(second.closest(".level > *"), "hidden", "");
  };
};

const followQuality = (section, mix) => {
  const path = cells.quality, chosen = `the chosen ${cells.symbol}`, note = make("p", { className: "of-others" });
  section.querySelector("h2").after(note);
  if (!path) return () => (note.textContent = `This section is of ${chosen}: it does not follow the slider.`);

  const figure = section.querySelector("#calibration");
  const drawings = [...(figure?.querySelectorAll("svg") ?? [])].map(followBins);
  const table = path.confusion && section.querySelector("table.confusion") ? followConfusion(section) : () => {};
  const below = make("p", { className: "of-others muted" });
  figure?.querySelector("figcaption").before(below);
  const of = (k) => `${cells.symbol}\u00a0=\u00a0${general(path.strength[k])}`;

  return (line, step, elsewhere, moved) => {
    const follows = moved && !elsewhere, k = nearest(path.strength, line.strength[step]);
    const outside = drawings.map((draw) => draw(follows ? path.bins[k] : null))[0];
    table(follows ? path.confusion?.[k] : null, of(k));
    below.hidden = !follows;
    note.textContent = below.textContent = "";
    if (!moved) return;
    if (elsewhere) {
      note.textContent = `This section is of ${mix} and ${chosen}: it does not follow the slider to another mix.`;
      return;
    }
    const near = path.strength[k] === line.strength[step] ? "" : `, the nearest of ${path.strength.length} that are known`;
    const what = [figure && "calibration", path.confusion && "the table of right and wrong"].filter(Boolean).join(" and ");
    const right = path.right && path.right[k] !== null ? `, where the most likely class is right in ${(100 * path.right[k]).toFixed(1)}\u00a0% of the held-out rows` : "";
    note.textContent = `Moved by the slider: ${what || "the quality"} at ${of(k)}${near}${right}. All else here is of ${chosen}.`;
    below.textContent = (path.bins[k].length ? `The points are those of ${of(k)}` : `No predictions are known at ${of(k)}`)
      + (outside ? `; ${outside} of ${path.bins[k].length / 3} lie outside of the frame` : "") + `. What is below is of ${chosen}.`;
  };
};
