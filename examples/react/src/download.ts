import { ApiError, type Client } from "./client";
import { type EmailAttachment, isServed } from "./types";

// fetchBytes fetches an attachment by its link: the known one, or a new one if
// none is known or the known one is over. known is kept up to date.
export async function fetchBytes(client: Client, id: string, known: Map<string, string>, seen: (a: EmailAttachment) => void, signal: AbortSignal): Promise<Blob> {
  const mint = async () => {
    const record = await client.get(id, signal);
    seen(record);
    if (!isServed(record.virusScanStatus)) throw new ApiError(403, "not_served", `not served: its scan status is ${record.virusScanStatus}`);
    if (!record.presignedUrl) throw new ApiError(403, "link_invalid", "the host mints no links");
    known.set(id, record.presignedUrl);
    return record.presignedUrl;
  };
  const link = known.get(id) ?? (await mint());
  try {
    return await client.follow(link, signal);
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 403 && error.status !== 410)) throw error;
    known.delete(id);
    return client.follow(await mint(), signal); // once: what a new link does not open stays shut
  }
}

// save hands bytes to the browser's downloads.
export function save(bytes: Blob, name: string): void {
  const url = URL.createObjectURL(bytes);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // a browser may still ask where to
}
