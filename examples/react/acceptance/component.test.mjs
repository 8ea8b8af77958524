// useEmailAttachments and AttachmentList on a page elsewhere, against a running
// mailhost that allows that page by CORS.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { ask, audit, base, eicar, elsewhere, expected, fetched, launch, looks, openPage, picture, quiet, sha256, upload, work } from "./browser.mjs";

const message = "react <&> demo/1@example.com";
const address = `${elsewhere}/?host=${encodeURIComponent(base)}&message=${encodeURIComponent(message)}`;
const bytes = Buffer.from("What the component is to fetch, byte for byte: äöü\n");

let browser;
let page;
let noteId;
before(async () => {
  browser = await launch();
  page = await openPage(browser);
});
after(() => browser.close());

const item = (name) => page.getByRole("listitem").filter({ hasText: name });
const deleted = (id) => ask(`${base}/api/v1/attachments/${id}`, { method: "DELETE" });

test("a pending attachment turns clean by itself", async () => {
  await work("shut");
  noteId = await upload(message, "note ä.txt", bytes);
  await page.goto(address);
  await item("note ä").getByText("Pending").waitFor();
  await item("note ä").getByRole("button", { name: "Check again" }).click();
  await picture(page, "component-pending");
  await work("open");
  await item("note ä").getByText("Clean").waitFor();
  quiet();
});

test("it downloads the same bytes", async () => {
  const saved = await fetched(page, item("note ä").getByRole("button", { name: "Download" }));
  assert.equal(saved.name, "note ä.txt");
  assert.equal(sha256(saved.bytes), sha256(bytes));
  quiet();
});

test("EICAR turns infected, and offers no download", async () => {
  await upload(message, "drill.txt", eicar);
  await page.reload();
  await item("drill.txt").getByText("Infected").waitFor();
  assert.equal(await item("drill.txt").getByRole("button", { name: "Download" }).count(), 0);
  quiet();
});

test("it is accessible and fits, in both themes and on a phone", async () => {
  await upload(message, `${"a very long name ".repeat(12)}.txt`, "long");
  for (const { name, options } of looks) {
    const other = await openPage(browser, options);
    await other.goto(address);
    await other.getByText("drill").waitFor();
    await picture(other, `component-${name}`);
    await audit(other, name);
    assert.ok((await other.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, `${name} is too wide`);
    await other.context().close();
  }
  quiet();
});

test("it says what went wrong", async () => {
  assert.equal((await deleted(noteId)).status, 204);
  await item("note ä").getByRole("button", { name: "Download" }).click();
  await item("note ä").getByRole("alert").filter({ hasText: "no such attachment" }).waitFor();
  expected(/\b404\b/);
});
