// # Security checklist for hosts
//
// The library cannot see these; the host sees to them.
//
//   - The tenant in ctx comes from a verified token or from the engine's own
//     record of the run, never from a node parameter or a header.
//   - The store is wrapped in tenant.NewStore, with a Manager where quotas matter,
//     and the database role of the service is no superuser and lacks BYPASSRLS, so
//     that row-level security holds for it.
//   - httpapi is mounted behind auth.NewChain or the like. Only the download route
//     may be reached without a token, and only with a signed link.
//   - Link secrets are 32 random bytes or more, from a secret store. To rotate:
//     put the new key first, keep the old one until its last link has expired (a
//     week at most), take it out.
//   - Downloads are served from an origin without cookies, or at least without
//     taking away the headers of package serve.
//   - A real scanner is wired; scan/eicar finds one test file and nothing else.
//     ServePending stays off. Whoever may Release, Quarantine or Destroy holds
//     tenant.Admin, and few do.
//   - A storage key, and so a link, has the message id and the filename under which
//     the tenant stored those bytes first. Where one user may not learn what another
//     calls his mail, enableDeduplication is false.
//   - AttachmentHandler asks for the tenant's permission; that a user reaches his own
//     attachments only is httpapi's rule, and the host's where it calls Get, List,
//     Open and Delete itself.
//   - ScanEndpoints, the hosts that a Source opens and the folders it reads from
//     are closed lists. A Source that fetches by URL refuses private addresses
//     after the name is resolved, and every redirect too.
//   - MaxSize, the policy's archive limits, the rate limits and the quota are
//     those the machine can bear; 5 GiB is what the library can, not what a host
//     has to.
//   - Bucket, database and scanner speak TLS beyond one machine. The bucket is
//     private and blocks public access; cryptblob encrypts where the backend is
//     not trusted.
//   - Node results go into the engine's history with their presignedUrl: keep
//     urlExpirationSeconds short, or leave Links unset and let the API mint links.
//   - Sweep runs, the reconciler runs, and somebody is told when
//     scan.pending.oldest grows or attachment.processed fails with STORAGE_ERROR
//     or DATABASE_ERROR.
//
// # Troubleshooting, by error code
//
// A workflow repeats a node if the result's retryable is true, and only then; the
// same input again never makes a second attachment. The event attachment_refused
// in the log has the cause that the result leaves out.
//
// INVALID_PARAMS: a parameter is missing, malformed or out of range, or the data
// is not in the encoding it claims. The sentence names the parameter. Look at the
// node's templates (Validate finds most of it in the editor) and at encoding:
// strings are base64 unless it says otherwise. Never retry.
//
// SIZE_LIMIT_EXCEEDED: the declared or the real size is over maxSize or
// Options.MaxSize. Real bytes count, whatever size says. Raise the limit or tell
// the sender. Never retry.
//
// SECURITY_VIOLATION: the policy refused the name, the bytes or something in the
// archive; or storagePath leaves its folder; or virusScanEndpoint is not in
// Options.ScanEndpoints. The sentence has the reason. Many at once: an attack, or
// a policy too strict for a tenant (Options.Policy). Never retry.
//
// INVALID_MIME_TYPE: what the bytes are is not among the types that the tenant
// takes. Detection goes by the bytes, whatever the name and mimeType say. Never
// retry.
//
// CONTENT_MISMATCH: the bytes do not have the SHA-256 that contentHash announces.
// Something between sender and node changed or cut them: line endings, a second
// encoding, a truncated fetch. Fetch again; the same input does not get better.
//
// QUOTA_EXCEEDED: the tenant has no room. Look at its usage in the Manager, and
// with tenant.Store.Measure at what is really stored: after crashes the two can
// differ. Deleted attachments count until Sweep has removed them. Retry once there
// is room, not before.
//
// FORBIDDEN: ctx has no tenant or no valid one, or the user lacks tenant.Write.
// After a move to another engine: does the tenant travel to the worker? Never
// retry.
//
// STORAGE_ERROR: the blob store failed. Retryable: out of reach, busy, out of
// space, or a race lost against a sweep. Not retryable: credentials, a bucket that
// is not there, a folder without write permission. Look at the span
// attachment.publish (small attachments) or attachment.read (streams).
//
// DATABASE_ERROR: the repository failed. Retryable: connection lost, failover,
// serialization, busy. Not retryable: a migration not applied, a role without
// rights, row-level security refusing. The span attachment.begin or
// attachment.finish failed. If it was finish, the blob is stored already, and the
// retry completes it.
//
// ATTACHMENT_HANDLER_ERROR: everything else. Retryable: the data broke off while
// it was read, a reference could not be opened, the run was cancelled. Not
// retryable: a fault of the library or of a host's hook; the log has "attachment
// handler panicked" and a stack. Report it.
//
// No error, but a virusScanStatus that stays pending: no worker runs, the scanner
// is down (scan.outcomes with scan.status pending grows), or the backlog is long
// (scan.pending). Status error: no verdict can be reached; virusScanDetails says
// why or, where the scanner failed, scan_error in the content's row. Rescan asks
// again, Release lets a person answer for it.
package attachment
