// Deleting, restoring, and what an administrator may do.

import { call, Refused } from "./api.js";
import { ask } from "./ask.js";
import { notice } from "./notice.js";
import { refresh } from "./refresh.js";

const acts = {
  delete: {
    question: (name) => ({ title: "Delete this attachment?", text: `${name} can be restored for a while.`, yes: "Delete", danger: true }),
    run: (id) => call("DELETE", id),
    done: (name, id) => notice(`Deleted ${name}`, { action: { label: "Undo", run: () => act("restore", id, name) } }),
  },
  restore: {
    run: (id) => call("POST", id, "restore"),
    done: (name) => notice(`Restored ${name}`),
  },
  rescan: {
    run: (id) => call("POST", id, "rescan"),
    done: (name) => notice(`A new scan of ${name} is under way`),
  },
  release: {
    question: (name) => ({ title: "Release this attachment?", text: `Everybody who may read it can then download ${name}, and every other attachment with the same bytes.`, yes: "Release", danger: true, wantsReason: true }),
    run: (id, reason) => call("POST", id, "release", { reason }),
    done: (name) => notice(`Released ${name}`),
  },
  quarantine: {
    question: (name) => ({ title: "Quarantine this attachment?", text: `Nobody can then download ${name}, nor any other attachment with the same bytes.`, yes: "Quarantine", wantsReason: true }),
    run: (id, reason) => call("POST", id, "quarantine", { reason }),
    done: (name) => notice(`${name} is in quarantine`),
  },
};

export function handleActions() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    const file = button?.closest(".file");
    if (file) act(button.dataset.act, file.dataset.key, file.dataset.name);
  });
}

async function act(which, id, name) {
  const { question, run, done } = acts[which];
  const reason = question ? await ask(question(name)) : "";
  if (reason === null) return;
  const buttons = document.getElementById(`a-${id}`)?.querySelectorAll("[data-act]") ?? [];
  for (const button of buttons) button.disabled = true;
  try {
    await run(id, reason);
    const box = done(name, id);
    await refresh();
    // What had the focus may be gone; what can be done about it is next.
    if (document.activeElement === document.body) (box.querySelector("button:not(.close)") ?? document.getElementById("main")).focus({ preventScroll: true });
  } catch (error) {
    notice(error instanceof Refused ? error.message : "The page could not be brought up to date.", { bad: true });
  } finally {
    for (const button of buttons) button.disabled = false;
  }
}
