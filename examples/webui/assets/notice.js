// Short messages, seen and heard.

const lasts = 10_000; // ms

// announce says something to who cannot see it.
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

// notice shows a message, with one thing to do about it if action is given. It
// goes by itself, but not while somebody is at it.
export function notice(text, { bad = false, action = null } = {}) {
  const box = document.createElement("div");
  box.className = bad ? "notice bad" : "notice";
  box.append(Object.assign(document.createElement("span"), { textContent: text }));
  const leave = () => box.remove();
  if (action) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: action.label });
    button.addEventListener("click", () => { leave(); action.run(); });
    box.append(button);
  }
  const close = Object.assign(document.createElement("button"), { type: "button", className: "close" });
  close.setAttribute("aria-label", "Dismiss");
  close.append(icon("close"));
  close.addEventListener("click", leave);
  box.append(close);
  document.getElementById("notices").append(box);
  announce(text);
  if (!bad) {
    const go = () => (box.matches(":hover, :focus-within") ? setTimeout(go, 2000) : leave());
    setTimeout(go, lasts);
  }
  return box;
}

export function icon(name) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}
