// Sorting, filtering and hints of a report. All its data is in the page already. Text from data is only ever
// set through textContent.
const SVG = "http://www.w3.org/2000/svg";
const COLLATOR = new Intl.Collator();

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function drawn(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// ------------------------------------------------------------------------------------ sorting

function sortValue(row, column) {
  const cell = row.cells[column];
  if (cell === undefined) return null;
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  const text = cell.textContent.trim();
  return cell.classList.contains("num") || cell.classList.contains("metric") ? null : text.toLowerCase();
}

function sortBy(table, header, direction) {
  const column = header.cellIndex;
  const sign = direction === "ascending" ? 1 : -1;
  for (const body of [...table.tBodies]) {
    const rows = [...body.rows];
    const fixed = rows.filter((row) => row.classList.contains("heading"));
    const sorted = rows
      .filter((row) => !row.classList.contains("heading"))
      .map((row) => [sortValue(row, column), row])
      .sort(([one], [other]) => {
        if (one === null || other === null) return (one === null) - (other === null); // rows without a value come last
        return sign * (typeof one === "string" ? COLLATOR.compare(one, other) : one - other);
      });
    // The body is taken out of the page while its rows move, so that thousands of rows are laid out once.
    const after = body.nextSibling;
    body.remove();
    body.append(...fixed, ...sorted.map(([, row]) => row));
    table.insertBefore(body, after);
  }
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction);
  // Lines between groups of equal rank make sense only in the order of ranks.
  table.classList.toggle("grouped", column === 0 && direction === "ascending");
  table.dispatchEvent(new Event("sorted"));
}

function firstDirection(header) {
  if (header.classList.contains("metric")) return header.dataset.low === "1" ? "ascending" : "descending";
  const rank = header.cellIndex === 0 && header.classList.contains("num");
  return header.classList.contains("num") && !rank ? "descending" : "ascending";
}

function startSorting() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.sort");
    if (button === null) return;
    const header = button.closest("th");
    const table = header.closest("table");
    const before = header.getAttribute("aria-sort");
    const turned = before === "ascending" ? "descending" : "ascending";
    sortBy(table, header, before === null ? firstDirection(header) : turned);
  });
}

// ------------------------------------------------------------------------------------ the leaderboard

function percent(value) {
  return (100 * value).toFixed(1);
}

function intervalBar(value, low, high) {
  const svg = drawn("svg", {
    class: "iv",
    viewBox: "0 0 84 10",
    width: 84,
    height: 10,
    "aria-hidden": "true",
  });
  // A skill below 0 is drawn at 0.
  const place = (value) => (2 + 80 * Math.min(1, Math.max(0, value))).toFixed(1);
  svg.append(drawn("line", { class: "axis", x1: 2, y1: 5, x2: 82, y2: 5 }));
  if (low !== null && high !== null) {
    svg.append(drawn("line", { class: "ci", x1: place(low), y1: 5, x2: place(high), y2: 5 }));
  }
  svg.append(drawn("circle", { class: "at", cx: place(value), cy: 5, r: 3 }));
  return svg;
}

function metricCell(estimate, column) {
  const kind = column.rest ? "metric rest" : "metric";
  const head = column.label ?? "";
  if (estimate === null || estimate === undefined) {
    const dash = element("span", { "aria-hidden": "true" }, "–");
    const words = element("span", { class: "sr" }, "not defined");
    return element("td", { class: `${kind} none`, "data-head": head }, dash, words);
  }
  const [value, low, high, n] = estimate;
  const between = low < 0 ? " to " : "–";
  const range = low === null || high === null ? "" : `${percent(low)}${between}${percent(high)}`;
  const count = column.n ? [element("span", { class: "range" }, `n ${n.toLocaleString("en")}`)] : [];
  return element(
    "td",
    { class: kind, "data-value": value, "data-head": head },
    element("span", { class: "v" }, percent(value)),
    intervalBar(value, low, high),
    element("span", { class: "range" }, range),
    ...count,
  );
}

function showView(table, view) {
  const head = table.tHead.rows[0];
  for (const old of table.querySelectorAll("th.metric, td.metric")) old.remove();
  const after = head.querySelector(".after");
  for (const column of view.columns) {
    const button = element("button", { type: "button", class: "sort", "data-tip": column.tip }, column.label);
    const kind = column.rest ? "metric rest" : "metric";
    after.before(element("th", { scope: "col", class: kind, "data-low": column.low ? 1 : 0 }, button));
  }
  for (const row of table.querySelectorAll("tr[data-model]")) {
    const cells = view.values[row.dataset.model] || [];
    const place = row.querySelector(".after");
    place.before(...view.columns.map((column, number) => metricCell(cells[number], column)));
  }
  for (const heading of table.querySelectorAll("tr.heading th")) heading.colSpan = head.cells.length;
  const metric = head.querySelector("th.metric");
  if (view.whole) sortBy(table, head.cells[0], "ascending");
  else if (metric !== null) sortBy(table, metric, firstDirection(metric));
  // Ranks and differences hold for all items only.
  for (const cell of table.querySelectorAll("td.rank, td.after")) cell.classList.toggle("faded", !view.whole);
}

function startLeaderboard() {
  const table = document.getElementById("leaderboard");
  if (table === null) return;
  const data = JSON.parse(document.getElementById("leaderboard-data").textContent);
  const form = document.getElementById("leaderboard-filters");
  const slice = document.getElementById("slice");
  const find = document.getElementById("find-model");
  const groups = new Map();
  for (const view of data.views) {
    if (!groups.has(view.group)) {
      groups.set(view.group, element("optgroup", { label: view.group }));
      slice.append(groups.get(view.group));
    }
    groups.get(view.group).append(element("option", { value: view.key }, view.name));
  }
  const status = document.getElementById("shown");
  const views = new Map(data.views.map((view) => [view.key, view]));
  slice.addEventListener("change", () => {
    const view = views.get(slice.value);
    showView(table, view);
    status.textContent = view.whole ? "" : "Ranks and Δ cover all items.";
    const sentences = view.notes.map((sentence) => element("li", {}, sentence));
    document.getElementById("notes").replaceChildren(...sentences);
  });
  find.addEventListener("input", () => {
    const words = find.value.trim().toLowerCase();
    for (const row of table.querySelectorAll("tr[data-model]")) {
      row.hidden = !row.querySelector("th").textContent.toLowerCase().includes(words);
    }
  });
  const every = document.getElementById("all-columns");
  every.addEventListener("change", () => table.classList.toggle("brief", !every.checked));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}

// ------------------------------------------------------------------------------------ contested facts

function startContested() {
  const list = document.getElementById("disputes");
  if (list === null) return;
  const relation = document.getElementById("relation");
  if (relation === null) return;
  const status = document.getElementById("shown");
  relation.addEventListener("input", () => {
    let found = 0;
    for (const item of list.children) {
      item.hidden = relation.value !== "" && item.dataset.relation !== relation.value;
      found += item.hidden ? 0 : 1;
    }
    status.textContent = `${found} of ${list.children.length} shown`;
  });
  const form = document.getElementById("contested-filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}

// ------------------------------------------------------------------------------------ questions

const PORTION = 200; // rows that are laid out at once; report.css has the same number

function startQuestions() {
  const table = document.getElementById("questions");
  if (table === null) return;
  const [find, kind, category, wrong] = ["find", "kind", "category", "wrong-by"].map((id) =>
    document.getElementById(id),
  );
  const more = document.getElementById("more");
  const entries = [...table.tBodies[0].rows].map((row) => ({
    row,
    words: row.cells[0].textContent.toLowerCase(),
    kind: row.cells[1].textContent,
    category: row.cells[2].textContent,
    wrong: BigInt(`0x${row.dataset.wrong}`), // a bit for each model
  }));
  const byRow = new Map(entries.map((entry) => [entry.row, entry]));
  const status = document.getElementById("shown");
  let most = PORTION;
  const filter = () => {
    const words = find.value.trim().toLowerCase();
    const model = wrong.value === "" ? null : BigInt(wrong.value);
    let found = 0;
    for (const row of table.tBodies[0].rows) {
      const entry = byRow.get(row);
      const fits =
        entry.words.includes(words) &&
        (kind.value === "" || entry.kind === kind.value) &&
        (category.value === "" || entry.category === category.value) &&
        (model === null || ((entry.wrong >> model) & 1n) === 1n);
      found += fits ? 1 : 0;
      const hidden = !fits || found > most;
      if (row.hidden !== hidden) row.hidden = hidden;
    }
    more.hidden = found <= most;
    status.textContent =
      found > most
        ? `${found} of ${entries.length} found, the first ${most} shown`
        : `${found} of ${entries.length} shown`;
  };
  const refilter = () => {
    most = PORTION;
    filter();
  };
  for (const input of [find, kind, category, wrong]) input.addEventListener("input", refilter);
  table.addEventListener("sorted", filter);
  more.addEventListener("click", () => {
    most += PORTION;
    filter();
  });
  addEventListener("beforeprint", () => {
    most = entries.length;
    filter();
  });
  const asked = /^#wrong-by=(\d+)$/.exec(location.hash);
  if (asked !== null) wrong.value = asked[1];
  const form = document.getElementById("question-filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => requestAnimationFrame(refilter)); // once the fields are empty
  form.hidden = false;
  filter();
  table.classList.remove("fresh");
}

// ------------------------------------------------------------------------------------ the matrix

// Map from the letter of a cell to its fill and the sign drawn on it, so that nobody needs the colours.
const SHADES = {
  light: {
    r: "#0072b2",
    s: "#a9cfe8",
    w: "#c2500a",
    l: "#c2500a",
    i: "#c2500a",
    m: "#f3c6a8",
    f: "#5b626b",
    g: "#5b626b",
    "-": "#e4e7ea",
  },
  dark: {
    r: "#56b4e9",
    s: "#2c5f80",
    w: "#ff9a57",
    l: "#ff9a57",
    i: "#ff9a57",
    m: "#7a4a26",
    f: "#a3abb5",
    g: "#a3abb5",
    "-": "#2d3238",
  },
};
const TALL = 16;
const MATRIX_PORTION = 60; // rows that are drawn at once

function drawCells(canvas, letters, wide, chosen) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const shades = dark ? SHADES.dark : SHADES.light;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.ceil(letters.length * wide * scale);
  canvas.height = TALL * scale;
  canvas.style.width = `${letters.length * wide}px`;
  canvas.style.height = `${TALL}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const gap = wide > 4 ? 1 : 0;
  for (let n = 0; n < letters.length; n += 1) {
    const letter = letters[n];
    pen.globalAlpha = chosen === null || chosen === n ? 1 : 0.35;
    pen.fillStyle = shades[letter];
    pen.fillRect(n * wide, 0, wide - gap, TALL - 1);
    const middle = n * wide + (wide - gap) / 2;
    pen.fillStyle = dark ? "#15171a" : "#ffffff";
    if (letter === "i") pen.fillRect(middle - 1.5, TALL / 2 - 2, 3, 3); // a point: an invented answer
    if (letter === "l") pen.fillRect(middle - 1, 2, 2, TALL - 5); // a stroke: a claim of another source
  }
  pen.globalAlpha = 1;
}

// A model's row of the picture. Neighbours with the same letter are one rectangle, so that narrow items work.
function drawStrip(canvas, entries, place, wide) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const shades = dark ? SHADES.dark : SHADES.light;
  canvas.width = wide;
  canvas.height = 1;
  const pen = canvas.getContext("2d");
  let start = 0;
  for (let x = 1; x <= wide; x += 1) {
    const letter = entries[Math.floor((start * entries.length) / wide)]?.letters[place];
    if (x < wide && entries[Math.floor((x * entries.length) / wide)]?.letters[place] === letter) continue;
    pen.fillStyle = shades[letter] || "transparent";
    pen.fillRect(start, 0, x - start, 1);
    start = x;
  }
}

function startMatrix() {
  const holder = document.getElementById("matrix");
  if (holder === null) return;
  const data = JSON.parse(document.getElementById("matrix-data").textContent);
  const table = holder.querySelector("table");
  const [order, find, category, kind, model, cell] = [
    "order",
    "find",
    "category",
    "kind",
    "of-model",
    "cell",
  ].map((id) => document.getElementById(id));
  const more = document.getElementById("more");
  const status = document.getElementById("shown");
  const names = data.models.map(([name]) => name);
  const entries = data.items.map(([fact, article, anchor, letters], number) => {
    const [slug, words, group, sort] = data.facts[fact];
    const given = [...letters].filter((letter) => letter !== "-").length;
    const right = [...letters].filter((letter) => letter === "r" || letter === "s").length;
    const place = article === "*" ? "all articles" : data.places[article] || "";
    const link = `questions/${encodeURIComponent(slug)}.html#${anchor}`;
    const text = words.toLowerCase();
    return {
      number,
      words,
      text,
      group,
      sort,
      place,
      link,
      letters,
      given,
      right,
      share: given ? right / given : 0,
    };
  });
  const orders = {
    hard: (one, other) => one.share - other.share,
    easy: (one, other) => other.share - one.share,
    split: (one, other) => Math.abs(one.share - 0.5) - Math.abs(other.share - 0.5),
    asked: () => 0,
  };
  const options = (select, values) => {
    for (const [value, name] of values) select.append(element("option", { value }, name));
  };
  const some = (key) => [...new Set(entries.map((entry) => entry[key]))].filter((name) => name !== "").sort();
  options(
    category,
    some("group").map((name) => [name, name]),
  );
  options(kind, [
    ...(some("sort").length > 1 ? [["contested", "contested, all"]] : []),
    ...some("sort")
      .filter((name) => name !== "contested")
      .map((name) => [name, name === "settled" ? name : `contested: ${name}`]),
  ]);
  options(
    model,
    names.map((name, number) => [number, name]),
  );
  const letters = Object.keys(data.cells).filter((letter) =>
    entries.some((entry) => entry.letters.includes(letter)),
  );
  options(cell, [
    ["rs", "right"],
    ["wlimfg", "wrong"],
    ...letters.map((letter) => [letter, data.cells[letter]]),
  ]);
  const key = document.getElementById("matrix-key");
  for (const letter of letters) {
    const canvas = element("canvas", { "aria-hidden": "true" });
    key.append(element("li", {}, canvas, data.cells[letter]));
    drawCells(canvas, letter, 15, null);
  }
  let found = [];
  let most = MATRIX_PORTION;
  let wide = 16;
  const chosen = () => (model.value === "" ? null : Number(model.value));
  const row = (entry) => {
    const canvas = element("canvas", { "aria-hidden": "true" });
    canvas.cells = entry;
    drawCells(canvas, entry.letters, wide, chosen());
    const wrong = names.filter((_, n) => !"rs-".includes(entry.letters[n]));
    const told =
      wrong.length === 0
        ? "none is wrong"
        : wrong.length > 9
          ? `${wrong.length} are wrong`
          : `wrong: ${wrong.join(", ")}`;
    const link = element("a", { href: entry.link }, element("bdi", {}, entry.words));
    const head = element("th", { scope: "row" }, link);
    if (entry.place !== "") head.append(element("span", { class: "hint" }, entry.place));
    const count = element("td", { class: "num" }, `${entry.right} of ${entry.given}`);
    const strip = element("td", { class: "strip" }, canvas, element("span", { class: "sr" }, told));
    return element("tr", {}, strip, count, head);
  };
  const strips = document.getElementById("strips");
  strips.classList.toggle("many", names.length > 12);
  for (const [place, [name, slug]] of data.models.entries()) {
    const canvas = element("canvas", { "aria-hidden": "true" });
    canvas.place = place;
    const link = element("a", { href: `models/${encodeURIComponent(slug)}.html` }, element("bdi", {}, name));
    strips.append(element("li", {}, link, canvas, element("span", { class: "num" })));
  }
  const showStrips = () => {
    const sample = strips.querySelector("canvas"); // all have the same width, and reading it costs a layout
    const across = Math.round(sample.clientWidth * (devicePixelRatio || 1));
    for (const [place, line] of [...strips.children].entries()) {
      const right = found.filter((entry) => "rs".includes(entry.letters[place])).length;
      line.lastChild.textContent = found.length === 0 ? "" : `${Math.round((100 * right) / found.length)} %`;
      drawStrip(line.children[1], found, place, across);
    }
  };
  const show = () => {
    showStrips();
    table.tBodies[0].replaceChildren(...found.slice(0, most).map(row));
    more.hidden = found.length <= most;
    const rest = found.length > most ? `, the first ${most} shown` : "";
    status.textContent = `${found.length.toLocaleString("en")} of ${entries.length.toLocaleString("en")} items${rest}`;
  };
  const filter = () => {
    const words = find.value.trim().toLowerCase();
    const who = chosen();
    const fits = (entry) =>
      entry.text.includes(words) &&
      (category.value === "" || entry.group === category.value) &&
      (kind.value === "" ||
        entry.sort === kind.value ||
        (kind.value === "contested" && entry.sort !== "settled")) &&
      (cell.value === "" ||
        (who === null ? [...entry.letters] : [entry.letters[who]]).some((letter) =>
          cell.value.includes(letter),
        ));
    found = entries.filter(fits).sort(orders[order.value]);
    most = MATRIX_PORTION;
    show();
  };
  const measure = () => {
    const narrow = innerWidth < 640;
    const room = narrow ? innerWidth - 110 : Math.min(innerWidth - 60, 1220) * 0.5;
    wide = Math.max(3, Math.min(24, Math.floor(room / names.length)));
    drawHead();
  };
  const drawHead = () => {
    const canvas = document.getElementById("matrix-head");
    const scale = devicePixelRatio || 1;
    const tall = wide < 9 ? 0 : 110;
    canvas.hidden = tall === 0;
    canvas.width = names.length * wide * scale;
    canvas.height = tall * scale;
    canvas.style.width = `${names.length * wide}px`;
    canvas.style.height = `${tall}px`;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.font = "12px system-ui, sans-serif";
    pen.fillStyle = getComputedStyle(document.body).color;
    names.forEach((name, n) => {
      pen.save();
      pen.translate(n * wide + wide / 2 + 4, tall - 4);
      pen.rotate(-Math.PI / 2);
      pen.fillText(name.length > 18 ? `${name.slice(0, 17)}…` : name, 0, 0);
      pen.restore();
    });
  };
  for (const input of [order, find, category, kind, model, cell]) input.addEventListener("input", filter);
  more.addEventListener("click", () => {
    const from = most;
    most += MATRIX_PORTION;
    table.tBodies[0].append(...found.slice(from, most).map(row));
    more.hidden = found.length <= most;
    status.textContent = `${found.length} of ${entries.length} items`;
  });
  // The entry and the model under the pointer, in the table or in the picture.
  const under = (event) => {
    const canvas = event.target;
    if (canvas.tagName !== "CANVAS") return [];
    const box = canvas.getBoundingClientRect();
    const along = event.clientX - box.left;
    if (canvas.cells !== undefined) return [canvas.cells, Math.floor(along / wide)];
    if (canvas.place !== undefined)
      return [found[Math.floor((along * found.length) / box.width)], canvas.place];
    return [];
  };
  const tip = document.getElementById("tip");
  const tell = (event) => {
    const [entry, place] = under(event);
    if (entry === undefined || names[place] === undefined) return;
    const what = `${names[place]}: ${data.cells[entry.letters[place]] || "not asked"}`;
    tip.textContent = event.target.place === undefined ? what : `${what} · ${entry.words} · ${entry.place}`;
    tip.hidden = false;
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${event.clientY + 16}px`;
  };
  const follow = (event) => {
    const [entry] = under(event);
    if (entry !== undefined) location.href = entry.link;
  };
  for (const area of [table, strips]) {
    area.addEventListener("mousemove", tell);
    area.addEventListener("click", follow);
    area.addEventListener("mouseleave", () => {
      tip.hidden = true;
    });
  }
  const asked = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (!wanted.has("model")) return;
    model.value = wanted.get("model");
    const letters = wanted.get("cell") || "";
    if (letters !== "" && ![...cell.options].some((option) => option.value === letters)) {
      options(cell, [[letters, [...letters].map((letter) => data.cells[letter]).join(" or ")]]);
    }
    cell.value = letters;
  };
  const form = document.getElementById("matrix-filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => requestAnimationFrame(filter)); // once the fields are empty
  addEventListener("hashchange", () => {
    asked();
    filter();
  });
  const redraw = () => {
    measure();
    show();
  };
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("beforeprint", () => {
    most = entries.length;
    show();
  });
  form.hidden = false;
  holder.hidden = false;
  asked();
  measure();
  filter();
}

// ------------------------------------------------------------------------------------ hints

function startHints() {
  const tip = document.getElementById("tip");
  // The keyboard reaches every hint. The id of an article is a hint on each of its names, and is reached once.
  const reached = new Set();
  for (const one of document.querySelectorAll("main [title], main [data-tip]")) {
    if (one.closest("svg") !== null) continue;
    const named = one.matches(".source");
    if (one.title !== "") {
      one.dataset.tip = one.title;
      one.removeAttribute("title");
    }
    if (
      one.matches("a, button") ||
      one.closest("summary") !== null ||
      (named && reached.has(one.dataset.tip))
    )
      continue;
    if (named) reached.add(one.dataset.tip);
    one.tabIndex = 0;
  }
  const show = (event) => {
    const target = event.target.closest("[data-tip]");
    if (target === null || target.dataset.tip === "") return;
    tip.textContent = target.dataset.tip;
    tip.hidden = false;
    target.setAttribute("aria-describedby", "tip");
    const box = target.getBoundingClientRect();
    const left = Math.min(box.left, innerWidth - tip.offsetWidth - 8);
    const below = box.bottom + 8 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - tip.offsetHeight - 6)}px`;
  };
  const hide = (event) => {
    const target = event.target.closest?.("[data-tip]");
    if (target) target.removeAttribute("aria-describedby");
    tip.hidden = true;
  };
  document.addEventListener("mouseover", show);
  document.addEventListener("focusin", show);
  document.addEventListener("mouseout", hide);
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") tip.hidden = true;
  });
}

startSorting();
startLeaderboard();
startContested();
startQuestions();
startMatrix();
startHints();
