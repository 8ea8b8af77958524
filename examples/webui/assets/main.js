// What the page does beside showing. Each module is one thing.
import { handleActions } from "./actions.js";
import { keepLive } from "./live.js";
import { enhance } from "./refresh.js";
import { keepTime } from "./time.js";
import { handleUploads } from "./upload.js";

enhance(document);
handleActions();
handleUploads();
keepLive();
keepTime();

// A picture that could not be drawn leaves its place to the icon behind it,
// also one that failed before this script ran.
document.addEventListener("error", (event) => {
  if (event.target.matches?.(".tile img")) event.target.dataset.missing = "";
}, true);
for (const img of document.querySelectorAll(".tile img")) {
  if (img.complete && img.naturalWidth === 0) img.dataset.missing = "";
}
