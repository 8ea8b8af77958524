import type { EmailAttachment, ScanState } from "./types";

export interface ClientOptions {
  // baseUrl is where the API is, such as "https://mail.example.com". Defaults
  // to "": the page's own host.
  baseUrl?: string;

  // headers go with every call but downloads by link, which carry their own
  // proof: { Authorization: "Bearer …" }. Defaults to none.
  headers?: () => Record<string, string> | Promise<Record<string, string>>;

  // fetch defaults to the browser's.
  fetch?: typeof fetch;
}

// ApiError is an answer of the host that is no success.
export class ApiError extends Error {
  constructor(
    readonly status: number, // HTTP
    readonly code: string, // of the API, "" if something else answered
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

async function refusal(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const answer = JSON.parse(text) as { error?: unknown; message?: unknown };
    if (typeof answer.message === "string") return new ApiError(response.status, String(answer.error ?? ""), answer.message);
  } catch {
    // not from the API: a proxy, perhaps
  }
  return new ApiError(response.status, "", `the host answered ${response.status}`);
}

// createClient returns the calls. Each takes the signal that ends it.
export function createClient(options: ClientOptions) {
  const base = (options.baseUrl ?? "").replace(/\/$/, "");
  const ask = options.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init));

  async function get<T>(path: string, signal: AbortSignal): Promise<T> {
    const headers = { Accept: "application/json", ...(await options.headers?.()) };
    const response = await ask(`${base}/api/v1${path}`, { headers, signal });
    if (!response.ok) throw await refusal(response);
    return (await response.json()) as T;
  }
  const one = (id: string) => `/attachments/${encodeURIComponent(id)}`;

  return {
    // list returns all attachments of a message, in the message's order.
    async list(messageId: string, signal: AbortSignal): Promise<EmailAttachment[]> {
      const path = `/emails/${encodeURIComponent(messageId)}/attachments`;
      const found: EmailAttachment[] = [];
      let cursor = "";
      do {
        const page = await get<{ attachments: EmailAttachment[]; nextCursor?: string }>(`${path}${cursor && `?cursor=${encodeURIComponent(cursor)}`}`, signal);
        found.push(...page.attachments);
        cursor = page.nextCursor ?? "";
      } while (cursor);
      return found;
    },

    get: (id: string, signal: AbortSignal) => get<EmailAttachment>(one(id), signal),

    scanStatus: (id: string, signal: AbortSignal) => get<ScanState>(`${one(id)}/scan-status`, signal),

    // follow fetches the bytes behind a link, which may be a path.
    async follow(link: string, signal: AbortSignal): Promise<Blob> {
      const response = await ask(link.startsWith("/") ? base + link : link, { signal, credentials: "omit" });
      if (!response.ok) throw await refusal(response);
      return response.blob();
    },
  };
}

export type Client = ReturnType<typeof createClient>;
