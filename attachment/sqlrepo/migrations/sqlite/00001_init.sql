-- Times are microseconds since 1970, UTC: they compare as numbers.

-- +goose Up
CREATE TABLE attachment_installation (id TEXT NOT NULL);
INSERT INTO attachment_installation VALUES (lower(hex(randomblob(16))));

CREATE TABLE attachment_contents (
    tenant_id     TEXT    NOT NULL,
    id            TEXT    NOT NULL,
    record_id     TEXT    NOT NULL, -- of the attachment that brought it
    content_hash  TEXT    NOT NULL CHECK (length(content_hash) = 64),
    size          INTEGER NOT NULL CHECK (size >= 0),
    storage_key   TEXT    NOT NULL,
    backend       TEXT    NOT NULL,
    shared        BOOLEAN NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('storing', 'stored', 'deleting')),
    refs          INTEGER NOT NULL DEFAULT 0 CHECK (refs >= 0),
    safe_filename TEXT    NOT NULL,
    mime_type     TEXT    NOT NULL,
    garbage_lease INTEGER,

    scan_status   TEXT    NOT NULL DEFAULT 'skipped',
    scan_result   TEXT,
    scan_signatures TEXT  NOT NULL DEFAULT '',
    scanned_at    INTEGER,
    scan_due      INTEGER,
    pending_since INTEGER,
    scan_attempts INTEGER NOT NULL DEFAULT 0,
    scan_error    TEXT    NOT NULL DEFAULT '',
    scanner       TEXT    NOT NULL DEFAULT '',
    priority      INTEGER NOT NULL DEFAULT 0,
    scan_token    TEXT    NOT NULL DEFAULT '',
    scan_lease    INTEGER,

    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX attachment_contents_hash ON attachment_contents (tenant_id, content_hash) WHERE shared AND state = 'stored';
CREATE INDEX attachment_contents_storing ON attachment_contents (tenant_id, content_hash) WHERE state = 'storing';
CREATE INDEX attachment_contents_intents ON attachment_contents (updated_at) WHERE state = 'storing';
CREATE INDEX attachment_contents_garbage ON attachment_contents (updated_at) WHERE state = 'deleting';
CREATE INDEX attachment_contents_due ON attachment_contents (scan_due) WHERE scan_due IS NOT NULL AND state = 'stored';
CREATE INDEX attachment_contents_scanned ON attachment_contents (scanned_at) WHERE state = 'stored' AND scan_due IS NULL AND scan_status <> 'skipped';
CREATE INDEX attachment_contents_key ON attachment_contents (tenant_id, storage_key);

CREATE TABLE email_attachments (
    tenant_id            TEXT    NOT NULL,
    id                   TEXT    NOT NULL,
    user_id              TEXT    NOT NULL,
    message_id           TEXT    NOT NULL,
    filename             TEXT    NOT NULL,
    safe_filename        TEXT    NOT NULL,
    mime_type            TEXT    NOT NULL,
    declared_mime_type   TEXT    NOT NULL,
    size                 INTEGER NOT NULL,
    content_id           TEXT    NOT NULL,
    is_inline            BOOLEAN NOT NULL,
    position             INTEGER NOT NULL,
    is_deduplicated      BOOLEAN NOT NULL,
    content              TEXT    NOT NULL,
    deleted_at           INTEGER,
    retention_expires_at INTEGER NOT NULL,
    legal_hold           BOOLEAN NOT NULL DEFAULT FALSE,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, content) REFERENCES attachment_contents (tenant_id, id)
) WITHOUT ROWID;
CREATE INDEX email_attachments_message ON email_attachments (tenant_id, message_id, position, created_at, id);
CREATE INDEX email_attachments_newest ON email_attachments (tenant_id, created_at, id);
CREATE INDEX email_attachments_content ON email_attachments (tenant_id, content);
CREATE INDEX email_attachments_retention ON email_attachments (retention_expires_at) WHERE NOT legal_hold;
CREATE INDEX email_attachments_deleted ON email_attachments (deleted_at) WHERE deleted_at IS NOT NULL AND NOT legal_hold;

-- +goose Down
DROP TABLE email_attachments;
DROP TABLE attachment_contents;
DROP TABLE attachment_installation;
