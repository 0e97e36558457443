// Keys, remembered choices, copying. Everything here has a way without it: links, buttons, the browser's own keys.

const root = document.documentElement;
const LONGEST_GET = 6000;

/* --- what is remembered ------------------------------------------------------------------- */

function remember(name, choice) {
  if (choice) root.dataset[name] = choice;
  else delete root.dataset[name];
  try {
    if (choice) localStorage.setItem(`tidings-${name}`, choice);
    else localStorage.removeItem(`tidings-${name}`);
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
  }
}

function offer(name, usual) {
  const attribute = `${name}Choice`;
  const buttons = [...document.querySelectorAll(`[data-${name}-choice]`)];
  const show = () => {
    const chosen = root.dataset[name] ?? usual;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset[attribute] === chosen));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      remember(name, button.dataset[attribute] === usual ? "" : button.dataset[attribute]);
      show();
    });
  }
  show();
}

/* --- where the reader's clocks stand ------------------------------------------------------ */

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll("[data-zone]")) {
  const isOffered = field.tagName !== "SELECT" || [...field.options].some((option) => option.value === zone);
  if (zone && isOffered) field.value = zone;
}

/* --- the search box ----------------------------------------------------------------------- */

const form = document.querySelector("form.ask");
const box = () => form.elements.q;

function grow(text) {
  const area = document.createElement("textarea");
  for (const name of ["name", "maxlength", "aria-label", "placeholder"]) {
    const value = box().getAttribute(name);
    if (value) area.setAttribute(name, value);
  }
  area.rows = 5;
  area.value = text;
  box().replaceWith(area);
  area.focus();
  area.setSelectionRange(text.length, text.length);
}

form.addEventListener("paste", (event) => {
  const pasted = event.clipboardData?.getData("text/plain") ?? "";
  const target = event.target;
  if (target.tagName !== "INPUT" || (pasted.length < 160 && !pasted.trim().includes("\n"))) return;
  event.preventDefault();
  grow(target.value.slice(0, target.selectionStart) + pasted + target.value.slice(target.selectionEnd));
});

form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.tagName === "TEXTAREA" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  } else if (event.key === "Escape") {
    event.target.blur();
  }
});

form.addEventListener("submit", () => {
  form.method = box().value.length > LONGEST_GET ? "post" : "get";
});

/* --- papers ------------------------------------------------------------------------------- */

const papers = [...document.querySelectorAll(".paper")];
const current = () => papers.indexOf(document.activeElement?.closest(".paper"));

function move(step) {
  if (!papers.length) return;
  const from = current();
  const to = from < 0 ? (step > 0 ? nearest() : papers.length - 1) : Math.min(Math.max(from + step, 0), papers.length - 1);
  papers[to].querySelector(".title a").focus({ preventScroll: true });
  papers[to].scrollIntoView({ block: "nearest" });
}

/** The first paper that begins on the screen: moving must not jump away from what is being read. */
function nearest() {
  const visible = papers.findIndex((paper) => paper.getBoundingClientRect().top >= 0);
  return Math.max(visible, 0);
}

function explain() {
  const chosen = current() < 0 ? papers : [papers[current()]];
  const reasons = chosen.map((paper) => paper.querySelector(".why")).filter(Boolean);
  const open = reasons.some((each) => !each.open);
  for (const each of reasons) each.open = open;
}

const press = (selector) => (papers[current()] ?? document.querySelector("article.one"))?.querySelector(selector)?.click();

function cite() {
  const place = papers[current()] ?? document.querySelector("article.one") ?? papers[0];
  place?.querySelector("[data-cite]")?.click();
}

async function copy(button) {
  const text = document.querySelector(`#${CSS.escape(button.dataset.copy)} pre`);
  try {
    await navigator.clipboard.writeText(text.textContent);
    button.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(text);
    button.textContent = "selected";
  }
}

/** Show a paper's BibTeX above the list; without this the link leads to the same text. */
async function showCitation(link) {
  const sheet = document.getElementById("citation");
  const response = await fetch(link.href);
  if (!response.ok) return location.assign(link.href);
  sheet.querySelector("pre").textContent = (await response.text()).trim();
  sheet.querySelector("[data-copy]").textContent = "copy";
  const [bib, ris] = sheet.querySelectorAll("a");
  bib.href = link.href;
  ris.href = link.href.replace(/\.bib$/, ".ris");
  sheet.showPopover();
}

/* --- votes and shelves: the forms work without this, and lead back to the same place ------ */

/** Send what a button of a form sends; return what is told, or null where a page has to be looked at instead. */
async function send(button) {
  const body = new URLSearchParams([...new FormData(button.form), [button.name, button.value]]);
  const response = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "application/json" } });
  const isTold = response.ok && response.headers.get("content-type")?.startsWith("application/json");
  if (isTold) return response.json();
  if (response.redirected) location.assign(response.url); // to sign in first
  else throw new Error(`${response.status}`); // the page will say what is the matter
  return null;
}

const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

async function vote(button) {
  const told = await send(button);
  if (!told) return;
  button.setAttribute("aria-pressed", String(told.voted));
  button.value = told.voted ? "0" : "1";
  button.title = told.voted ? "Take your vote back" : "Vote for this paper";
  const [shown, heard] = button.children;
  shown.textContent = told.votes ? ` ${short.format(told.votes).replace("K", "k")}` : "";
  heard.textContent = ` vote${told.votes === 1 ? "" : "s"} here`;
}

/** Like, dismiss or take back: of the two buttons of a paper at most one is pressed. */
async function say(button) {
  const told = await send(button);
  if (!told) return;
  const place = button.closest(".actions");
  for (const [name, verdict] of [["like", 1], ["dismiss", -1]]) {
    const each = place.querySelector(`[data-say="${name}"]`);
    each.setAttribute("aria-pressed", String(told.verdict === verdict));
    each.value = told.verdict === verdict ? "back" : name;
  }
  button.title = told.verdict && told.interests.length ? `in ${told.interests[0].name}; once more takes it back` : "";
}

async function save(button) {
  const told = await send(button);
  if (!told) return;
  const link = document.createElement("a");
  link.href = button.dataset.save;
  link.dataset.save = "";
  link.textContent = "saved";
  const isHere = document.activeElement === button;
  button.replaceWith(link);
  if (isHere) link.focus();
}

const WORK = [["[data-vote]", vote], ["button[data-save]", save], ["[data-say]", say]];

document.addEventListener("submit", (event) => {
  const work = WORK.find(([selector]) => event.submitter?.matches(selector))?.[1];
  if (!work || event.submitter.dataset.plain !== undefined) return;
  event.preventDefault();
  const button = event.submitter;
  work(button).catch(() => {
    button.dataset.plain = ""; // no network, or a page in place of an answer: as without a script
    button.form.requestSubmit(button);
  });
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  const link = event.target.closest("a[data-cite]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    showCitation(link).catch(() => location.assign(link.href));
  }
});

/* --- what a feed showed: noted when it was on the screen, so that the next visit has what is new --- */

const SETTLED = 2000; // milliseconds between notes

function tell(address, pairs) {
  const headers = { Accept: "application/json" };
  fetch(address, { method: "POST", body: new URLSearchParams(pairs), headers, keepalive: true }).catch(() => {});
}

function note(list) {
  const waiting = [];
  let timer = 0;
  const flush = () => {
    const shown = waiting.splice(0).sort((one, other) => one.dataset.place - other.dataset.place);
    clearTimeout(timer);
    timer = 0;
    if (!shown.length) return;
    const keys = shown.map((paper) => paper.dataset.key).join(" ");
    const drawn = shown.find((paper) => paper.dataset.chance);
    const chance = drawn ? [["outside", drawn.dataset.key], ["chance", drawn.dataset.chance]] : [];
    const where = [["place", shown[0].dataset.place], ["feed", list.dataset.feed]];
    tell(list.dataset.noted, [["papers", keys], ...where, ...chance]);
  };
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((each) => each.isIntersecting)) {
      watch.unobserve(entry.target);
      waiting.push(entry.target.closest(".paper"));
      timer ||= setTimeout(flush, SETTLED);
    }
  });
  for (const paper of list.children) watch.observe(paper.querySelector(".title"));
  addEventListener("pagehide", flush);
  list.addEventListener("click", (event) => {
    const link = event.target.closest(".title a");
    if (link) tell(link.closest(".paper").dataset.opened, []);
  });
}

for (const list of document.querySelectorAll("[data-noted]")) note(list);

/* --- keys --------------------------------------------------------------------------------- */

const follow = (key) => document.querySelector(`[data-key="${key}"]`)?.click();

const KEYS = {
  "/": () => (box().focus(), box().select()),
  j: () => move(1),
  k: () => move(-1),
  o: () => papers[current()]?.querySelector(".title a").click(),
  e: explain,
  v: () => press("[data-vote]"),
  l: () => press('[data-say="like"]'),
  x: () => press('[data-say="dismiss"]'),
  s: () => press("[data-save]"),
  c: cite,
  "[": () => follow("["),
  "]": () => follow("]"),
  "?": () => document.getElementById("keys").togglePopover(),
};

/** After "g", where to go. */
const PLACES = { t: "/", f: "/feed", o: "/topics", n: "/new", s: "/shelves" };
let isGoing = false;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const goes = isGoing && PLACES[event.key];
  isGoing = event.key === "g";
  const act = goes ? () => location.assign(goes) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

offer("theme", "");
offer("density", "full");
