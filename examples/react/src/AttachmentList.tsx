import { useId, useState } from "react";

import { formatSize, splitName } from "./format";
import "./style.css";
import { type EmailAttachment, isServed, type ScanStatus } from "./types";

export interface AttachmentListProps {
  attachments: readonly EmailAttachment[];
  loading?: boolean;
  error?: Error | null;

  // Either may return a promise: its button waits for it, and a rejection is
  // shown beside the attachment.
  onDownload: (attachment: EmailAttachment) => unknown;
  onCheckStatus: (attachment: EmailAttachment) => unknown;

  // label names the list for who cannot see it. Defaults to "Attachments".
  label?: string;
}

const chips: Record<ScanStatus, { mark: string; label: string }> = {
  clean: { mark: "✓", label: "Clean" },
  pending: { mark: "…", label: "Pending" },
  suspicious: { mark: "!", label: "Suspicious" },
  infected: { mark: "✕", label: "Infected" },
  skipped: { mark: "»", label: "Skipped" },
  error: { mark: "!", label: "Error" },
};

// AttachmentList shows attachments: name, size, scan status, and what can be
// done with each. It fetches nothing by itself.
export function AttachmentList({ attachments, loading = false, error = null, onDownload, onCheckStatus, label = "Attachments" }: AttachmentListProps) {
  return (
    <div className="ea">
      {error && <p className="ea-trouble" role="alert">The attachments cannot be listed just now: {error.message}</p>}
      {loading && <p className="ea-empty" role="status">Loading…</p>}
      {!loading && !error && attachments.length === 0 && <p className="ea-empty">No attachments.</p>}
      {attachments.length > 0 && (
        <ul className="ea-list" aria-label={label}>
          {attachments.map((attachment) => (
            <Item key={attachment.id} {...{ attachment, onDownload, onCheckStatus }} />
          ))}
        </ul>
      )}
    </div>
  );
}

type ItemProps = Pick<AttachmentListProps, "onDownload" | "onCheckStatus"> & { attachment: EmailAttachment };

function Item({ attachment, onDownload, onCheckStatus }: ItemProps) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const nameId = useId();
  const { stem, ext } = splitName(attachment.safeFilename);
  const status = attachment.virusScanStatus;
  const chip = chips[status] ?? chips.error; // a status of a later version is not served either
  const threat = attachment.virusScanDetails?.threat;

  const run = async (act: (attachment: EmailAttachment) => unknown) => {
    setBusy(true);
    setFailure("");
    try {
      await act(attachment);
    } catch (error) {
      if (!(error instanceof Error && error.name === "AbortError")) setFailure(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <li className="ea-item" aria-labelledby={nameId} data-status={status}>
      <div className="ea-what">
        <bdi className="ea-name" id={nameId} title={attachment.safeFilename}>
          <span className="ea-stem">{stem}</span>
          <span className="ea-ext" dir="ltr">{ext}</span>
        </bdi>
        <span className="ea-meta">
          {formatSize(attachment.size)}
          {threat && <> · <bdi>{threat}</bdi></>}
        </span>
        {failure && <span className="ea-failure" role="alert">{failure}</span>}
      </div>
      <span className={`ea-chip ea-${status}`} role="status">
        <span aria-hidden="true">{chip.mark}</span> {chip.label}
      </span>
      {isServed(status) ? (
        <button type="button" className="ea-button" disabled={busy} aria-describedby={nameId} onClick={() => void run(onDownload)}>Download</button>
      ) : (
        <button type="button" className="ea-button" disabled={busy} aria-describedby={nameId} onClick={() => void run(onCheckStatus)}>Check again</button>
      )}
    </li>
  );
}
