import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { AttachmentList, formatSize, type ScanStatus } from "../src";
import { splitName } from "../src/format";
import { Host } from "./host";

let host: Host;
const onDownload = vi.fn();
const onCheckStatus = vi.fn();
beforeEach(() => {
  host = new Host();
  onDownload.mockReset();
  onCheckStatus.mockReset();
});
afterEach(cleanup);

const show = (more = {}) => render(<AttachmentList attachments={[...host.records]} {...{ onDownload, onCheckStatus }} {...more} />);

describe("AttachmentList", () => {
  it("shows names, sizes and a chip for each status", () => {
    const statuses: ScanStatus[] = ["pending", "clean", "suspicious", "infected", "skipped", "error"];
    for (const status of statuses) host.add(status, status);
    show();
    const items = screen.getAllByRole("listitem");
    expect(items.map((item) => within(item).getByRole("status").textContent)).toEqual(["… Pending", "✓ Clean", "! Suspicious", "✕ Infected", "» Skipped", "! Error"]);
    expect(items[1]!.textContent).toContain("clean.txt");
    expect(items[1]!.textContent).toContain("1.2 kB");
  });

  it.each<[ScanStatus, string]>([["clean", "Download"], ["skipped", "Download"], ["pending", "Check again"], ["suspicious", "Check again"], ["infected", "Check again"], ["error", "Check again"]])(
    "offers for %s: %s",
    async (status, label) => {
      const record = host.add("a", status);
      show();
      const buttons = screen.getAllByRole("button");
      expect(buttons.map((b) => b.textContent)).toEqual([label]);
      await act(async () => fireEvent.click(buttons[0]!));
      expect(label === "Download" ? onDownload : onCheckStatus).toHaveBeenCalledExactlyOnceWith(record);
    },
  );

  it("waits for a promise, and says why it failed", async () => {
    host.add("a", "clean");
    let fail = (_: Error) => {};
    onDownload.mockReturnValue(new Promise((_, reject) => { fail = reject; }));
    show();
    const button = screen.getByRole<HTMLButtonElement>("button");
    await act(async () => fireEvent.click(button));
    expect(button.disabled).toBe(true);
    await act(async () => fail(new Error("the link has expired")));
    expect(button.disabled).toBe(false);
    expect(screen.getByRole("alert").textContent).toBe("the link has expired");
  });

  it("shows hostile names as text, with the extension apart", () => {
    host.add("a", "clean", "<img src=x onerror=alert(1)>.html");
    host.add("b", "clean", `${"long ".repeat(50)}.exe`);
    const { container } = show();
    expect(container.querySelector("img")).toBeNull();
    expect(screen.getByText("<img src=x onerror=alert(1)>")).toBeTruthy();
    expect(screen.getByText(".exe").closest("bdi")).toBeTruthy();
  });

  it("has words for loading, nothing and trouble", () => {
    const { rerender } = show({ loading: true });
    expect(screen.getByText("Loading…")).toBeTruthy();
    const props = { attachments: [], onDownload, onCheckStatus };
    rerender(<AttachmentList {...props} />);
    expect(screen.getByText("No attachments.")).toBeTruthy();
    rerender(<AttachmentList {...props} error={new Error("try again later")} />);
    expect(screen.getByRole("alert").textContent).toContain("try again later");
    expect(screen.queryByText("No attachments.")).toBeNull();
  });
});

describe("words", () => {
  it.each([[0, "0 bytes"], [1, "1 byte"], [999, "999 bytes"], [1000, "1 kB"], [1449, "1.4 kB"], [999_500, "1 MB"], [52_428_800, "52 MB"], [5 * 2 ** 30, "5.4 GB"]])("%i is %s", (n, want) => {
    expect(formatSize(n)).toBe(want);
  });

  it.each([["a.tar.gz", ".gz"], ["README", ""], [".profile", ""], ["a.", ""], ["a.thirteenlongs", ""]])("%s ends in %s", (name, ext) => {
    const split = splitName(name);
    expect(split.ext).toBe(ext);
    expect(split.stem + split.ext).toBe(name);
  });
});
