// Package attachment is the workflow node attachment-handler: it takes one
// e-mail attachment, judges it, stores its bytes once per tenant, and keeps
// the record.
//
//	node parameters ─► validate ─► read once: hash + sniff + inspect ─► commit ─► node result
//	                                                                 └► refuse: nothing is left
//
// # Who lives here
//
//   - [AttachmentHandler]: Execute and Validate speak the node's JSON, Process
//     takes Go values; Get, List, Open, Delete, Restore serve hosts and httpapi.
//   - Rescan, Release, Quarantine and Destroy: what an admin may do about a
//     verdict. Sweep, EraseTenant, Audit and RescanOld: the host's own calls.
//   - [EmailAttachment] and [Content]: a record, and the bytes that records share.
//   - [Repository]: the port to the database. sqlrepo and attachmenttest
//     implement it.
//   - [NewLedger]: the same repository and store, as package
//     scan wants to see them.
//   - [Error] and [Code]: what workflows branch on.
//
// # How an attachment comes to exist
//
// First the row, then the blob, then the record: Begin writes the intent,
// Commit publishes the bytes, Finish adds the record. A crash in between
// leaves an intent, and the next run of the same input finds it, sees whether
// the blob is there, and goes on from that. What nobody comes back for, Sweep
// removes.
//
// # Observability
//
// Options, scan.WorkerOptions, scan.ReconcilerOptions, scan.PoolOptions and
// tenant.StoreOptions take OpenTelemetry providers; the example named
// Observability wires them all. Nil providers cost nothing.
//
// Spans, below the caller's:
//
//	attachment.process      one attachment, from its parameters to its result
//	  attachment.admit      tenant, parameters, name and declared size are judged
//	  attachment.read       opened, decoded, hashed, recognised, inspected, staged
//	  attachment.begin      the database looks for it, or writes the intent
//	  attachment.publish    the blob becomes visible
//	  attachment.finish     the record is written
//	  attachment.enqueue    the scan queue is told
//	  attachment.link       the link is signed
//	attachment.sweep        one Sweep
//	scan.work               one job of a scan.Worker
//	  scan.claim            the ledger lends it
//	  scan.scan             the scanner looks at it
//	  scan.settle           the ledger takes the verdict
//
// A step that did not happen has no span: a duplicate is neither published nor
// finished. attachment.begin repeats while another execution stores the same
// bytes. attachment.enqueue and the scan.work that follows, in a trace of its
// own, have the same scan.content_id.
//
//	on attachment.process   attachment.id, attachment.size (By), attachment.type,
//	                        attachment.mime_type, attachment.outcome,
//	                        attachment.backend, scan.status
//	on scan.work            scan.content_id, scan.size (By), scan.status,
//	                        scan.engine, scan.attempt
//	on what failed          error.type, and attachment.retryable except on scan.*
//
// Metrics, with unit and attributes:
//
//	attachment.processed         {attachment}  attachment.outcome, attachment.backend, attachment.type, scan.status, error.type
//	attachment.process.duration  s             attachment.outcome, attachment.backend, attachment.type, error.type
//	attachment.process.size      By            attachment.outcome, attachment.backend, attachment.type
//	attachment.dedup.saved       By            attachment.outcome, attachment.backend, attachment.type
//	attachment.sweep.duration    s             attachment.backend, error.type
//	attachment.sweep.removed     {item}        attachment.backend, attachment.sweep.kind
//	attachment.sweep.freed       By            attachment.backend
//	scan.outcomes                {scan}        scan.status, error.type
//	scan.duration                s             scan.status, error.type
//	scan.pending                 {content}     -
//	scan.pending.oldest          s             -
//	scan.pool.waiting            {job}         -
//	scan.pool.running            {job}         -
//	scan.pool.dropped            {job}         -
//	tenant.quota.refused         {blob}        tenant.quota.reason
//	tenant.storage.usage         By            tenant.id
//	tenant.storage.limit         By            tenant.id
//	tenant.blobs.usage           {blob}        tenant.id
//	tenant.blobs.limit           {blob}        tenant.id
//
// Deduplication hits are attachment.processed where attachment.outcome is
// deduplicated. scan.pending and scan.pending.oldest come from the database and
// are the same in every process: take the maximum, not the sum. The last four
// come from tenant.ObserveQuotas.
//
//	attachment.outcome     stored, deduplicated, replayed, failed
//	attachment.backend     Options.Backend
//	attachment.type        what was detected: a detect.Family, or other; not on failed
//	attachment.sweep.kind  record, blob, upload
//	error.type             a Code for attachment.*; for scan.* unavailable, rate_limited,
//	                       timeout, canceled, config, source, too_large, protocol, panic;
//	                       _OTHER for anything else
//	scan.status            a scan.Status
//	tenant.quota.reason    storage, blob_size
//	tenant.id              only with TenantAttribute, but always from ObserveQuotas
//
// Each is from a closed set, whatever senders send. Filenames, message ids, keys,
// links, hashes and the texts of errors are in no span and no metric.
//
// Options.Logger gets one event for each attachment: attachment_processed with
// attachmentId, processingTime (ms), fileSize (bytes), mimeType, virusScanStatus,
// isDeduplicated, storageBackend and tenantId; or attachment_refused with
// errorCode, retryable, messageId, filename, error, processingTime and tenantId.
package attachment
