import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ApiError, type EmailAttachmentsOptions, useEmailAttachments } from "../src";
import { Host, json } from "./host";

const list = "/api/v1/emails/m1/attachments";
let host: Host;
const saved: [string, string][] = [];

beforeEach(() => {
  host = new Host();
  saved.length = 0;
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const options = (): EmailAttachmentsOptions => ({
  fetch: host.fetch,
  save: (bytes, name) => void bytes.text().then((text) => saved.push([name, text])),
});
const render = (messageId = "m1", more: EmailAttachmentsOptions = {}) =>
  renderHook(({ id }) => useEmailAttachments(id, { ...options(), ...more }), { initialProps: { id: messageId } });

describe("listing", () => {
  it("loads the attachments of the message", async () => {
    host.add("a", "clean");
    const { result } = render();
    expect(result.current).toMatchObject({ attachments: [], loading: true, error: null });
    await waitFor(() => expect(result.current.loading).toBe(false));
    expect(result.current.attachments.map((a) => a.id)).toEqual(["a"]);
  });

  it("follows pages to the end", async () => {
    const [a, b] = [host.add("a", "clean"), host.add("b", "clean")];
    host.answers.set(list, () => json({ attachments: [a], nextCursor: "x/y" }));
    host.answers.set(`${list}?cursor=x%2Fy`, () => json({ attachments: [b] }));
    const { result } = render();
    await waitFor(() => expect(result.current.attachments).toHaveLength(2));
  });

  it("escapes the message id, and sends the host's headers", async () => {
    const sent = vi.fn(async (..._: Parameters<typeof fetch>) => json({ attachments: [] }));
    const { result } = render("a/b?c#d@x", { fetch: sent, headers: async () => ({ Authorization: "Bearer t" }), baseUrl: "https://mail.example.com/" });
    await waitFor(() => expect(result.current.loading).toBe(false));
    expect(sent.mock.calls[0]![0]).toBe("https://mail.example.com/api/v1/emails/a%2Fb%3Fc%23d%40x/attachments");
    expect(sent.mock.calls[0]![1]!.headers).toMatchObject({ Authorization: "Bearer t" });
  });

  it("reports what the host says, and recovers", async () => {
    host.add("a", "clean");
    host.answers.set(list, () => json({ error: "unavailable", message: "try again later" }, 503));
    const { result } = render();
    await waitFor(() => expect(result.current.error).toBeInstanceOf(ApiError));
    expect(result.current.error).toMatchObject({ status: 503, code: "unavailable", message: "try again later" });
    expect(result.current.loading).toBe(false);
    host.answers.clear();
    await act(() => result.current.fetchAttachments());
    expect(result.current.error).toBeNull();
    expect(result.current.attachments).toHaveLength(1);
  });

  it("keeps what it has when a later look fails", async () => {
    host.add("a", "clean");
    const { result } = render();
    await waitFor(() => expect(result.current.attachments).toHaveLength(1));
    host.answers.set(list, () => new Response("<h1>Bad gateway</h1>", { status: 502 }));
    await act(() => result.current.fetchAttachments());
    expect(result.current.error?.message).toBe("the host answered 502");
    expect(result.current.attachments).toHaveLength(1);
  });

  it("shows the latest answer when answers overtake each other", async () => {
    host.add("a", "clean");
    const { result } = render();
    await waitFor(() => expect(result.current.attachments).toHaveLength(1));
    let slow = (_: Response) => {};
    host.answers.set(list, () => new Promise((resolve) => { slow = resolve; }));
    const first = result.current.fetchAttachments();
    await vi.waitFor(() => expect(host.asked).toHaveLength(2));
    await Promise.resolve();
    host.answers.clear();
    await act(() => result.current.fetchAttachments());
    slow(json({ attachments: [] }));
    await act(() => first);
    expect(result.current.attachments).toHaveLength(1);
  });
});

describe("ending", () => {
  it("aborts on unmount", async () => {
    host.answers.set(list, () => new Promise(() => {}));
    const { unmount } = render();
    await vi.waitFor(() => expect(host.signals).toHaveLength(1));
    unmount();
    expect(host.signals[0]!.aborted).toBe(true);
  });

  it("aborts what belongs to another message, and never shows it", async () => {
    host.add("old", "clean");
    const { result, rerender } = render();
    await waitFor(() => expect(result.current.attachments).toHaveLength(1));
    host.add("new", "clean").messageId = "m2";
    rerender({ id: "m2" });
    expect(result.current).toMatchObject({ attachments: [], loading: true });
    expect(host.signals[0]!.aborted).toBe(true);
    await waitFor(() => expect(result.current.attachments.map((a) => a.id)).toEqual(["new"]));
  });

  it("rejects a download that the component did not live to see", async () => {
    host.add("a", "clean");
    const { result, unmount } = render();
    await waitFor(() => expect(result.current.attachments).toHaveLength(1));
    host.answers.set("/link/a?n=1", () => new Promise(() => {}));
    const download = result.current.downloadAttachment("a");
    const ended = expect(download).rejects.toMatchObject({ name: "AbortError" });
    await vi.waitFor(() => expect(host.asked).toContain("/link/a?n=1"));
    unmount();
    await ended;
    expect(saved).toEqual([]);
  });

  it("works in strict mode, which mounts twice", async () => {
    host.add("a", "clean");
    const { result } = renderHook(() => useEmailAttachments("m1", options()), { wrapper: StrictMode });
    await waitFor(() => expect(result.current.attachments).toHaveLength(1));
    expect(result.current.error).toBeNull();
  });
});

describe("pending scans", () => {
  const settle = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

  it("looks again, each time later, until none is pending", async () => {
    vi.useFakeTimers();
    const record = host.add("a", "pending");
    const { result } = render("m1", { pollInterval: 1000, maxPollInterval: 3000 });
    await settle(0);
    const looks: number[] = [];
    for (let at = 100; at <= 16_000; at += 100) {
      const before = host.asked.length;
      await settle(100);
      if (host.asked.length > before) looks.push(at);
    }
    expect(looks).toEqual([1000, 2600, 5200, 8200, 11_200, 14_200]);
    record.virusScanStatus = "clean";
    await settle(3000);
    expect(result.current.attachments[0]!.virusScanStatus).toBe("clean");
    const before = host.asked.length;
    await settle(60_000);
    expect(host.asked).toHaveLength(before);
  });

  it("goes on while the host is away, and stops on unmount", async () => {
    vi.useFakeTimers();
    host.add("a", "pending");
    const { result, unmount } = render();
    await settle(0);
    host.answers.set(list, () => { throw new TypeError("network"); });
    await settle(5000);
    expect(result.current.error?.message).toBe("network");
    expect(result.current.attachments).toHaveLength(1);
    host.answers.clear();
    await settle(15_000);
    expect(result.current.error).toBeNull();
    unmount();
    const before = host.asked.length;
    await settle(60_000);
    expect(host.asked).toHaveLength(before);
  });

  it("does not poll where nothing is pending", async () => {
    vi.useFakeTimers();
    host.add("a", "infected");
    render();
    await settle(60_000);
    expect(host.asked).toEqual([list]);
  });

  it("checks one when asked", async () => {
    const record = host.add("a", "error");
    const { result } = render();
    await waitFor(() => expect(result.current.attachments).toHaveLength(1));
    record.virusScanStatus = "clean";
    await act(async () => expect(await result.current.checkScanStatus("a")).toMatchObject({ attachmentId: "a", virusScanStatus: "clean" }));
    expect(result.current.attachments[0]!.virusScanStatus).toBe("clean");
  });
});

describe("downloading", () => {
  const ready = async () => {
    const { result } = render();
    await waitFor(() => expect(result.current.loading).toBe(false));
    return result;
  };

  it("saves the bytes under the safe name, and keeps the link", async () => {
    host.add("a", "clean", "ü.txt");
    const result = await ready();
    await act(() => result.current.downloadAttachment("a"));
    await act(() => result.current.downloadAttachment("a"));
    await waitFor(() => expect(saved).toEqual([["ü.txt", "bytes of a"], ["ü.txt", "bytes of a"]]));
    expect(host.links).toBe(1);
  });

  it("gets a new link when the known one is over", async () => {
    host.add("a", "clean");
    const result = await ready();
    await act(() => result.current.downloadAttachment("a"));
    host.expireLinks();
    await act(() => result.current.downloadAttachment("a"));
    await waitFor(() => expect(saved).toHaveLength(2));
    expect(host.links).toBe(2);
  });

  it.each([403, 410])("tries a %i once more, and no more", async (status) => {
    host.add("a", "clean");
    for (const n of [1, 2, 3]) host.answers.set(`/link/a?n=${n}`, () => json({ error: "link_invalid", message: "no" }, status));
    const result = await ready();
    await act(() => expect(result.current.downloadAttachment("a")).rejects.toMatchObject({ status }));
    expect(host.links).toBe(2);
    expect(saved).toEqual([]);
  });

  it("does not repeat other failures", async () => {
    host.add("a", "clean");
    host.answers.set("/link/a?n=1", () => json({ error: "internal", message: "no" }, 500));
    const result = await ready();
    await act(() => expect(result.current.downloadAttachment("a")).rejects.toMatchObject({ status: 500 }));
    expect(host.links).toBe(1);
  });

  it("learns that it was found infected meanwhile", async () => {
    const record = host.add("a", "clean");
    const result = await ready();
    record.virusScanStatus = "infected";
    await act(() => expect(result.current.downloadAttachment("a")).rejects.toMatchObject({ code: "not_served" }));
    expect(result.current.attachments[0]!.virusScanStatus).toBe("infected");
    expect(saved).toEqual([]);
  });
});
