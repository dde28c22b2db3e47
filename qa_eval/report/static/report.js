// Sorting, filtering and hints of a report. Everything it works on stands in the page already; text from
// data only ever goes through textContent.
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
        if (one === null || other === null) return (one === null) - (other === null); // absent ones last
        return sign * (typeof one === "string" ? COLLATOR.compare(one, other) : one - other);
      });
    // Out of the page while its rows move: thousands of them are then laid out once.
    const after = body.nextSibling;
    body.remove();
    body.append(...fixed, ...sorted.map(([, row]) => row));
    table.insertBefore(body, after);
  }
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", direction);
  // Lines between groups of equal rank mean something in the order of the ranks alone.
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
  // Ranks and differences are of all items.
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
    status.textContent = view.whole ? "" : "Ranks and Δ are of all items.";
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
  const anew = () => {
    most = PORTION;
    filter();
  };
  for (const input of [find, kind, category, wrong]) input.addEventListener("input", anew);
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
  form.addEventListener("reset", () => requestAnimationFrame(anew)); // once the fields are empty
  form.hidden = false;
  filter();
  table.classList.remove("fresh");
}

// ------------------------------------------------------------------------------------ hints

function startHints() {
  const tip = document.getElementById("tip");
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
startHints();
