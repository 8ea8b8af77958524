// Chromium, and what every page of a test is held to: no error, no word on the
// console, nothing that the Content-Security-Policy had to stop, and no
// accessibility issue that axe-core calls serious.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { chromium } from "playwright-core";

export const { BASE: base, ELSEWHERE: elsewhere, GATE: gate, SCREENSHOTS: screenshots } = process.env;
export const eicar = Buffer.from(process.env.EICAR_HEX, "hex");

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const complaints = [];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

// openPage opens a tab that complains about everything.
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1180, height: 900 }, colorScheme: "light", locale: "en-GB", timezoneId: "Europe/Vienna", ...options });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => complaints.push(`console ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.stack}`));
  page.on("response", (response) => { if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`); });
  return page;
}

// quiet asserts that no page has complained so far.
export function quiet() {
  assert.deepEqual(complaints, []);
}

// expected asserts that the page has complained of nothing else since, and
// forgets it: a browser logs every answer that is no success.
export function expected(pattern) {
  assert.ok(complaints.length > 0 && complaints.every((complaint) => pattern.test(complaint)), complaints.join("\n"));
  complaints.length = 0;
}

// audit lets axe-core judge the page as it stands.
export async function audit(page, where) {
  await page.evaluate(axeSource); // over the debugger: a page's policy lets no script in
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run({ preload: false, resultTypes: ["violations"] }));
  assert.ok(passes.length > 10, "axe has looked");
  const bad = violations.filter((v) => v.impact === "serious" || v.impact === "critical");
  assert.deepEqual(bad.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.failureSummary}`).join("; ")}`), [], where);
  return violations.map((v) => v.id);
}

export const looks = [
  { name: "light", options: { colorScheme: "light" } },
  { name: "dark", options: { colorScheme: "dark" } },
  { name: "phone-light", options: { colorScheme: "light", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true } },
  { name: "phone-dark", options: { colorScheme: "dark", viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true } },
];

export async function picture(page, name) {
  if (screenshots) await page.screenshot({ path: path.join(screenshots, `${name}.png`) });
}

// ask sends a request as a program does. It reads the answer to its end: an
// unread one would keep Node from ending.
export async function ask(url, init) {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

// work shuts or opens the way from the scanner to the host.
export async function work(action) {
  assert.equal((await ask(`${gate}/${action}`, { method: "POST" })).status, 200);
}

// upload sends a file as a program does.
export async function upload(messageId, name, bytes) {
  const form = new FormData();
  form.append("file", new Blob([bytes]), name);
  const { status, text } = await ask(`${base}/api/v1/messages/${encodeURIComponent(messageId)}/attachments`, { method: "POST", body: form });
  assert.equal(status, 201, text);
  return JSON.parse(text).results[0].data.attachmentId;
}

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// fetched clicks what downloads, and returns the name and the bytes.
export async function fetched(page, control) {
  const [download] = await Promise.all([page.waitForEvent("download"), control.click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}
