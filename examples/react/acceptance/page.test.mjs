// The page of examples/webui on a running mailhost, as a person uses it.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { ask, audit, base, eicar, expected, fetched, launch, looks, openPage, picture, quiet, sha256, upload, work } from "./browser.mjs";

let browser;
let page;
before(async () => {
  browser = await launch();
  page = await openPage(browser);
  await page.goto(base);
});
after(() => browser.close());

const file = (name) => page.locator(".file", { hasText: name }).first();
const chip = (name) => file(name).locator(".chip");
const report = Buffer.concat([Buffer.from("Quarterly figures.\n"), Buffer.from(randomBytes(300_000).toString("base64"))]);

test("shows the mail that the workflow has processed", async () => {
  await page.locator("#live[data-state=on]").waitFor();
  assert.ok((await page.locator(".message").count()) >= 10);
  await page.getByRole("link", { name: "Older" }).click();
  await page.getByRole("link", { name: "Newest" }).click();
  await page.locator("#live[data-state=on]").waitFor();
  quiet();
});

test("uploads, with progress; pending turns clean by itself", async () => {
  await work("shut");
  await page.locator("#new-files").setInputFiles({ name: "figures 2026.txt", mimeType: "text/plain", buffer: report });
  await page.getByRole("progressbar", { name: "Upload of figures 2026.txt" }).waitFor();
  await chip("figures 2026").filter({ hasText: "Pending" }).waitFor();
  assert.equal(await file("figures 2026").getByRole("link").count(), 0, "no download while pending");
  await picture(page, "pending");
  await work("open");
  await chip("figures 2026").filter({ hasText: "Clean" }).waitFor();
  assert.match(await page.locator("#announcer").textContent(), /figures 2026\.txt: clean/);
  quiet();
});

test("downloads the same bytes", async () => {
  const { name, bytes } = await fetched(page, file("figures 2026").getByRole("link", { name: "figures 2026.txt" }));
  assert.equal(name, "figures 2026.txt");
  assert.equal(sha256(bytes), sha256(report));
  quiet();
});

test("adds files to a message, and marks a duplicate", async () => {
  const message = page.locator(".message", { has: file("figures 2026") });
  await message.locator("input[type=file]").setInputFiles([
    { name: "the same again.txt", mimeType: "text/plain", buffer: report },
    { name: "drill.txt", mimeType: "text/plain", buffer: eicar },
  ]);
  await chip("the same again").filter({ hasText: "Clean" }).waitFor();
  await file("the same again").getByText("Duplicate").waitFor();
  await message.locator(".file").nth(2).waitFor();
  quiet();
});

test("EICAR turns infected, and its download is refused", async () => {
  await chip("drill.txt").filter({ hasText: "Infected" }).waitFor();
  await file("drill.txt").getByText(/EICAR/).first().waitFor();
  assert.equal(await file("drill.txt").getByRole("link").count(), 0);
  const id = await file("drill.txt").getAttribute("data-key");
  const refused = await ask(`${base}/api/v1/attachments/${id}/download`);
  assert.equal(refused.status, 403);
  assert.equal(JSON.parse(refused.text).error, "not_served");
  const { presignedUrl } = JSON.parse((await ask(`${base}/api/v1/attachments/${id}`)).text);
  assert.equal((await ask(new URL(presignedUrl, base))).status, 403, "by link, too");
  quiet();
});

test("says why a file is refused", async () => {
  await page.locator("#new-files").setInputFiles({ name: "setup.exe", mimeType: "application/octet-stream", buffer: Buffer.from("MZ") });
  await page.locator(".upload.bad", { hasText: "Files that end in .exe are not accepted" }).waitFor();
  expected(/\b422\b/);
  await page.getByRole("button", { name: "Dismiss setup.exe" }).click();
  assert.equal(await page.locator(".upload", { hasText: "setup.exe" }).count(), 0);
});

test("deletes after a question, by keyboard, and brings back", async () => {
  const remove = () => file("the same again").getByRole("button", { name: "Delete the same again.txt" });
  await remove().focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await audit(page, "the question");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal(await remove().evaluate((button) => button === document.activeElement), true, "focus is back where it was");

  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).press("Enter");
  await file("the same again").waitFor({ state: "detached" });
  await page.getByText("Deleted the same again.txt").first().waitFor();
  const undo = page.getByRole("button", { name: "Undo" });
  assert.equal(await undo.evaluate((button) => button === document.activeElement), true, "what can be done about it has the focus");
  await page.keyboard.press("Enter");
  await file("the same again").waitFor();
});

test("shows hostile names as what they are", async () => {
  const name = `<b>${"wide ".repeat(30)}<b>\u202Egpj.txt`;
  const id = await upload("hostile@example.com", name, "hostile");
  const row = page.locator(`[data-key="${id}"]`);
  await row.waitFor();
  assert.equal(await row.locator("b, img").count(), 0);
  assert.equal(await row.locator(".ext").first().isVisible(), true);
  const { overflow } = await page.evaluate(() => ({ overflow: document.documentElement.scrollWidth - innerWidth }));
  assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
  await row.locator("summary").click();
  assert.match(await row.locator("dd").first().textContent(), /202E⟩gpj\.txt/);
});

test("draws safe pictures, and leaves an icon for others", async () => {
  const drawn = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 200 });
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#c2410c";
    pen.fillRect(0, 0, 300, 200);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  const id = await upload("pictures@example.com", "rust.png", Buffer.from(drawn));
  const broken = await upload("pictures@example.com", "broken.png", Buffer.from(drawn.slice(0, 60)));
  await page.locator(`[data-key="${id}"] .chip.clean`).waitFor();
  const width = await page.locator(`[data-key="${id}"] .tile img`).evaluate(async (img) => { await img.decode(); return img.naturalWidth; });
  assert.equal(width, 96);
  await page.locator(`[data-key="${broken}"] .tile img[data-missing]`).waitFor({ state: "attached" });
  quiet();
});

test("an administrator releases, quarantines and scans again", async () => {
  await page.getByRole("link", { name: "Administration" }).click();
  await page.getByText("Saved by deduplication").waitFor();
  const drill = page.locator(".file[data-name='drill.txt']");
  await drill.waitFor();
  await drill.getByRole("button", { name: "Release drill.txt" }).click();
  await page.getByLabel("Reason, kept in the record").fill("It is a drill <b>&</b> harmless");
  await audit(page, "the question with a reason");
  await page.getByRole("dialog").getByRole("button", { name: "Release" }).click();
  await drill.waitFor({ state: "detached" });

  await page.getByRole("link", { name: "Not scanned" }).click();
  await drill.getByText("It is a drill <b>&</b> harmless").waitFor();
  await drill.getByRole("button", { name: "Quarantine drill.txt" }).click();
  await page.getByLabel("Reason, kept in the record").fill("the drill is over");
  await page.getByRole("dialog").getByRole("button", { name: "Quarantine" }).click();
  await drill.waitFor({ state: "detached" });

  await page.getByRole("link", { name: "Quarantine", exact: true }).click();
  await drill.locator(".chip.suspicious").waitFor();
  await drill.getByRole("button", { name: "Rescan drill.txt" }).click();
  await drill.locator(".chip.infected").waitFor();
  await page.getByRole("link", { name: "Messages" }).click();
});

test("keeps current through a lost stream", async () => {
  await page.locator("#live[data-state=on]").waitFor();
  await page.evaluate(() => dispatchEvent(new Event("pagehide"))); // as a laptop's lid ends it
  const id = await upload("later@example.com", "meanwhile.txt", "while nobody looked");
  await page.evaluate(() => dispatchEvent(new Event("pageshow")));
  await page.locator(`[data-key="${id}"] .chip.clean`).waitFor();
});

test("is accessible and fits, in both themes and on a phone", async () => {
  for (const { name, options } of looks) {
    const other = await openPage(browser, options);
    for (const path of ["/", name.startsWith("phone") ? "/admin" : "/admin?show=pending"]) { // with rows, and without
      await other.goto(base + path);
      await other.locator("#live[data-state=on]").waitFor();
      await picture(other, `${name}-${path === "/" ? "messages" : path.slice(1).replace(/\W/g, "-")}`);
      await other.locator("summary").first().click({ timeout: 2000 }).catch(() => {}); // a list may be empty
      await audit(other, `${path} ${name}`);
      const overflow = await other.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${path} ${name} is ${overflow} pixels too wide`);
    }
    await other.context().close();
  }
  quiet();
});

test("sends a strict policy", async () => {
  const { headers } = await ask(base);
  assert.match(headers.get("content-security-policy"), /frame-ancestors 'none'/);
  assert.doesNotMatch(headers.get("content-security-policy"), /unsafe/);
});
