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
package attachment
