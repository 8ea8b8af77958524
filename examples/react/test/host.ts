import type { EmailAttachment, ScanStatus } from "../src";

// Host stands for the API: what it knows, and what was asked of it.
export class Host {
  records: EmailAttachment[] = [];
  asked: string[] = [];
  signals: AbortSignal[] = [];
  answers = new Map<string, () => Response | Promise<Response>>(); // instead of its own
  links = 0; // minted so far
  firstValid = 0; // those before it have expired

  expireLinks() {
    this.firstValid = this.links + 1;
  }

  add(id: string, status: ScanStatus, name = `${id}.txt`): EmailAttachment {
    const record: EmailAttachment = {
      id, messageId: "m1", filename: name, safeFilename: name, mimeType: "text/plain", size: 1234, isInline: false,
      isDeduplicated: false, contentHash: "00", virusScanStatus: status, createdAt: "2026-03-01T12:00:00Z",
    };
    this.records.push(record);
    return record;
  }

  fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const path = String(input);
    this.asked.push(path);
    if (init?.signal) this.signals.push(init.signal);
    const answer = this.answers.get(path) ?? (() => this.answer(path));
    await Promise.resolve();
    init?.signal?.throwIfAborted();
    return aborting(Promise.resolve(answer()), init?.signal);
  };

  private answer(path: string): Response {
    const list = /^\/api\/v1\/emails\/([^/]+)\/attachments$/.exec(path);
    if (list) return json({ attachments: this.records.filter((r) => r.messageId === decodeURIComponent(list[1]!)) });
    const link = /^\/link\/(\w+)\?n=(\d+)$/.exec(path);
    if (link) {
      if (Number(link[2]) < this.firstValid) return json({ error: "link_expired", message: "the link has expired" }, 410);
      return new Response(`bytes of ${link[1]}`);
    }
    const [, id, rest] = /^\/api\/v1\/attachments\/(\w+)(.*)$/.exec(path) ?? [];
    const record = this.records.find((r) => r.id === id);
    if (!record) return json({ error: "not_found", message: "no such attachment" }, 404);
    if (rest === "/scan-status") return json({ attachmentId: id, virusScanStatus: record.virusScanStatus });
    return json({ ...record, presignedUrl: `/link/${id}?n=${++this.links}` });
  }
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

// aborting rejects as soon as signal says so, as a browser's fetch does.
function aborting<T>(promise: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
    promise.then(resolve, reject);
  });
}
