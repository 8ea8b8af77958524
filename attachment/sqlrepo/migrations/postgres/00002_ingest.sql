-- Begin and Finish as functions: one round trip each, with the tenant setting,
-- the lock and every step in one transaction.

-- +goose Up

-- The record of an attachment joined with its content, or null.
-- +goose StatementBegin
CREATE FUNCTION attachment_record(p_tenant text, p_id uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT to_jsonb(r) || jsonb_build_object(
        'content_hash', c.content_hash, 'storage_key', c.storage_key,
        'scan_status', c.scan_status, 'scan_result', c.scan_result, 'scanned_at', c.scanned_at,
        'scan_due', c.scan_due, 'pending_since', c.pending_since, 'scan_attempts', c.scan_attempts,
        'scanner', c.scanner, 'priority', c.priority)
    FROM email_attachments r
    JOIN attachment_contents c ON c.tenant_id = r.tenant_id AND c.id = r.content
    WHERE r.tenant_id = p_tenant AND r.id = p_id
$$;
-- +goose StatementEnd

-- Adds the record of a draft to a stored content, whose row the caller has locked.
-- +goose StatementBegin
CREATE FUNCTION attachment_attach(p_tenant text, p_content uuid, d jsonb, p_outcome text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at   timestamptz := (d->>'created_at')::timestamptz;
    v_wake boolean;
BEGIN
    SELECT (d->>'scan')::boolean AND scan_status = 'skipped' AND scanned_at IS NULL INTO v_wake
    FROM attachment_contents WHERE tenant_id = p_tenant AND id = p_content;

    UPDATE attachment_contents SET
        refs = refs + 1, updated_at = v_at,
        scan_status   = CASE WHEN v_wake THEN 'pending' ELSE scan_status END,
        scan_due      = CASE WHEN v_wake THEN v_at ELSE scan_due END,
        pending_since = CASE WHEN v_wake THEN v_at ELSE pending_since END,
        scanner       = CASE WHEN v_wake THEN d->>'scanner' ELSE scanner END,
        priority      = CASE WHEN v_wake THEN (d->>'priority')::integer ELSE priority END
    WHERE tenant_id = p_tenant AND id = p_content;

    INSERT INTO email_attachments (tenant_id, id, user_id, message_id, filename, safe_filename, mime_type,
        declared_mime_type, size, content_id, is_inline, position, is_deduplicated, content,
        retention_expires_at, created_at, updated_at)
    VALUES (p_tenant, (d->>'id')::uuid, d->>'user_id', d->>'message_id', d->>'filename', d->>'safe_filename', d->>'mime_type',
        d->>'declared_mime_type', (d->>'size')::bigint, d->>'content_id', (d->>'is_inline')::boolean, (d->>'position')::integer,
        p_outcome = 'attached', p_content, (d->>'retention_expires_at')::timestamptz, v_at, v_at);

    RETURN jsonb_build_object('outcome', p_outcome, 'record', attachment_record(p_tenant, (d->>'id')::uuid));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION attachment_begin(p_tenant text, d jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_hash   text    := d->>'content_hash';
    v_shared boolean := (d->>'shared')::boolean;
    v_at     timestamptz := (d->>'created_at')::timestamptz;
    v_row    attachment_contents;
    v_known  jsonb;
BEGIN
    PERFORM set_config('attachment.tenant_id', p_tenant, true);
    PERFORM pg_advisory_xact_lock(hashtextextended(p_tenant || '/' || v_hash, 0));

    v_known := attachment_record(p_tenant, (d->>'id')::uuid);
    IF v_known IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'replayed', 'record', v_known);
    END IF;

    IF v_shared THEN
        SELECT * INTO v_row FROM attachment_contents
        WHERE tenant_id = p_tenant AND content_hash = v_hash AND shared AND state = 'stored' FOR UPDATE;
        IF FOUND THEN
            RETURN attachment_attach(p_tenant, v_row.id, d, 'attached');
        END IF;
    END IF;
    IF NOT (d->>'compete')::boolean THEN
        SELECT * INTO v_row FROM attachment_contents
        WHERE tenant_id = p_tenant AND content_hash = v_hash AND state = 'storing'
            AND (shared AND v_shared OR record_id = (d->>'id')::uuid)
        ORDER BY updated_at DESC LIMIT 1;
        IF FOUND THEN
            RETURN jsonb_build_object('outcome', 'busy', 'intent', to_jsonb(v_row));
        END IF;
    END IF;

    INSERT INTO attachment_contents (tenant_id, id, record_id, content_hash, size, storage_key, backend, shared, state,
        safe_filename, mime_type, created_at, updated_at)
    VALUES (p_tenant, (d->>'content')::uuid, (d->>'id')::uuid, v_hash, (d->>'size')::bigint, d->>'storage_key', d->>'backend', v_shared, 'storing',
        d->>'safe_filename', d->>'mime_type', v_at, v_at);
    RETURN jsonb_build_object('outcome', 'fresh');
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION attachment_finish(p_tenant text, d jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_hash   text := d->>'content_hash';
    v_mine   uuid := (d->>'content')::uuid;
    v_winner uuid;
    v_state  text;
    v_handed timestamptz; -- when it was handed out for deletion
    v_known  jsonb;
BEGIN
    PERFORM set_config('attachment.tenant_id', p_tenant, true);
    PERFORM pg_advisory_xact_lock(hashtextextended(p_tenant || '/' || v_hash, 0));

    SELECT state, garbage_lease INTO v_state, v_handed FROM attachment_contents WHERE tenant_id = p_tenant AND id = v_mine FOR UPDATE;
    v_known := attachment_record(p_tenant, (d->>'id')::uuid);
    IF v_known IS NULL AND (d->>'shared')::boolean THEN
        SELECT id INTO v_winner FROM attachment_contents
        WHERE tenant_id = p_tenant AND content_hash = v_hash AND shared AND state = 'stored' FOR UPDATE;
    END IF;

    -- Somebody else got there first: this blob is one too many.
    IF v_state = 'storing' AND (v_known IS NOT NULL OR v_winner IS NOT NULL) THEN
        UPDATE attachment_contents SET state = 'deleting', updated_at = (d->>'created_at')::timestamptz
        WHERE tenant_id = p_tenant AND id = v_mine;
    END IF;
    IF v_known IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'replayed', 'record', v_known);
    ELSIF v_winner IS NOT NULL THEN
        RETURN attachment_attach(p_tenant, v_winner, d, 'attached');
    ELSIF v_state = 'storing' OR v_state = 'deleting' AND v_handed IS NULL THEN
        -- One that lost its references meanwhile, and that no sweeper has, is as good as new.
        UPDATE attachment_contents SET state = 'stored' WHERE tenant_id = p_tenant AND id = v_mine;
        RETURN attachment_attach(p_tenant, v_mine, d, 'stored');
    ELSIF v_state = 'stored' THEN
        RETURN attachment_attach(p_tenant, v_mine, d, 'attached');
    END IF;
    RETURN jsonb_build_object('outcome', 'gone');
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION attachment_finish, attachment_begin, attachment_attach, attachment_record;
