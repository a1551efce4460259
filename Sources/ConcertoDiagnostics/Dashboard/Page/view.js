// The page: what is shown where, the stream, keys and buttons.

const view = { seconds: 600, latency: "call", isPaused: false, hasEnded: false, source: null, saidAt: 0 };
const at = id => document.getElementById(id);

const charts = [
  new Chart({ id: "throughput", title: "Throughput", format: count, fill: true,
    series: [{ key: "attempts", name: "calls a second" }, { key: "done", name: "rows done a second" }] }),
  new Chart({ id: "latency", title: "Latency", format: time, heat: true, series: [{ key: "p50", name: "p50" }, { key: "p99", name: "p99" }],
    note: "“from due” counts the wait for a turn too, “call” only what the host took." }),
  new Chart({ id: "flight", title: "In flight", format: count, fill: true,
    series: [{ key: "inFlight", name: "in flight" }, { key: "limit", name: "limit" }] }),
  new Chart({ id: "gates", title: "Waiting at gates", format: count, fill: true, series: [{ key: "waiting", name: "waiting" }] }),
  new Chart({ id: "retries", title: "Retries", format: count, fill: true, series: [{ key: "retries", name: "retries a second" }] }),
  new Chart({ id: "pool", title: "Pool threads", format: count,
    series: [{ key: "running", name: "running" }, { key: "blocked", name: "blocked" }, { key: "idle", name: "idle" }] }),
  new Chart({ id: "queued", title: "Jobs that wait for a thread", format: count, fill: true, series: [{ key: "queued", name: "queued" }] }),
  new Chart({ id: "wait", title: "Queue wait", format: time, fill: true, series: [{ key: "wait", name: "a task waits for a thread" }] }),
  new Chart({ id: "jobs", title: "Jobs of the pool", format: count, fill: true, series: [{ key: "jobs", name: "jobs a second" }] }),
];

const lists = [
  { kind: "host", title: "Hosts: gates and circuits", columns: ["let in", "waiting", "limit", "pace a second"] },
  { kind: "circuit", title: "Circuits", columns: [] },
  { kind: "limiter", title: "Limiters", columns: [] },
  { kind: "retry", title: "Retries by cause", columns: ["count"], share: "count" },
  { kind: "failure", title: "Failures", columns: ["count"], share: "count", bad: true },
];

// A sentence for those who listen; by itself at most every ten seconds.
function say(sentence) {
  view.saidAt = Date.now();
  at("status").textContent = sentence;
}

function live(state, text) {
  at("live").dataset.state = state;
  at("live-text").textContent = text;
}

function drawProgress(sample) {
  const work = rowsOf(sample, "work")[0];
  at("progress").hidden = !work;
  if (!work) return;
  const { done = 0, failed = 0, total, retries = 0, attempts = 0 } = work.numbers;
  const of = total === undefined ? "" : ` of ${count(total)}`;
  at("progress-text").textContent = `${count(done)}${of} rows done, ${count(failed)} of them failed`;
  at("bar-done").style.width = (total ? (done - failed) / total * 100 : 0) + "%";
  at("bar-failed").style.width = (total ? failed / total * 100 : 0) + "%";
  at("bar-done").parentElement.hidden = total === undefined;
  const words = [`${count(attempts)} calls`, `${count(retries)} retries`];
  const left = work.numbers["seconds left"];
  if (left !== undefined && !view.hasEnded) words.push(`about ${time(left)} left`);
  if (work.state) words.push(work.state);
  at("progress-more").textContent = words.join(" · ");
}

function drawTiles(sample, all) {
  const last = all[all.length - 1] || {};
  const tiles = [];
  const add = (name, text, isAlarm) => tiles.push(element("div", { class: "tile" }, element("dt", {}, name), element("dd", { class: isAlarm ? "alarm" : null }, text)));
  if (last.attempts !== null && last.attempts !== undefined) add("Calls a second", count(last.attempts));
  if (last.inFlight !== null && last.inFlight !== undefined) add("In flight", count(last.inFlight));
  if (last.heat) add("Latency p50", time(last.p50));
  if (last.heat) add("Latency p99", time(last.p99));
  add("Queue wait", time(value(sample.queue_wait_s)), sample.queue_wait_s >= .1);
  if (sample.pool) add("Threads blocked", count(sample.pool.blocked), sample.pool.blocked > sample.pool.running);
  add("Processors used", last.cpu === undefined || last.cpu === null ? "–" : last.cpu.toFixed(2));
  add("Memory", bytes(sample.rss_bytes));
  if (sample.missed) add("Beats missed", count(sample.missed), true);
  at("tiles").replaceChildren(...tiles);
}

function drawList(list, sample) {
  const rows = rowsOf(sample, list.kind);
  let card = at("list-" + list.kind);
  if (!card && rows.length) {
    card = element("section", { class: "card", id: "list-" + list.kind }, element("h2", {}, list.title),
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": list.title }));
    at("lists").append(card);
  }
  if (!card) return;
  const names = [...new Set([...list.columns.filter(name => rows.some(row => name in row.numbers)),
    ...rows.flatMap(row => Object.keys(row.numbers)).sort()])];
  const hasState = rows.some(row => row.state);
  const most = Math.max(1, ...rows.map(row => row.numbers[list.share] || 0));
  const sorted = list.share ? [...rows].sort((left, right) => (right.numbers[list.share] || 0) - (left.numbers[list.share] || 0)) : rows;
  const head = element("tr", {}, element("th", { scope: "col" }, "Name"), hasState ? element("th", { scope: "col", class: "text" }, "State") : null,
    ...names.map(name => element("th", { scope: "col" }, name)));
  const body = sorted.map(row => {
    const name = element("th", { scope: "row" }, row.name);
    if (list.share) {
      const share = element("span", { class: list.bad ? "share bad" : "share", "aria-hidden": "true" });
      share.style.width = (row.numbers[list.share] || 0) / most * 100 + "%";
      name.append(share);
    }
    const isAlarm = row.state && !/^(open for calls|closed|ready)/.test(row.state);
    return element("tr", {}, name, hasState ? element("td", { class: isAlarm ? "text alarm" : "text" }, row.state || "") : null,
      ...names.map(one => element("td", {}, one in row.numbers ? (/seconds|time/.test(one) ? time : count)(row.numbers[one]) : "")));
  });
  const region = card.querySelector(".scroll");
  const place = region.scrollTop;
  region.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...body)));
  region.scrollTop = place;
}

// The histograms that there are to choose from.
function drawChoice(sample) {
  const names = rowsOf(sample, "latency").filter(row => row.histogram).map(row => row.name);
  if (names.join() === [...choice.options].map(option => option.value).join()) return;
  if (names.length && !names.includes(view.latency)) view.latency = names[0];
  choice.replaceChildren(...names.map(name => element("option", { value: name, selected: name === view.latency ? "" : null }, name)));
}

function draw() {
  const sample = store.samples[store.samples.length - 1];
  Object.assign(at("main").dataset, { run: store.run, points: store.samples.length, last: store.last, dropped: store.dropped });
  if (!sample || view.isPaused) return;
  drawChoice(sample);
  const all = points(shown(view.seconds, 240));
  drawProgress(sample);
  drawTiles(sample, all);
  for (const chart of charts) chart.update(all);
  for (const list of lists) drawList(list, sample);
  if (Date.now() - view.saidAt > 10000) {
    const work = rowsOf(sample, "work")[0];
    const rest = work ? `${at("progress-text").textContent}, ${count(all.length ? all[all.length - 1].attempts : null)} calls a second.` : "";
    say(`${at("live-text").textContent}. ${rest || "Queue wait " + time(value(sample.queue_wait_s)) + "."}`);
  }
}

let isDue = false;
function drawSoon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; draw(); });
}

// The stream. It is closed while nobody sees the page, and goes on after the last sample that was read.

function open() {
  if (view.source || view.hasEnded || document.hidden) return;
  const after = store.run ? `?after=${store.run}-${store.last}` : "";
  const source = view.source = new EventSource("debug/concerto/events" + after);
  source.addEventListener("open", () => live(view.isPaused ? "paused" : "live", view.isPaused ? "Paused" : "Live"));
  source.addEventListener("sample", event => {
    const run = event.lastEventId.split("-")[0];
    if (take(run, JSON.parse(event.data))) drawSoon();
    else at("main").dataset.dropped = store.dropped;
  });
  source.addEventListener("end", () => {
    view.hasEnded = true;
    close();
    live("ended", "Ended");
    say("The process has ended; these are its last numbers.");
    drawSoon();
  });
  source.addEventListener("error", () => {
    live("lost", "Reconnecting");
    // A refusal ends the stream for good; a lost connection is opened again by the browser.
    if (source.readyState !== EventSource.CLOSED) return;
    close();
    setTimeout(open, 5000);
  });
}

function close() {
  view.source?.close();
  view.source = null;
}

// Findings.

async function ask(button, path, show) {
  for (const one of [at("look"), at("report")]) one.disabled = true;
  at("answer").replaceChildren(element("p", { class: "muted" }, "Looking …"));
  try {
    const answer = await fetch(path, { cache: "no-store" });
    const text = await answer.text();
    if (!answer.ok) throw new Error(text.trim());
    at("answer").replaceChildren(...show(JSON.parse(text)));
  } catch (error) {
    at("answer").replaceChildren(element("p", {}, "That did not work: " + error.message));
  }
  for (const one of [at("look"), at("report")]) one.disabled = false;
  button.focus();
}

function showFindings({ findings, tasks, seconds, notes, dump }) {
  const cards = findings.map(one => element("div", { class: "finding" }, element("p", {}, element("b", {}, one.text)),
    one.functions.length ? element("p", {}, "where: ", element("code", {}, one.functions.join(" < "))) : null,
    element("p", {}, "do: " + one.advice)));
  if (!findings.length) cards.push(element("div", { class: "finding fine" }, element("p", {}, "Nothing looks wrong.")));
  return [...cards, ...notes.map(note => element("p", {}, note)),
    element("p", { class: "muted" }, `${count(tasks)} tasks, read in ${time(seconds)}.`),
    element("details", {}, element("summary", {}, "The dump"), element("pre", { tabindex: "0", role: "region", "aria-label": "The dump" }, dump))];
}

function showReport(report) {
  return [element("div", { class: report.verdict === "none" ? "finding fine" : "finding" }, element("p", {}, element("b", {}, report.sentence)),
    report.advice ? element("p", {}, "do: " + report.advice) : null),
    element("ul", {}, ...report.evidence.map(line => element("li", {}, line)))];
}

function pause() {
  view.isPaused = !view.isPaused;
  at("pause").setAttribute("aria-pressed", view.isPaused);
  if (!view.hasEnded) live(view.isPaused ? "paused" : "live", view.isPaused ? "Paused" : "Live");
  draw();
}

function tables() {
  const open = at("tables").getAttribute("aria-pressed") !== "true";
  at("tables").setAttribute("aria-pressed", open);
  for (const chart of charts) chart.details.open = open;
}

at("charts").append(...charts.map(chart => chart.card));
const choice = element("select", { id: "latency-kind" });
charts[1].head.append(element("p", { class: "controls" }, element("label", { for: "latency-kind" }, "Time of"), choice));
choice.addEventListener("change", () => { view.latency = choice.value; draw(); });
at("range").addEventListener("change", event => { view.seconds = Number(event.target.value); draw(); });
at("pause").addEventListener("click", pause);
at("tables").addEventListener("click", tables);
at("look").addEventListener("click", event => ask(event.currentTarget, "debug/concerto/findings", showFindings));
at("report").addEventListener("click", event => ask(event.currentTarget, "debug/concerto/report", showReport));
document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new ResizeObserver(drawSoon).observe(at("charts"));
open();
