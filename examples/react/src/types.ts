// The records of the attachment handler's HTTP API, as its openapi.json has them.

export type ScanStatus = "pending" | "clean" | "suspicious" | "infected" | "skipped" | "error";

export interface ScanDetails {
  verdict: string;
  threat?: string;
  detail?: string;
  engine?: string;
}

export interface EmailAttachment {
  id: string;
  messageId: string;
  filename: string; // as sent: show safeFilename
  safeFilename: string;
  mimeType: string;
  size: number; // bytes
  isInline: boolean;
  isDeduplicated: boolean;
  contentHash: string; // SHA-256, hex
  virusScanStatus: ScanStatus;
  virusScanDetails?: ScanDetails;
  virusScanAt?: string;
  createdAt: string;
  presignedUrl?: string; // only where one record was asked for
}

export interface ScanState {
  attachmentId: string;
  virusScanStatus: ScanStatus;
  virusScanDetails?: ScanDetails;
  virusScanAt?: string;
}

// isServed tells whether the host hands out the bytes, unless its policy is
// stricter than the default.
export function isServed(status: ScanStatus): boolean {
  return status === "clean" || status === "skipped";
}
