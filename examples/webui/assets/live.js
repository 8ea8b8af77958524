// Follows the server's stream while the page can be seen.

import { refresh } from "./refresh.js";

const reconnectAfter = 10_000; // ms, where the browser itself gives up

export function keepLive() {
  const path = document.body.dataset.live;
  const sign = document.getElementById("live");
  let stream = null;
  let timer = 0;

  const show = (state, words) => {
    sign.dataset.state = state;
    sign.querySelector(".live-words").textContent = words;
  };
  const open = () => {
    clearTimeout(timer);
    if (stream || document.hidden) return;
    stream = new EventSource(path);
    stream.addEventListener("open", () => show("on", "Live"));
    stream.addEventListener("revision", (event) => {
      if (event.data !== document.body.dataset.revision) refresh().catch(() => show("lost", "Cannot be refreshed"));
    });
    stream.addEventListener("error", () => {
      show("lost", "Reconnecting…");
      if (stream?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      close();
      timer = setTimeout(open, reconnectAfter);
    });
  };
  const close = () => {
    stream?.close();
    stream = null;
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}
