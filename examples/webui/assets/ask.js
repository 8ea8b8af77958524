// One question at a time, in a dialog.

const dialog = document.getElementById("question");
const reason = document.getElementById("question-reason");

// ask resolves to null if the answer is no, else to the reason given: "" unless
// one was asked for.
export function ask({ title, text, yes, danger = false, wantsReason = false }) {
  document.getElementById("question-title").textContent = title;
  document.getElementById("question-text").textContent = text;
  const button = document.getElementById("question-yes");
  button.textContent = yes;
  button.classList.toggle("danger", danger);
  reason.value = "";
  reason.required = wantsReason;
  reason.closest("label").hidden = !wantsReason;
  dialog.returnValue = "no";
  dialog.showModal();
  if (wantsReason) reason.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? reason.value.trim() : null), { once: true });
  });
}
