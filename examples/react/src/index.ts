export { AttachmentList } from "./AttachmentList";
export type { AttachmentListProps } from "./AttachmentList";
export { ApiError } from "./client";
export type { ClientOptions } from "./client";
export { formatSize } from "./format";
export type { EmailAttachment, ScanDetails, ScanState, ScanStatus } from "./types";
export { isServed } from "./types";
export { useEmailAttachments } from "./useEmailAttachments";
export type { EmailAttachments, EmailAttachmentsOptions } from "./useEmailAttachments";
