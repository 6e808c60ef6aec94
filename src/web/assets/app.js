// Keeps a page up to date, and sends forms without leaving it. Every page works without this file.

const policy = window.trustedTypes?.createPolicy("goldstar", { createHTML: (html) => html });

/** Parses a page of this server. */
function parse(html) {
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
}

const announcement = document.getElementById("announcement");
const offline = document.getElementById("offline");

function announce(text) {
  if (announcement && text) announcement.textContent = text;
}

// Changes an element into another one, and keeps what a person has typed, opened or focused.

function isTouched(element) {
  if (!(element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)) {
    return element === document.activeElement && element instanceof HTMLSelectElement;
  }
  if (element === document.activeElement) return true;
  return element.type === "checkbox" || element.type === "radio"
    ? element.checked !== element.defaultChecked
    : element.type !== "hidden" && element.value !== element.defaultValue;
}

function morph(from, to) {
  if (from.isEqualNode(to)) return;
  if (from.nodeName !== to.nodeName || (from.id ?? "") !== (to.id ?? "")) {
    from.replaceWith(document.importNode(to, true));
    return;
  }
  if (!(from instanceof Element)) {
    from.nodeValue = to.nodeValue;
    return;
  }
  if (isTouched(from)) return;
  for (const { name } of [...from.attributes]) {
    const isOpened = name === "open" && from.nodeName === "DETAILS";
    if (!to.hasAttribute(name) && !isOpened) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    // An animation is not cut off by the next update.
    if (name === "class" && from.hasAttribute("data-celebrate")) continue;
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  morphChildren(from, to);
}

function morphChildren(from, to) {
  const wanted = new Set([...to.children].map((child) => child.id).filter(Boolean));
  let place = from.firstChild;
  for (const next of [...to.childNodes]) {
    const known = next.id && [...from.children].find((child) => child.id === next.id);
    if (known) {
      if (known === place) place = place.nextSibling;
      else from.insertBefore(known, place);
      morph(known, next);
    } else if (place && !next.id && !wanted.has(place.id)) {
      const after = place.nextSibling;
      morph(place, next);
      place = after;
    } else {
      from.insertBefore(document.importNode(next, true), place);
    }
  }
  while (place) {
    const after = place.nextSibling;
    place.remove();
    place = after;
  }
}

/** Shows another version of this page. */
function show(page) {
  const [main, next] = [document.getElementById("main"), page.getElementById("main")];
  if (!main || !next) return;
  const before = points(main);
  document.title = page.title;
  morphChildren(main, next);
  celebrate(before, points(main));
  prepare();
}

/** The points on the page, by child. */
function points(root) {
  const shown = [...root.querySelectorAll("[data-points]")];
  return new Map(shown.map((it) => [it.id, { points: Number(it.dataset.points), element: it }]));
}

/** Points that have grown are announced, and shine for a moment on the page of a child. */
function celebrate(before, after) {
  for (const [id, { points: now, element }] of after) {
    const earlier = before.get(id);
    if (!earlier || earlier.points === now) continue;
    announce(element.dataset.announcement ?? element.textContent.trim());
    if (now > earlier.points && element.hasAttribute("data-celebrate")) {
      element.classList.remove("celebrate");
      requestAnimationFrame(() => element.classList.add("celebrate"));
    }
  }
}

// Requests: of several updates at once, only the last one is shown.

let requested = 0;
let sending = 0;

async function update() {
  const number = ++requested;
  if (sending) return;
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (response.redirected && new URL(response.url).pathname !== location.pathname) {
    location.assign(response.url);
  } else if (number === requested && !sending && response.ok) {
    show(parse(await response.text()));
    setOffline(false);
  }
}

let waiting;
function updateSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => update().catch(() => setOffline(true)), 40);
}

function setOffline(isOffline) {
  if (offline) offline.hidden = !isOffline;
}

// The event stream is open while the page is visible: a browser opens only six connections to a server.

let stream;
function follow() {
  const address = document.body.dataset.live;
  const isWanted = address && document.visibilityState === "visible";
  if (!isWanted) {
    stream?.close();
    stream = undefined;
  } else if (!stream) {
    connect(address);
  }
}

function connect(address) {
  stream = new EventSource(address);
  stream.onopen = () => {
    setOffline(false);
    updateSoon();
  };
  stream.onerror = () => {
    setOffline(true);
    if (stream?.readyState === EventSource.CLOSED) {
      // The browser gives up after an error status: the session may have ended, or the server is starting.
      stream = undefined;
      setTimeout(() => {
        follow();
        updateSoon();
      }, 2000);
    }
  };
  for (const name of document.body.dataset.events.split(" ")) stream.addEventListener(name, updateSoon);
}

document.addEventListener("visibilitychange", follow);
addEventListener("online", () => {
  follow();
  updateSoon();
});
addEventListener("offline", () => setOffline(true));

// Forms that stay on the page.

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  const isBusy = form.getAttribute("aria-busy") === "true";
  if (isBusy || "stay" in form.dataset) event.preventDefault();
  if (isBusy) return;
  if (!("stay" in form.dataset)) {
    // A double click sends it once. The response may be a file, so that the page stays.
    form.setAttribute("aria-busy", "true");
    setTimeout(() => form.removeAttribute("aria-busy"), 2000);
    return;
  }
  const body = new URLSearchParams(new FormData(form, event.submitter));
  form.setAttribute("aria-busy", "true");
  sending += 1;
  const sent = await send(form.action, body);
  sending -= 1;
  form.removeAttribute("aria-busy");
  if (!sent) {
    warn(document.body.dataset.notSaved);
  } else if (!sent.response.ok) {
    // The page may be older than what was refused.
    warn(sent.page.querySelector("#main p")?.textContent ?? document.body.dataset.notSaved);
    updateSoon();
  } else if (new URL(sent.response.url).pathname !== location.pathname) {
    location.assign(sent.response.url);
  } else {
    warn("");
    history.replaceState(history.state, "", sent.response.url);
    form.reset();
    show(sent.page);
  }
});

/** Sends a form, and returns the page after it; `undefined` if the server cannot be reached. */
async function send(address, body) {
  try {
    const response = await fetch(address, { method: "POST", body });
    return { response, page: parse(await response.text()) };
  } catch {
    return undefined;
  }
}

/** Shows what went wrong until the next form succeeds. It is outside of what updates replace. */
function warn(text) {
  const warning = document.getElementById("warning");
  warning.textContent = text;
  warning.hidden = text === "";
  if (text) document.getElementById("snack")?.remove();
}

// Small things, again after each update.

let hiding;
function prepare() {
  const snack = document.querySelector("#snack[data-seconds]");
  clearTimeout(hiding);
  if (snack) {
    const hide = () => {
      // A person who has begun to write a reason gets the time for it.
      if (snack.querySelector("details[open]")) {
        hiding = setTimeout(hide, 1000);
        return;
      }
      snack.remove();
      const address = new URL(location.href);
      for (const name of (snack.dataset.drop ?? "done child").split(" ")) address.searchParams.delete(name);
      history.replaceState(history.state, "", address);
    };
    hiding = setTimeout(hide, Number(snack.dataset.seconds) * 1000);
  }
  for (const search of document.querySelectorAll("[data-search]")) filter(search);
  for (const copy of document.querySelectorAll("[data-copy]")) copy.hidden = false;
}

/** Hides the entries of a list that do not contain the text. */
function filter(search) {
  const wanted = search.value.trim().toLocaleLowerCase();
  for (const entry of document.querySelectorAll(`#${search.dataset.search} > *`)) {
    entry.hidden = !entry.textContent.toLocaleLowerCase().includes(wanted);
  }
}

document.addEventListener("input", (event) => {
  if (event.target instanceof HTMLInputElement && "search" in event.target.dataset) filter(event.target);
});

document.addEventListener("click", (event) => {
  const copy = event.target instanceof Element && event.target.closest("[data-copy]");
  if (!copy) return;
  const source = document.getElementById(copy.dataset.copy);
  getSelection().selectAllChildren(source);
  // Only pages over https or of this machine have the clipboard.
  const copied = navigator.clipboard?.writeText(source.textContent) ?? document.execCommand("copy");
  Promise.resolve(copied).then(() => {
    announce(copy.dataset.done);
    copy.lastChild.textContent = copy.dataset.done;
  });
});

/** The secret of a link is behind its `#`, so that no server sees it before the form is sent. */
for (const form of document.querySelectorAll("form[data-secret]")) {
  const secret = location.hash.slice(1);
  const field = form.elements.namedItem(form.dataset.secret);
  if (secret && field instanceof HTMLInputElement) {
    field.value = secret;
    field.closest(".field").hidden = true;
    if ("send" in form.dataset) form.requestSubmit();
  }
}

for (const select of document.querySelectorAll(".choices select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}

// The chosen section may be beyond the edge of a small screen.
document.querySelector(".sections [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });

const refresh = document.querySelector("[data-refresh]")?.dataset.refresh;
if (refresh) {
  setInterval(() => {
    if (document.visibilityState !== "visible") return;
    update().then(() => setOffline(false), () => setOffline(true));
  }, Number(refresh) * 1000);
}

prepare();
follow();
