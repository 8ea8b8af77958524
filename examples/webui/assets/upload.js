// Uploads, one after the other, each with its progress.

import { words } from "./api.js";
import { announce, icon } from "./notice.js";
import { refresh } from "./refresh.js";

const stays = 4000; // ms that a finished upload can be seen

export function handleUploads() {
  document.addEventListener("change", (event) => {
    const input = event.target.closest("input[data-upload]");
    if (!input) return;
    start([...input.files], input.dataset.upload);
    input.value = ""; // or the same file could not be chosen again
  });
  handleDrops();
}

// handleDrops takes files onto a message, or beside all of them for a new one.
function handleDrops() {
  if (!document.querySelector("input[data-upload]")) return;
  let target = null;
  const mark = (place) => {
    if (target === place) return;
    target?.classList.remove("dropping");
    target = place;
    target?.classList.add("dropping");
  };
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    mark(event.target.closest?.(".message") ?? document.getElementById("main"));
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(null); });
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    mark(null);
    start([...event.dataTransfer.files], event.target.closest?.(".message")?.dataset.message ?? "");
  });
}

let queue = Promise.resolve();

function start(files, messageId) {
  const target = messageId || `upload-${crypto.randomUUID()}@this-page`;
  for (const file of files) {
    const item = show(file);
    queue = queue.then(() => send(file, target, item)).then(() => refresh()).catch(() => {}); // the live sign shows a host that is away
  }
}

// send puts one file into a message; it never rejects.
function send(file, messageId, item) {
  if (item.cancelled) return Promise.resolve();
  const limit = Number(document.body.dataset.maxSize);
  if (file.size > limit) {
    item.fail(`Larger than this host takes (${Math.floor(limit / 1e6)} MB).`);
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of what has been sent
    request.open("POST", `/api/v1/messages/${encodeURIComponent(messageId)}/attachments`);
    request.upload.addEventListener("progress", (event) => item.progress(event.loaded, event.total));
    request.upload.addEventListener("load", () => item.say("Checking…"));
    request.addEventListener("load", () => {
      if (request.status === 201) item.done();
      else item.fail(words(request.responseText, request.status));
      resolve();
    });
    request.addEventListener("error", () => { item.fail("The connection broke. Nothing was stored."); resolve(); });
    request.addEventListener("abort", resolve);
    item.cancel = () => request.abort();
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

// show lists an upload, and returns what tells how it goes.
function show(file) {
  const place = document.getElementById("uploads");
  place.className = "card uploads";
  const box = document.createElement("div");
  box.className = "upload";
  const dot = file.name.lastIndexOf(".");
  const cut = dot > 0 && file.name.length - dot <= 12 ? dot : file.name.length;
  const name = element("bdi", "cut", element("span", "stem", file.name.slice(0, cut)), element("span", "ext", file.name.slice(cut)));
  name.lastElementChild.dir = "ltr";
  const say = element("p", "upload-words", "Waiting…");
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  const close = element("button", "icon-button", icon("close"));
  close.type = "button";
  close.setAttribute("aria-label", `Cancel the upload of ${file.name}`);
  box.append(element("div", "", name, say), close, bar);
  place.append(box);

  const leave = () => {
    box.remove();
    if (place.childElementCount === 0) place.className = "";
  };
  const item = {
    cancelled: false,
    cancel: () => {},
    say: (text) => { say.textContent = text; },
    progress: (loaded, total) => {
      bar.value = total ? loaded / total : 0;
      item.say(`${Math.round(bar.value * 100)} %`);
    },
    done: () => {
      item.say("Stored.");
      announce(`${file.name} is stored`);
      close.remove();
      setTimeout(leave, stays);
    },
    fail: (text) => {
      box.classList.add("bad");
      bar.remove();
      item.say(text);
      close.setAttribute("aria-label", `Dismiss ${file.name}`);
      announce(`${file.name}: ${text}`);
    },
  };
  close.addEventListener("click", () => {
    item.cancelled = true;
    item.cancel();
    leave();
  });
  return item;
}

function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}
