// Package temporalnode runs the attachment handler in Temporal workflows. It is
// a module of its own: a host that does without Temporal does not depend on it.
//
//	tenants := temporalnode.NewTenants(manager.Resolve)
//	c, err := client.Dial(client.Options{ContextPropagators: []workflow.ContextPropagator{tenants}})
//
//	verdicts := temporalnode.NewVerdicts(c, handler)
//	w := worker.New(c, "attachments", worker.Options{Interceptors: []interceptor.WorkerInterceptor{tenants}})
//	temporalnode.NewNode(handler, source, nil).Register(w)
//	temporalnode.NewScans(scanner, ledger, &scan.WorkerOptions{OnVerdict: verdicts.OnVerdict}, nil).Register(w)
//	verdicts.Register(w)
//
// and in a workflow, for each attachment:
//
//	result, err := temporalnode.ExecuteNode(ctx, node)
//	status, err := temporalnode.AwaitVerdict(ctx, result.Output.Data.AttachmentID, time.Hour)
//
// The handler's Options.Queue is a [ScanQueue]; a scan.Reconciler runs in at
// least one process.
//
// # Who lives here
//
//   - [Node]: the activity attachment-handler. References go in, a result comes
//     out, never bytes: package claimcheck has the references.
//   - [Scans] and [ScanQueue]: the workflow scan-attachment, one per content.
//   - [Verdicts] and [AwaitVerdict]: a workflow waits for a verdict.
//   - [Tenants]: carries the tenant from whoever starts a workflow to its
//     activities.
//
// # Refusals and faults
//
// What the handler refuses is an answer: the activity completes, with the same
// result that other hosts give, for the workflow to branch on its errorCode. A
// fault that may pass (retryable in the result) is an ApplicationError whose
// type is the code, so that Temporal retries it. Once its policy gives up,
// [ResultOf] makes it a result again; [Failure] makes any error result an
// error, for workflows that would rather fail.
//
// # Heartbeats
//
// While an activity makes progress it says so, with the number of bytes read.
// One that has made none for [NodeOptions.Stall] is cut off and retried: its
// worker may have lost the database or the store, and another may not have. A
// workflow that is cancelled cuts its activities off as well. Either way the
// handler aborts its writer, and nothing is left behind.
//
// # What Temporal keeps
//
// Histories hold file names, Message-IDs, tenants' ids and presignedUrl, which
// is a secret until it expires. Encrypt payloads with a converter.PayloadCodec,
// and give access to the namespace to those alone who may act for every tenant:
// who can start workflows can name any tenant in the header.
package temporalnode
