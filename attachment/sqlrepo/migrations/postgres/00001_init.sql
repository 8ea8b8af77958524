-- +goose Up
CREATE TABLE attachment_installation (
    id         uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO attachment_installation DEFAULT VALUES;

-- One stored blob of one tenant, and what is true of its bytes.
CREATE TABLE attachment_contents (
    tenant_id     text        NOT NULL,
    id            uuid        NOT NULL,
    record_id     uuid        NOT NULL, -- of the attachment that brought it
    content_hash  text        NOT NULL CHECK (length(content_hash) = 64),
    size          bigint      NOT NULL CHECK (size >= 0),
    storage_key   text        NOT NULL,
    backend       text        NOT NULL,
    shared        boolean     NOT NULL,
    state         text        NOT NULL CHECK (state IN ('storing', 'stored', 'deleting')),
    refs          integer     NOT NULL DEFAULT 0 CHECK (refs >= 0),
    safe_filename text        NOT NULL,
    mime_type     text        NOT NULL,
    garbage_lease timestamptz,

    scan_status   text        NOT NULL DEFAULT 'skipped',
    scan_result   jsonb,
    scan_signatures text      NOT NULL DEFAULT '',
    scanned_at    timestamptz,
    scan_due      timestamptz, -- null: no scan wanted
    pending_since timestamptz,
    scan_attempts integer     NOT NULL DEFAULT 0,
    scan_error    text        NOT NULL DEFAULT '',
    scanner       text        NOT NULL DEFAULT '',
    priority      integer     NOT NULL DEFAULT 0,
    scan_token    text        NOT NULL DEFAULT '',
    scan_lease    timestamptz,

    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);

-- Tables that are new have no statistics. All plans look alike to PostgreSQL
-- then, and an index that begins with tenant_id looks good for any query that
-- names the tenant, though it may walk through everything the tenant has; a
-- function keeps such a plan. Hence tenant_id comes second where another column
-- says more, and what has to win a tie is made last.
CREATE INDEX attachment_contents_key ON attachment_contents (tenant_id, storage_key);
-- These five hold only what is unfinished: their cost grows with that, not with the table.
CREATE INDEX attachment_contents_intents ON attachment_contents (updated_at) WHERE state = 'storing';
CREATE INDEX attachment_contents_storing ON attachment_contents (content_hash, tenant_id, updated_at) WHERE state = 'storing';
CREATE INDEX attachment_contents_garbage ON attachment_contents (updated_at) WHERE state = 'deleting';
CREATE INDEX attachment_contents_due ON attachment_contents (scan_due) WHERE scan_due IS NOT NULL AND state = 'stored';
CREATE INDEX attachment_contents_scanned ON attachment_contents (scanned_at) WHERE state = 'stored' AND scan_due IS NULL AND scan_status <> 'skipped';
-- At most one stored blob per tenant and hash, unless a workflow asked for its own.
CREATE UNIQUE INDEX attachment_contents_hash ON attachment_contents (content_hash, tenant_id) WHERE shared AND state = 'stored';
ALTER TABLE attachment_contents ADD PRIMARY KEY (id, tenant_id);

-- One attachment of one message.
CREATE TABLE email_attachments (
    tenant_id            text        NOT NULL,
    id                   uuid        NOT NULL,
    user_id              text        NOT NULL,
    message_id           text        NOT NULL,
    filename             text        NOT NULL,
    safe_filename        text        NOT NULL,
    mime_type            text        NOT NULL,
    declared_mime_type   text        NOT NULL,
    size                 bigint      NOT NULL,
    content_id           text        NOT NULL,
    is_inline            boolean     NOT NULL,
    position             integer     NOT NULL,
    is_deduplicated      boolean     NOT NULL,
    content              uuid        NOT NULL,
    deleted_at           timestamptz,
    retention_expires_at timestamptz NOT NULL,
    legal_hold           boolean     NOT NULL DEFAULT false,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    FOREIGN KEY (content, tenant_id) REFERENCES attachment_contents (id, tenant_id)
);
CREATE INDEX email_attachments_newest ON email_attachments (tenant_id, created_at, id);
CREATE INDEX email_attachments_message ON email_attachments (message_id, tenant_id, position, created_at, id);
CREATE INDEX email_attachments_content ON email_attachments (content, tenant_id);
CREATE INDEX email_attachments_retention ON email_attachments (retention_expires_at) WHERE NOT legal_hold;
CREATE INDEX email_attachments_deleted ON email_attachments (deleted_at) WHERE deleted_at IS NOT NULL AND NOT legal_hold;
ALTER TABLE email_attachments ADD PRIMARY KEY (id, tenant_id);

-- The second lock on the door. The first is the tenant_id in every query; this
-- one makes a query that forgot it find nothing. '*' is the system at work for
-- all tenants (scanning, sweeping); no tenant can have that name.
ALTER TABLE attachment_contents ENABLE ROW LEVEL SECURITY;
ALTER TABLE attachment_contents FORCE ROW LEVEL SECURITY;
ALTER TABLE email_attachments ENABLE ROW LEVEL SECURITY;
ALTER TABLE email_attachments FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_only ON attachment_contents
    USING (current_setting('attachment.tenant_id', true) IN (tenant_id, '*'))
    WITH CHECK (current_setting('attachment.tenant_id', true) IN (tenant_id, '*'));
CREATE POLICY tenant_only ON email_attachments
    USING (current_setting('attachment.tenant_id', true) IN (tenant_id, '*'))
    WITH CHECK (current_setting('attachment.tenant_id', true) IN (tenant_id, '*'));

-- +goose Down
DROP TABLE email_attachments;
DROP TABLE attachment_contents;
DROP TABLE attachment_installation;
