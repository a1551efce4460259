// Charts: lines in SVG, the heat map on a canvas with lines above. Each says in words what it shows and has a table.

const SPACE = { left: 52, right: 10, top: 8, bottom: 20 };

function element(name, attributes, ...children) {
  const isDrawing = ["svg", "path", "line", "text", "g", "rect"].includes(name);
  const made = isDrawing ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

// A round number that is no less than `value`.
function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.6, 2, 3, 4, 6, 8, 10].map(step => step * power).find(step => step >= value * .999);
}

function known(value) { return value !== null && value !== undefined; }

class Chart {
  // `series`: [{ key, name }]; `format`: words for a value; `heat`: whether a heat map lies below.
  constructor({ id, title, note, series, format, heat, fill }) {
    Object.assign(this, { id, title, note, series, format, heat, fill, points: [], cursor: null });
    this.plot = element("div", { class: heat ? "plot tall" : "plot", role: "img", tabindex: "0", "aria-label": title });
    this.legend = element("ul", { class: "legend" });
    this.table = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title + ", as a table" });
    this.details = element("details", {}, element("summary", {}, "Table"), this.table);
    this.head = element("div", { class: "head" }, element("h2", {}, title));
    this.card = element("figure", { class: "card", id: "chart-" + id, hidden: "" },
      this.head, this.plot, this.legend, note ? element("figcaption", { class: "muted" }, note) : null, this.details);
    this.details.addEventListener("toggle", () => this.fillTable());
    this.plot.addEventListener("pointermove", event => this.point(event.offsetX));
    this.plot.addEventListener("pointerleave", () => this.move(null));
    this.plot.addEventListener("blur", () => this.move(null));
    this.plot.addEventListener("keydown", event => this.key(event));
  }

  key(event) {
    const last = this.points.length - 1;
    const at = this.cursor ?? last;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last, Escape: null }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.move(to === null ? null : Math.min(last, Math.max(0, to)));
    if (to !== null) say(this.sentence(this.points[this.cursor]));
  }

  point(x) {
    const width = this.plot.clientWidth - SPACE.left - SPACE.right;
    const time = this.begin + (x - SPACE.left) / width * (this.end - this.begin);
    let best = 0;
    this.points.forEach((point, at) => {
      if (Math.abs(point.t - time) < Math.abs(this.points[best].t - time)) best = at;
    });
    this.move(this.points.length ? best : null);
  }

  move(to) {
    this.cursor = to;
    this.draw();
  }

  update(all) {
    const has = point => this.heat ? point.heat : this.series.some(one => known(point[one.key]));
    this.points = all;
    this.card.hidden = !all.some(has);
    // Someone who reads along a chart keeps the place.
    if (this.cursor !== null && this.cursor >= all.length) this.cursor = null;
    this.draw();
  }

  draw() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (this.card.hidden || !width || !this.points.length) return;
    this.begin = this.points[0].t;
    this.end = Math.max(this.points[this.points.length - 1].t, this.begin + 1000);
    const x = time => SPACE.left + (time - this.begin) / (this.end - this.begin) * (width - SPACE.left - SPACE.right);
    const floor = height - SPACE.bottom;
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", class: this.heat ? "over" : null });
    const y = this.heat ? this.drawHeat(svg, x, width, height) : this.drawScale(svg, width, floor);
    const ticks = width > 480 ? [0, .25, .5, .75, 1] : [0, .5, 1];
    for (const share of ticks) {
      const at = this.begin + share * (this.end - this.begin);
      const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
      svg.append(element("text", { class: "label", x: x(at), y: height - 5, "text-anchor": anchor }, clock(at)));
    }
    if (this.fill && this.points.length > 1) svg.append(this.area(x, y, floor));
    this.series.forEach((one, at) => {
      if (!this.points.some(point => known(point[one.key]))) return;
      const path = this.path(one.key, x, y);
      if (this.heat) svg.append(element("path", { class: "halo", d: path }));
      svg.append(element("path", { class: "line s" + at, d: path }));
    });
    const chosen = this.cursor === null ? null : this.points[this.cursor];
    if (chosen) svg.append(element("line", { class: "cursor", x1: x(chosen.t), x2: x(chosen.t), y1: SPACE.top, y2: floor }));
    this.plot.querySelector("svg")?.remove();
    this.plot.append(svg);
    this.drawLegend(chosen);
    const latest = this.points[this.points.length - 1];
    this.plot.setAttribute("aria-label", `${this.title}. ${this.sentence(latest)} ${this.extremes()}`);
    if (this.details.open) this.fillTable();
  }

  drawScale(svg, width, floor) {
    let most = 0;
    for (const point of this.points) for (const one of this.series) most = Math.max(most, point[one.key] ?? 0);
    const top = ceiling(most);
    const y = value => floor - value / top * (floor - SPACE.top);
    for (const share of [0, .5, 1]) {
      const at = y(top * share);
      svg.append(element("line", { class: "axis", x1: SPACE.left, x2: width - SPACE.right, y1: at, y2: at }));
      svg.append(element("text", { class: "label", x: SPACE.left - 6, y: at + 4, "text-anchor": "end" }, this.format(top * share)));
    }
    return y;
  }

  // A column for each point, a row for each step of the histogram; the darker, the more calls.
  drawHeat(svg, x, width, height) {
    const canvas = this.plot.querySelector("canvas") || this.plot.appendChild(element("canvas", { "aria-hidden": "true" }));
    const ratio = window.devicePixelRatio || 1;
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const heats = this.points.filter(point => point.heat);
    const used = heats.flatMap(point => point.heat.counts.map((count, at) => count ? at : -1).filter(at => at >= 0));
    const bounds = heats[0].heat.bounds;
    const low = Math.max(0, used.reduce((least, at) => Math.min(least, at), bounds.length) - 1);
    const high = Math.min(bounds.length, used.reduce((most, at) => Math.max(most, at), low + 4) + 1);
    const floor = height - SPACE.bottom;
    const row = (floor - SPACE.top) / (high - low + 1);
    const edge = at => floor - (at - low) * row;
    const style = getComputedStyle(document.documentElement);
    const colors = [0, 1, 2].map(at => style.getPropertyValue("--heat-" + at).trim().split(" ").map(Number));
    const most = Math.max(1, ...heats.map(point => Math.max(...point.heat.counts)));
    this.points.forEach((point, at) => {
      if (!point.heat) return;
      const left = at ? x(this.points[at - 1].t) : SPACE.left;
      const right = Math.max(x(point.t), left + 1);
      point.heat.counts.forEach((count, step) => {
        if (!count || step < low || step > high) return;
        pen.fillStyle = heatColor(colors, count / most);
        pen.fillRect(left, edge(step + 1), right - left + .5, row - .5);
      });
    });
    // Words at some edges: as many as there is room for.
    const every = Math.max(1, Math.ceil(16 / row));
    for (let step = low; step <= Math.min(high, bounds.length - 1); step += every) {
      svg.append(element("text", { class: "label", x: SPACE.left - 6, y: edge(step + 1) + 4, "text-anchor": "end" }, time(bounds[step])));
    }
    svg.append(element("line", { class: "axis", x1: SPACE.left, x2: width - SPACE.right, y1: floor, y2: floor }));
    return value => edge(bounds.findIndex(bound => bound >= value) + 1);
  }

  path(key, x, y) {
    let path = "";
    let isDown = false;
    for (const point of this.points) {
      const isKnown = known(point[key]);
      if (isKnown) path += `${isDown ? "L" : "M"}${x(point.t).toFixed(1)} ${y(point[key]).toFixed(1)}`;
      isDown = isKnown;
    }
    return path;
  }

  area(x, y, floor) {
    const all = this.points.filter(point => known(point[this.series[0].key]));
    if (!all.length) return null;
    const line = all.map(point => `L${x(point.t).toFixed(1)} ${y(point[this.series[0].key]).toFixed(1)}`).join("");
    return element("path", { class: "area", d: `M${x(all[0].t)} ${floor}${line}L${x(all[all.length - 1].t)} ${floor}Z` });
  }

  drawLegend(chosen) {
    const point = chosen || this.points[this.points.length - 1];
    const shown = this.series.map((one, at) => [one, at]).filter(([one]) => this.points.some(point => known(point[one.key])));
    const items = shown.map(([one, at]) => element("li", { class: this.heat ? "over" : null },
      element("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" }, element("path", { class: "line s" + at, d: "M0 5H26" })),
      one.name, element("b", {}, this.format(point[one.key]))));
    if (this.heat) items.push(element("li", {}, "fewer", element("span", { class: "scale", "aria-hidden": "true" }), "more calls"));
    items.push(element("li", { class: "muted" }, chosen ? clock(point.t) : "now"));
    this.legend.replaceChildren(...items);
  }

  sentence(point) {
    const values = this.series.filter(one => known(point[one.key])).map(one => `${one.name} ${this.format(point[one.key])}`);
    return `At ${clock(point.t)}: ${values.join(", ")}.`;
  }

  extremes() {
    const values = this.points.map(point => point[this.series[0].key]).filter(known);
    if (!values.length) return "";
    return `${this.series[0].name} between ${this.format(Math.min(...values))} and ${this.format(Math.max(...values))}.`;
  }

  fillTable() {
    if (!this.details.open) return;
    const head = element("tr", {}, element("th", { scope: "col" }, "Time"), ...this.series.map(one => element("th", { scope: "col" }, one.name)));
    const rows = this.points.slice(-60).reverse().map(point => element("tr", {}, element("th", { scope: "row" }, clock(point.t)),
      ...this.series.map(one => element("td", {}, this.format(point[one.key])))));
    this.table.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  }
}

function heatColor(colors, share) {
  // Roots: a few calls beside many are what one looks for.
  const place = .15 + .85 * Math.sqrt(share);
  const [from, to, part] = place < .5 ? [colors[0], colors[1], place * 2] : [colors[1], colors[2], place * 2 - 1];
  return `rgb(${from.map((value, at) => Math.round(value + (to[at] - value) * part)).join(" ")})`;
}
