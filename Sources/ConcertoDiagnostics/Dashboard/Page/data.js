"use strict";
// What has come from the process: absolute numbers, each sample once. Rates are made of two of them, here.

const store = { run: "", samples: [], last: 0, dropped: 0, mostSamples: 2600 };

// Takes a sample, unless it is there already: a stream that is opened again may repeat what has been read.
function take(run, sample) {
  if (run !== store.run) Object.assign(store, { run, samples: [], last: 0 });
  if (!(sample.seq > store.last)) {
    store.dropped += 1;
    return false;
  }
  store.last = sample.seq;
  store.samples.push(sample);
  if (store.samples.length > store.mostSamples) store.samples.shift();
  return true;
}

function rowsOf(sample, kind) { return sample ? sample.rows.filter(row => row.kind === kind) : []; }

// The numbers of all rows of a kind together; undefined if none has it.
function sum(sample, kind, name) {
  let total;
  for (const row of rowsOf(sample, kind)) {
    if (name in row.numbers) total = (total || 0) + row.numbers[name];
  }
  return total;
}

// The samples of the last `seconds` (0: all), no more of them than `most`.
function shown(seconds, most) {
  const all = store.samples;
  if (!all.length) return [];
  const begin = seconds ? all[all.length - 1].t_ms - seconds * 1000 : 0;
  let first = all.findIndex(sample => sample.t_ms >= begin);
  // One before: a rate is the difference from it.
  const part = all.slice(Math.max(0, first - 1));
  const step = Math.ceil(part.length / most);
  // Counted from the end of time, so that a point that is drawn stays where it is.
  return step < 2 ? part : part.filter((sample, at) => sample.seq % step === 0 || at === part.length - 1);
}

// What a counter has grown by in a second, or null where it has not been looked at.
function rate(before, after, value) {
  const seconds = (after.t_ms - before.t_ms) / 1000;
  const [old, now] = [value(before), value(after)];
  if (!(seconds > 0) || old === undefined || now === undefined || now < old) return null;
  return (now - old) / seconds;
}

// Points of a chart: one for each pair of samples.
function points(samples) {
  const result = [];
  for (let at = 1; at < samples.length; at += 1) {
    const [before, after] = [samples[at - 1], samples[at]];
    const heat = histogram(before, after, view.latency);
    const pool = after.pool;
    result.push({
      t: after.t_ms,
      seq: after.seq,
      attempts: rate(before, after, sample => sum(sample, "work", "attempts")),
      done: rate(before, after, sample => sum(sample, "work", "done")),
      // Where there is work of its own, how many jobs it makes of it is nobody's concern.
      jobs: rowsOf(after, "work").length ? null : rate(before, after, sample => sample.pool && sample.pool.completed),
      retries: rate(before, after, sample => sum(sample, "retry", "count")),
      inFlight: value(sum(after, "work", "in flight") ?? sum(after, "host", "in flight")),
      waiting: value(sum(after, "host", "waiting") ?? sum(after, "limiter", "waiting")),
      limit: value(sum(after, "work", "limit")),
      wait: value(after.queue_wait_s),
      running: pool ? pool.running : null,
      blocked: pool ? pool.blocked : null,
      idle: pool ? pool.idle : null,
      queued: pool ? pool.queued : null,
      cpu: rate(before, after, sample => sample.cpu_s),
      heat,
      p50: heat && quantile(heat, .5),
      p99: heat && quantile(heat, .99),
    });
  }
  return result;
}

function value(number) { return number === undefined ? null : number; }

// The calls that ended between two samples, by how long they took; null if none is known.
function histogram(before, after, name) {
  const now = rowsOf(after, "latency").find(row => row.histogram && row.name === name);
  if (!now) return null;
  const old = rowsOf(before, "latency").find(row => row.histogram && row.name === name);
  const counts = now.histogram.counts.map((count, at) => Math.max(0, count - (old ? old.histogram.counts[at] : 0)));
  const total = counts.reduce((left, right) => left + right, 0);
  return { bounds: now.histogram.bounds, counts, total };
}

// The bound under which so many of the calls are: no finer than the steps of the histogram.
function quantile(heat, share) {
  if (!heat.total) return null;
  let seen = 0;
  for (let at = 0; at < heat.counts.length; at += 1) {
    seen += heat.counts[at];
    if (seen >= share * heat.total) return heat.bounds[Math.min(at, heat.bounds.length - 1)];
  }
  return null;
}

// Words.

function count(number) {
  if (number === null || number === undefined) return "–";
  if (Math.abs(number) >= 1e6) return (number / 1e6).toLocaleString("en", { maximumFractionDigits: 1 }) + " M";
  return number.toLocaleString("en", { maximumFractionDigits: Math.abs(number) < 10 ? 1 : 0 });
}

function time(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < .001) return Math.round(seconds * 1e6) + " µs";
  if (seconds < 1) return Number((seconds * 1e3).toPrecision(3)) + " ms";
  if (seconds < 100) return Number(seconds.toPrecision(3)) + " s";
  if (seconds < 5400) return Math.round(seconds / 60) + " min";
  return Number((seconds / 3600).toPrecision(2)) + " h";
}

function bytes(number) { return number >= 1e9 ? (number / 1e9).toFixed(1) + " GB" : Math.round(number / 1e6) + " MB"; }

function percent(share) { return share === null || share === undefined ? "–" : Math.round(share * 100) + " %"; }

function clock(milliseconds) { return new Date(milliseconds).toLocaleTimeString("en-GB"); }
