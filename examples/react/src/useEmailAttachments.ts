import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { type ClientOptions, createClient } from "./client";
import { fetchBytes, save } from "./download";
import type { EmailAttachment, ScanState } from "./types";

export interface EmailAttachmentsOptions extends ClientOptions {
  // pollInterval is after how many milliseconds a pending scan is looked at
  // again; each further look waits longer, up to maxPollInterval. Default to
  // 1000 and 15000.
  pollInterval?: number;
  maxPollInterval?: number;

  // save receives what downloadAttachment fetched. Defaults to the browser's
  // downloads.
  save?: (bytes: Blob, name: string) => void;
}

export interface EmailAttachments {
  attachments: EmailAttachment[];
  loading: boolean; // the first list of this message is not there yet
  error: Error | null; // of the last look at the list
  fetchAttachments: () => Promise<void>;
  downloadAttachment: (id: string) => Promise<void>;
  checkScanStatus: (id: string) => Promise<ScanState>;
}

interface State {
  messageId: string;
  attachments: EmailAttachment[];
  loading: boolean;
  error: Error | null;
}

const growth = 1.6; // of the wait between two looks

// useEmailAttachments keeps the attachments of a message: it lists them, and
// looks again while scans are pending. Everything under way ends when the
// component goes or the message changes; what was asked for by then rejects
// with an AbortError.
export function useEmailAttachments(messageId: string, options: EmailAttachmentsOptions = {}): EmailAttachments {
  const latest = useRef(options);
  latest.current = options;
  const { baseUrl = "" } = options;
  const client = useMemo(
    () => createClient({ baseUrl, headers: () => latest.current.headers?.() ?? {}, fetch: (input, init) => (latest.current.fetch ?? fetch)(input, init) }),
    [baseUrl],
  );

  const [state, setState] = useState<State>(() => fresh(messageId));
  const life = useRef(new AbortController()); // of this message in this component
  const links = useRef(new Map<string, string>());

  const asked = useRef(0);
  const fetchAttachments = useCallback(async () => {
    const { signal } = life.current;
    const turn = ++asked.current;
    const late = () => signal.aborted || turn !== asked.current; // a later answer may be here already
    try {
      const attachments = await client.list(messageId, signal);
      if (!late()) setState({ messageId, attachments, loading: false, error: null });
    } catch (error) {
      if (!late()) setState((s) => ({ ...s, loading: false, error: asError(error) }));
    }
  }, [client, messageId]);

  useEffect(() => {
    const controller = new AbortController();
    life.current = controller;
    links.current = new Map();
    setState((s) => (s.messageId === messageId && s.loading ? s : fresh(messageId)));
    void fetchAttachments();
    return () => controller.abort();
  }, [fetchAttachments, messageId]);

  // State of another message is not shown, not even for one frame.
  const current = state.messageId === messageId ? state : fresh(messageId);

  const shown = useRef(current.attachments);
  shown.current = current.attachments;

  const pending = current.attachments.filter((a) => a.virusScanStatus === "pending").map((a) => a.id).join();
  useEffect(() => {
    if (!pending) return;
    let timer: ReturnType<typeof setTimeout>;
    let over = false;
    const wait = (delay: number) => {
      timer = setTimeout(async () => {
        await fetchAttachments();
        if (!over) wait(Math.min(delay * growth, latest.current.maxPollInterval ?? 15_000));
      }, delay);
    };
    wait(latest.current.pollInterval ?? 1000);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [pending, fetchAttachments]);

  const merge = useCallback((id: string, news: Partial<EmailAttachment>) => {
    setState((s) => ({ ...s, attachments: s.attachments.map((a) => (a.id === id ? { ...a, ...news } : a)) }));
  }, []);

  const downloadAttachment = useCallback(
    async (id: string) => {
      const { signal } = life.current;
      let name = shown.current.find((a) => a.id === id)?.safeFilename ?? "attachment";
      const seen = (record: EmailAttachment) => {
        name = record.safeFilename;
        if (!signal.aborted) merge(id, record);
      };
      const bytes = await fetchBytes(client, id, links.current, seen, signal);
      signal.throwIfAborted();
      (latest.current.save ?? save)(bytes, name);
    },
    [client, merge],
  );

  const checkScanStatus = useCallback(
    async (id: string) => {
      const { signal } = life.current;
      const { attachmentId, ...news } = await client.scanStatus(id, signal);
      signal.throwIfAborted();
      merge(id, news);
      return { attachmentId, ...news };
    },
    [client, merge],
  );

  return { attachments: current.attachments, loading: current.loading, error: current.error, fetchAttachments, downloadAttachment, checkScanStatus };
}

function fresh(messageId: string): State {
  return { messageId, attachments: [], loading: true, error: null };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
