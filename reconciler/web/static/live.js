// Keeps the open page current: the server says which application has changed, the page fetches itself again and
// changes only what differs, so that bars move instead of jumping and nothing that is selected is lost.
"use strict";

const PAUSE_MS = 250;
const RETRY_MS = 3000;
const only = document.body.dataset.application;
const sign = document.getElementById("live");
let waiting = false;
let again = false;

function show(state) {
  sign.textContent = state;
  sign.dataset.state = state;
}

// What the reader chose: whether details are shown.
function theirs(element, name) {
  return element.nodeName === "DETAILS" && name === "open";
}

function morph(from, to) {
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || from.id !== to.id) {
    from.replaceWith(document.importNode(to, true));
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name) && !theirs(from, name)) from.removeAttribute(name);
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && !theirs(from, name)) from.setAttribute(name, value);
  }
  if (to.dataset.plot) return; // what is in it was drawn here, from that attribute
  const old = [...from.childNodes];
  const fresh = [...to.childNodes];
  fresh.forEach((node, at) => (at < old.length ? morph(old[at], node) : from.append(document.importNode(node, true))));
  old.slice(fresh.length).forEach((node) => node.remove());
}

async function refresh() {
  if (waiting) {
    again = true;
    return;
  }
  waiting = true;
  do {
    again = false;
    await new Promise((done) => setTimeout(done, PAUSE_MS));
    try {
      const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      if (!answer.ok && answer.status !== 404) throw new Error(`answered ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.title = page.title;
      morph(document.getElementById("main"), page.getElementById("main"));
      document.dispatchEvent(new Event("refreshed"));
    } catch {
      show("offline"); // the next event or reconnect tries again
    }
  } while (again);
  waiting = false;
}

function age(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)}s ago`;
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "m"]]) {
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit} ago`;
  }
}

function ahead(seconds) {
  if (seconds < 1) return "any moment";
  const parts = [[Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"], [Math.floor(seconds / 60) % 60, "m"], [Math.floor(seconds) % 60, "s"]];
  const first = parts.findIndex(([number]) => number);
  return `in ${parts.slice(first, first + 2).filter(([number]) => number).map((part) => part.join("")).join("")}`;
}

function tick() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    const text = "ahead" in time.dataset ? ahead(-seconds) : age(Math.max(0, seconds));
    if (time.textContent !== text) time.textContent = text;
  }
}

let opened = false;

function listen() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => {
    show("live");
    if (opened) refresh(); // something may have happened while the connection was gone
    opened = true;
  });
  events.addEventListener("error", () => {
    show("offline");
    // The browser reconnects after a lost connection, but never after an answer such as a proxy's 502.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  });
  events.addEventListener("change", (event) => {
    const { applications } = JSON.parse(event.data);
    if (!only || applications.includes(only)) refresh();
  });
}

// Where clipboards are out of reach, as without TLS, the line is selected instead.
async function copy(button) {
  const line = button.previousElementSibling;
  getSelection().selectAllChildren(line);
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "copied";
  } catch {
    button.textContent = "selected";
  }
  setTimeout(() => { button.textContent = "copy"; }, 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});

listen();
setInterval(tick, 1000);
// Pods and events send no news of their own.
const every = Number(document.body.dataset.every) * 1000;
if (every) setInterval(() => { if (!document.hidden) refresh(); }, every);
