// Brings the page up to date: fetches it again, and exchanges what differs.
// What stays the same stays in place, with its focus, selection and open parts.

import { announce } from "./notice.js";
import { localise } from "./time.js";

// Every keyed element as the server wrote it, before scripts touched it.
const written = new WeakMap();

export function enhance(root) {
  for (const element of root.querySelectorAll("[data-key]")) written.set(element, element.outerHTML);
  localise(root);
}

let running = null;
let again = false;

// refresh fetches the page. Calls while one is under way share the next.
export function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = (async () => {
    do {
      again = false;
      await refreshOnce();
    } while (again);
  })().finally(() => { running = null; });
  return running;
}

async function refreshOnce() {
  const response = await fetch(location.href, { cache: "no-store" });
  if (!response.ok) throw new Error(`the page answered ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (fresh.body.dataset.revision === document.body.dataset.revision) return;
  const before = statuses();
  const focused = focusPath();
  patch(document.getElementById("main"), fresh.getElementById("main"));
  document.body.dataset.revision = fresh.body.dataset.revision;
  refocus(focused);
  tell(before, statuses());
}

// patch makes the children of place those of fresh. Children with the same key
// are kept where the server wrote the same, looked into where they are lists,
// and exchanged otherwise. What has no key, such as an upload, is left alone.
function patch(place, fresh) {
  const old = new Map();
  for (const child of place.querySelectorAll(":scope > [data-key]")) old.set(child.dataset.key, child);
  const next = [...fresh.children].filter((child) => child.dataset.key || child.dataset.list !== undefined);
  let last = null;
  for (const child of next) {
    let present = child.dataset.key ? old.get(child.dataset.key) : place.querySelector(":scope > [data-list]:not([data-key])");
    old.delete(child.dataset.key);
    if (!present) {
      present = document.adoptNode(child);
      prepare(present);
    } else if (nested(present) && nested(child)) {
      if (written.get(present) !== child.outerHTML || !child.dataset.key) {
        const source = child.outerHTML;
        patch(present, child);
        written.set(present, source);
      }
    } else if (written.get(present) !== child.outerHTML) {
      const replacement = document.adoptNode(child);
      prepare(replacement);
      const wasOpen = present.querySelector("details")?.open;
      present.replaceWith(replacement);
      if (wasOpen && replacement.querySelector("details")) replacement.querySelector("details").open = true;
      present = replacement;
    }
    const expected = managed(last ? last.nextElementSibling : place.firstElementChild);
    if (present !== expected) place.insertBefore(present, expected);
    last = present;
  }
  for (const gone of old.values()) gone.remove();
}

// managed is the first of element and its followers that patch looks after.
function managed(element) {
  while (element && !element.dataset.key && element.dataset.list === undefined) element = element.nextElementSibling;
  return element;
}

const nested = (element) => element.dataset.list !== undefined || element.querySelector(":scope > [data-list]") !== null;

function prepare(element) {
  written.set(element, element.outerHTML);
  enhance(element);
}

function statuses() {
  const found = new Map();
  for (const file of document.querySelectorAll(".file")) found.set(file.dataset.key, { name: file.dataset.name, status: file.dataset.status });
  return found;
}

// tell says aloud what a sighted person sees change.
function tell(before, after) {
  const news = [];
  for (const [key, { name, status }] of after) {
    const was = before.get(key);
    if (was && was.status !== status) news.push(`${name}: ${status}`);
  }
  if (news.length > 0) announce(news.length > 3 ? `${news.length} scans have ended` : news.join(". "));
}

// focusPath remembers where the focus is, should its element be exchanged.
function focusPath() {
  const active = document.activeElement;
  const file = active?.closest?.(".file");
  if (!file) return null;
  return { key: file.dataset.key, act: active.dataset.act, tag: active.tagName, element: active };
}

function refocus(path) {
  if (!path || path.element.isConnected) return;
  const file = document.getElementById(`a-${path.key}`);
  const same = path.act ? file?.querySelector(`[data-act="${path.act}"]`) : file?.querySelector(path.tag.toLowerCase());
  (same ?? document.getElementById("main")).focus({ preventScroll: true });
}
