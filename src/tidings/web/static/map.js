// The map: looking at it, asking for titles, marking what a search finds, drawing around papers.
import { painter } from "./map-paint.js";

const atlas = document.querySelector(".atlas");
const stage = atlas.querySelector(".map");
const canvas = stage.querySelector("canvas");
const tip = stage.querySelector(".tip");
const told = atlas.querySelector(".told");
const line = stage.querySelector("polyline");
const EDGE = Number(atlas.dataset.edge);
const FIRST_YEAR = Number(atlas.dataset.firstYear);
const NOWHERE = -32768;
const NEAR = 9; // how far from a point, in pixels, it is still pointed at
const FEWEST = 20000; // points drawn while the map moves, at least

const view = { x: 0, y: 0, scale: 0, least: 0 };
let points = null;
let paint = null;
let budget = Infinity;
let movedAt = -1e9;
let shownAt = NaN;
let isAsked = false;

/* --- the points --------------------------------------------------------------------------- */

/** The arrays that the server sends one after another; those with a place, in an order that samples all evenly. */
function read(buffer) {
  const rows = buffer.byteLength / 8;
  const x = new Int16Array(buffer, 0, rows);
  const y = new Int16Array(buffer, 2 * rows, rows);
  const topic = new Uint16Array(buffer, 4 * rows, rows);
  const year = new Uint8Array(buffer, 6 * rows, rows);
  const source = new Uint8Array(buffer, 7 * rows, rows);
  let count = 0;
  for (let row = 0; row < rows; row++) if (x[row] !== NOWHERE) count++;
  const step = coprime(rows);
  const places = new Int16Array(2 * count);
  const ids = new Uint32Array(count);
  for (let turn = 0, row = 0, n = 0; turn < rows; turn++, row = (row + step) % rows) {
    if (x[row] === NOWHERE) continue;
    places[2 * n] = x[row];
    places[2 * n + 1] = y[row];
    ids[n++] = row;
  }
  return { count, places, ids, topic, year, source, rows };
}

function coprime(count) {
  const shared = (a, b) => (b ? shared(b, a % b) : a);
  let step = Math.max(1, Math.round(count * 0.618));
  while (shared(step, count) !== 1) step++;
  return step;
}

/* --- colours ------------------------------------------------------------------------------ */

const landmarks = [...document.querySelectorAll(".areas [data-x]")].map((place) => ({
  place,
  name: place.querySelector("a").textContent,
  x: Number(place.dataset.x),
  y: Number(place.dataset.y),
  size: Number(place.dataset.size),
  area: Number(place.dataset.area),
  topic: Number(place.dataset.topic ?? 0),
}));

function rgb(text) {
  const one = document.createElement("canvas").getContext("2d");
  one.fillStyle = text;
  one.fillRect(0, 0, 1, 1);
  return [...one.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

const token = (name) => {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  stage.append(probe);
  const found = rgb(getComputedStyle(probe).color);
  probe.remove();
  return found;
};

const hue = (area) => (area * 137.508 + 40) % 360;
const isDark = (ground) => ground[0] + ground[1] + ground[2] < 384;
const mixed = (a, b, share) => a.map((part, n) => Math.round(part + (b[n] - part) * share));

let ground = [255, 255, 255];
let accent = [0, 0, 0];
let marked = new Map(); // id -> place among what was found

/** Give each point its colour: its area's; pale where something else is marked; none where it is filtered out. */
function colour() {
  ground = token("paper");
  accent = token("ink");
  const [light, chroma] = isDark(ground) ? [0.7, 0.12] : [0.6, 0.13];
  const shade = (area) => `oklch(${light} ${chroma} ${hue(area)})`;
  const plain = mixed(token("quiet"), ground, 0.35);
  const inks = [plain];
  for (const { topic, area } of landmarks) if (topic) inks[topic] = rgb(shade(area));
  for (const { place, area, topic } of landmarks) {
    if (!topic) place.querySelector(".dot").style.backgroundColor = shade(area);
  }
  const pale = inks.map((ink) => mixed(ink, ground, 0.78));
  const { from, to, source } = chosen();
  const colours = new Uint8Array(4 * points.count);
  for (let n = 0; n < points.count; n++) {
    const id = points.ids[n];
    const year = points.year[id];
    if ((from && year < from) || (to && (year > to || !year)) || (source !== null && points.source[id] !== source)) continue;
    const ink = (marked.size ? pale : inks)[points.topic[id]] ?? plain;
    colours.set(ink, 4 * n);
    colours[4 * n + 3] = 255;
  }
  paint.colour(colours);
  mark(inks, plain);
  ask();
}

function mark(inks, plain) {
  const there = [];
  for (let n = 0; n < points.count && marked.size; n++) if (marked.has(points.ids[n])) there.push(n);
  const places = new Int16Array(2 * there.length);
  const colours = new Uint8Array(4 * there.length);
  there.forEach((n, at) => {
    places.set(points.places.subarray(2 * n, 2 * n + 2), 2 * at);
    colours.set([...mixed(inks[points.topic[points.ids[n]]] ?? plain, accent, 0.25), 255], 4 * at);
  });
  paint.mark(places, colours);
  return there.length;
}

function chosen() {
  const { from, to, source } = atlas.querySelector(".which").elements;
  const year = (field) => (field.value ? Math.max(1, Number(field.value) - FIRST_YEAR) : 0);
  return { from: year(from), to: year(to), source: source?.value ? Number(source.value) : null };
}

/* --- looking ------------------------------------------------------------------------------ */

const ratio = () => Math.min(2, window.devicePixelRatio || 1);
const size = () => ({ width: stage.clientWidth, height: stage.clientHeight });
const toScreen = (x, y) => [size().width / 2 + (x - view.x) * view.scale, size().height / 2 - (y - view.y) * view.scale];
const toMap = (left, top) => [view.x + (left - size().width / 2) / view.scale, view.y - (top - size().height / 2) / view.scale];

function fit() {
  const { width, height } = size();
  const before = view.least;
  canvas.width = Math.max(1, Math.round(width * ratio()));
  canvas.height = Math.max(1, Math.round(height * ratio()));
  view.least = Math.min(width, height) / (2 * EDGE);
  view.scale = before ? (view.scale * view.least) / before : view.least;
  ask();
}

function bound() {
  view.scale = Math.min(Math.max(view.scale, view.least * 0.9), view.least * 400);
  view.x = Math.min(Math.max(view.x, -EDGE), EDGE);
  view.y = Math.min(Math.max(view.y, -EDGE), EDGE);
}

function moved() {
  movedAt = performance.now();
  bound();
  ask();
}

function zoom(factor, left = size().width / 2, top = size().height / 2) {
  const [x, y] = toMap(left, top);
  view.scale *= factor;
  bound();
  view.x = x - (left - size().width / 2) / view.scale;
  view.y = y + (top - size().height / 2) / view.scale;
  moved();
}

function pan(right, down) {
  view.x -= right / view.scale;
  view.y += down / view.scale;
  moved();
}

function ask() {
  if (isAsked || !paint) return;
  isAsked = true;
  requestAnimationFrame(show);
}

/** Draw; while it moves as many points as keep it smooth, and all of them once it rests. */
function show() {
  isAsked = false;
  const started = performance.now();
  const isMoving = started - movedAt < 120;
  const between = started - shownAt; // what graphics take shows only in how far frames are apart
  shownAt = isMoving ? started : NaN;
  const { width, height } = size();
  const near = view.scale / view.least;
  const dot = Math.min(7, Math.max(1, Math.sqrt((0.18 * width * height) / points.count) * near ** 0.55)) * ratio();
  paint.paint({
    scale: view.scale * ratio(),
    left: (width / 2 - view.x * view.scale) * ratio(),
    top: (height / 2 + view.y * view.scale) * ratio(),
    ground,
    dot,
    markDot: Math.max(dot * 1.6, 4 * ratio()),
    count: isMoving ? budget : points.count,
  });
  name(near);
  if (isMoving) {
    const took = performance.now() - started;
    if (took > 14 || between > 30) budget = Math.max(FEWEST, Math.min(budget, points.count) * 0.8);
    else if (took < 8) budget = Math.min(points.count, budget * 1.1);
    rest();
    ask();
  }
}

let resting = 0;
function rest() {
  clearTimeout(resting);
  resting = setTimeout(() => {
    ask();
    const place = [Math.round(view.x), Math.round(view.y), (view.scale / view.least).toFixed(2)].join(",");
    history.replaceState(history.state, "", `#${place}`);
  }, 140);
}

/* --- names -------------------------------------------------------------------------------- */

const labels = landmarks.map((landmark) => {
  const label = document.createElement("span");
  label.textContent = landmark.name;
  label.className = landmark.topic ? "" : "area";
  label.hidden = true;
  stage.querySelector(".marks").append(label);
  return label;
});
const order = landmarks.map((_, n) => n).sort((a, b) => landmarks[b].size - landmarks[a].size);

/** Show names where there is room: areas from afar, topics from near, the largest first. */
function name(near) {
  const { width, height } = size();
  const taken = [];
  for (const n of order) {
    const { topic, x, y, name } = landmarks[n];
    const [left, top] = toScreen(x, y);
    const half = (topic ? 3.2 : 4) * Math.min(name.length, 24) + 6;
    const tall = (topic ? 9 : 11) * Math.ceil(name.length / 24);
    const box = [left - half, top - tall, left + half, top + tall];
    const isIn = box[0] > 0 && box[2] < width && box[1] > 0 && box[3] < height;
    const isTime = topic ? near > 1.9 : near <= 1.9 || (near < 4 && !topic);
    const isFree = isIn && isTime && taken.length < 40 && !taken.some((b) => b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3]);
    labels[n].hidden = !isFree;
    if (!isFree) continue;
    taken.push(box);
    labels[n].style.transform = `translate(${left.toFixed(1)}px, ${top.toFixed(1)}px) translate(-50%, -50%)`;
  }
}

/* --- pointing ----------------------------------------------------------------------------- */

const titles = new Map();
let pointed = -1;
let asking = 0;

/** The points nearest to a place of the screen, the nearest first. */
function around(left, top, most, within) {
  const [x, y] = toMap(left, top);
  const far = within / view.scale;
  const found = [];
  const { places, count } = points;
  for (let n = 0; n < count; n++) {
    const right = places[2 * n] - x;
    if (right > far || right < -far) continue;
    const up = places[2 * n + 1] - y;
    if (up > far || up < -far) continue;
    found.push([right * right + up * up, points.ids[n]]);
  }
  return found.sort((a, b) => a[0] - b[0]).slice(0, most).map(([, id]) => id);
}

function point(left, top) {
  const [id = -1] = around(left, top, 1, NEAR);
  if (id === pointed) return;
  pointed = id;
  clearTimeout(asking);
  tip.hidden = true;
  canvas.classList.toggle("over", id >= 0);
  if (id < 0) return;
  if (titles.has(id)) tell(id);
  else asking = setTimeout(() => fetchTitles(id, around(left, top, 40, 60)), 60);
}

async function fetchTitles(id, near) {
  const wanted = [id, ...near.filter((other) => other !== id && !titles.has(other))];
  const response = await fetch(`/map/titles?ids=${wanted.join(",")}`);
  if (!response.ok) return;
  for (const paper of await response.json()) titles.set(paper.id, paper);
  if (pointed === id && titles.has(id)) tell(id);
}

function tell(id) {
  const { title, said, href } = titles.get(id);
  const at = points.ids.indexOf(id);
  const [left, top] = toScreen(points.places[2 * at], points.places[2 * at + 1]);
  const { width } = size();
  tip.textContent = title;
  const quiet = document.createElement("small");
  quiet.textContent = said;
  tip.append(" ", quiet);
  tip.href = href;
  tip.hidden = false;
  const room = Math.min(320, width - 16);
  tip.style.maxWidth = `${room}px`;
  tip.style.transform = `translate(${Math.max(8, Math.min(left + 10, width - room - 8))}px, ${Math.max(8, top + 12)}px)`;
}

/* --- hands -------------------------------------------------------------------------------- */

const hands = new Map();
let ring = null;
let travelled = 0;
const draw = atlas.querySelector('[data-do="draw"]');
const place = (event) => [event.offsetX, event.offsetY];

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  hands.set(event.pointerId, place(event));
  travelled = 0;
  if (hands.size === 1 && (event.shiftKey || draw.getAttribute("aria-pressed") === "true")) ring = [place(event)];
  else ring = null;
});

canvas.addEventListener("pointermove", (event) => {
  const before = hands.get(event.pointerId);
  const [left, top] = place(event);
  if (!before) return requestAnimationFrame(() => point(left, top));
  travelled += Math.abs(left - before[0]) + Math.abs(top - before[1]);
  hands.set(event.pointerId, [left, top]);
  if (ring) {
    ring.push([left, top]);
    line.setAttribute("points", ring.map((corner) => corner.join(",")).join(" "));
  } else if (hands.size === 1) {
    tip.hidden = true;
    pointed = -1;
    pan(left - before[0], top - before[1]);
  } else {
    const [other] = [...hands].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    const span = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1;
    zoom(span([left, top]) / span(before), (left + other[0]) / 2, (top + other[1]) / 2);
  }
});

function lift(event) {
  if (!hands.delete(event.pointerId)) return;
  if (ring && event.type === "pointerup") enclose(ring);
  else if (travelled < 5 && event.type === "pointerup") press(event);
  ring = null;
}
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("pointerleave", () => {
  clearTimeout(asking);
  pointed = -1;
  tip.hidden = true;
});

/** A click opens the paper; a finger first sees what it is, and opens it by its title. */
function press(event) {
  const [left, top] = place(event);
  if (event.pointerType === "mouse" && pointed >= 0 && titles.has(pointed)) location.assign(titles.get(pointed).href);
  else point(left, top);
}

canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
  zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * (event.ctrlKey ? 0.01 : 0.002)), ...place(event));
}, { passive: false });

const does = {
  nearer: () => zoom(1.5),
  farther: () => zoom(1 / 1.5),
  all: () => {
    Object.assign(view, { x: 0, y: 0, scale: view.least });
    moved();
  },
  draw: () => draw.setAttribute("aria-pressed", String(draw.getAttribute("aria-pressed") !== "true")),
};
for (const button of atlas.querySelectorAll("[data-do]")) button.addEventListener("click", does[button.dataset.do]);

const keys = {
  ArrowLeft: () => pan(60, 0),
  ArrowRight: () => pan(-60, 0),
  ArrowUp: () => pan(0, 60),
  ArrowDown: () => pan(0, -60),
  "+": does.nearer,
  "=": does.nearer,
  "-": does.farther,
  0: does.all,
  Escape: () => line.setAttribute("points", ""),
};
canvas.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  event.stopPropagation();
  keys[event.key]();
});

/* --- drawing around papers, and marking --------------------------------------------------- */

const papers = (count) => `${count.toLocaleString("en")} ${count === 1 ? "paper" : "papers"}`;

function say(text, link) {
  told.textContent = text;
  if (link) told.append(" ", link);
}

function linked(text, href) {
  const link = document.createElement("a");
  link.href = href;
  link.textContent = text;
  return link;
}

async function enclose(corners) {
  const step = Math.max(1, Math.ceil(corners.length / 150));
  const kept = corners.filter((_, n) => n % step === 0).map(([left, top]) => toMap(left, top).map(Math.round));
  if (kept.length < 3) return;
  const { from, to, source } = atlas.querySelector(".which").elements;
  const asked = new URLSearchParams({ ring: kept.join(","), from: from.value, to: to.value });
  if (source?.value) asked.set("source", source.selectedOptions[0].textContent);
  const response = await fetch(`/map/inside?${asked}`);
  line.setAttribute("points", "");
  if (!response.ok) return say("That could not be looked up. Nothing was changed; try once more.");
  const { count, interest, papers: central } = await response.json();
  if (!count) return say("No paper is within the line.");
  say(`${papers(count)} within the line, such as “${central[0].title}”.`, linked("Make an interest of them", interest));
}

atlas.querySelector(".mark").addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = event.target.elements.q.value.trim();
  if (!words) {
    marked = new Map();
    say("");
    return colour();
  }
  const response = await fetch(`/map/found?q=${encodeURIComponent(words)}`);
  const answer = response.ok ? await response.json() : { ids: [], total: 0 };
  marked = new Map(answer.ids.map((id, n) => [id, n]));
  colour();
  const list = linked("See them as a list", `/search?q=${encodeURIComponent(words)}`);
  say(answer.ids.length ? `${papers(answer.ids.length)} marked.` : "Nothing is found by these words.", list);
});
atlas.querySelector(".which").addEventListener("change", colour);
atlas.querySelector(".which").addEventListener("submit", (event) => event.preventDefault());

/* --- beginning ---------------------------------------------------------------------------- */

function goThere() {
  const [x, y, near] = location.hash.slice(1).split(",").map(Number);
  if ([x, y, near].every(Number.isFinite) && near) Object.assign(view, { x, y, scale: near * view.least });
  bound();
}

async function begin() {
  const response = await fetch(atlas.dataset.points);
  if (!response.ok) return say("The map could not be loaded. The list below says the same in words.");
  points = read(await response.arrayBuffer());
  paint = painter(canvas, points.places);
  budget = points.count;
  fit();
  goThere();
  colour();
  new ResizeObserver(fit).observe(stage);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", colour);
  new MutationObserver(colour).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  requestAnimationFrame(() => atlas.setAttribute("data-shown", String(points.count)));
}

begin();
