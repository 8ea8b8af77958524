// Times as the reader's own clock and language have them.

const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    time.textContent = time.dataset.relative === undefined ? absolute.format(at) : since(at);
    time.title = at.toISOString();
  }
}

// keepTime lets what is told as "ago" grow older.
export function keepTime() {
  setInterval(() => {
    for (const time of document.querySelectorAll("time[data-relative]")) time.textContent = since(new Date(time.dateTime));
  }, 10_000);
}

function since(at) {
  const seconds = (at - Date.now()) / 1000;
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return relative.format(Math.round(seconds / length), unit);
  }
  return relative.format(Math.round(seconds), "second");
}
