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
  const lines = chosen.map((paper) => paper.querySelector(".why"));
  const hidden = lines.some((line) => line.hidden);
  for (const line of lines) line.hidden = !hidden;
}

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

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  const link = event.target.closest("a[data-cite]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    showCitation(link).catch(() => location.assign(link.href));
  }
});

/* --- keys --------------------------------------------------------------------------------- */

const follow = (key) => document.querySelector(`[data-key="${key}"]`)?.click();

const KEYS = {
  "/": () => (box().focus(), box().select()),
  j: () => move(1),
  k: () => move(-1),
  o: () => papers[current()]?.querySelector(".title a").click(),
  e: explain,
  c: cite,
  "[": () => follow("["),
  "]": () => follow("]"),
  "?": () => document.getElementById("keys").togglePopover(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

offer("theme", "");
offer("density", "full");
