-- Begin and Finish as functions: one round trip each, with the tenant setting,
-- the lock and every step in one transaction. They are PL/pgSQL throughout,
-- whose plans last as long as the connection.

-- +goose Up

-- The record of an attachment with its content, or null. Two queries: a join
-- planned while the tables are new walks through every content of the tenant.
-- +goose StatementBegin
CREATE FUNCTION attachment_record(p_tenant text, p_id uuid) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_record  email_attachments;
    v_content attachment_contents;
BEGIN
    SELECT * INTO v_record FROM email_attachments WHERE tenant_id = p_tenant AND id = p_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT * INTO v_content FROM attachment_contents WHERE tenant_id = p_tenant AND id = v_record.content;
    RETURN to_jsonb(v_record) || jsonb_build_object(
        'content_hash', v_content.content_hash, 'storage_key', v_content.storage_key,
        'scan_status', v_content.scan_status, 'scan_result', v_content.scan_result, 'scanned_at', v_content.scanned_at,
        'scan_due', v_content.scan_due, 'pending_since', v_content.pending_since, 'scan_attempts', v_content.scan_attempts,
        'scanner', v_content.scanner, 'priority', v_content.priority);
END $$;
-- +goose StatementEnd

-- Adds the record of a draft to a content, if that is in the state p_from, and
-- returns the content; null if it is not. The update leaves alone what indexes
-- hold, so that a further reference touches none of them.
-- +goose StatementBegin
CREATE FUNCTION attachment_attach(p_tenant text, p_content uuid, p_from text, d jsonb, p_outcome text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_at   timestamptz := d->>'created_at';
    v_scan boolean := d->>'scan';
    v_row  attachment_contents;
BEGIN
    UPDATE attachment_contents SET
        state = 'stored', refs = refs + 1,
        scan_status   = CASE WHEN v_scan AND scan_status = 'skipped' AND scanned_at IS NULL THEN 'pending' ELSE scan_status END,
        scan_due      = CASE WHEN v_scan AND scan_status = 'skipped' AND scanned_at IS NULL THEN v_at ELSE scan_due END,
        pending_since = CASE WHEN v_scan AND scan_status = 'skipped' AND scanned_at IS NULL THEN v_at ELSE pending_since END,
        scanner       = CASE WHEN v_scan AND scan_status = 'skipped' AND scanned_at IS NULL THEN d->>'scanner' ELSE scanner END,
        priority      = CASE WHEN v_scan AND scan_status = 'skipped' AND scanned_at IS NULL THEN (d->>'priority')::integer ELSE priority END
    WHERE tenant_id = p_tenant AND id = p_content AND state = p_from AND (p_from <> 'deleting' OR garbage_lease IS NULL)
    RETURNING * INTO v_row;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    INSERT INTO email_attachments (tenant_id, id, user_id, message_id, filename, safe_filename, mime_type,
        declared_mime_type, size, content_id, is_inline, position, is_deduplicated, content,
        retention_expires_at, created_at, updated_at)
    VALUES (p_tenant, (d->>'id')::uuid, d->>'user_id', d->>'message_id', d->>'filename', d->>'safe_filename', d->>'mime_type',
        d->>'declared_mime_type', (d->>'size')::bigint, d->>'content_id', (d->>'is_inline')::boolean, (d->>'position')::integer,
        p_outcome = 'attached', p_content, (d->>'retention_expires_at')::timestamptz, v_at, v_at);

    RETURN jsonb_build_object('outcome', p_outcome, 'content', to_jsonb(v_row));
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION attachment_begin(p_tenant text, d jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_id     uuid    := d->>'id';
    v_hash   text    := d->>'content_hash';
    v_mine   uuid    := d->>'content';
    v_shared boolean := d->>'shared';
    v_at     timestamptz := d->>'created_at';
    v_stored uuid;
    v_row    attachment_contents;
    v_known  jsonb;
BEGIN
    PERFORM set_config('attachment.tenant_id', p_tenant, true), pg_advisory_xact_lock(hashtextextended(p_tenant || '/' || v_hash, 0));

    v_known := attachment_record(p_tenant, v_id);
    IF v_known IS NOT NULL THEN
        RETURN jsonb_build_object('outcome', 'replayed', 'record', v_known);
    END IF;

    IF v_shared THEN
        SELECT id INTO v_stored FROM attachment_contents
        WHERE tenant_id = p_tenant AND content_hash = v_hash AND shared AND state = 'stored';
        IF FOUND THEN
            v_known := attachment_attach(p_tenant, v_stored, 'stored', d, 'attached');
            IF v_known IS NOT NULL THEN -- or it lost its last reference in between
                RETURN v_known;
            END IF;
        END IF;
    END IF;
    SELECT * INTO v_row FROM attachment_contents
    WHERE tenant_id = p_tenant AND content_hash = v_hash AND state = 'storing'
        AND (shared AND v_shared OR record_id = v_id) AND NOT d->'given_up' ? id::text
    ORDER BY id = v_mine DESC, updated_at DESC LIMIT 1;
    IF v_row.id = v_mine THEN -- the answer to an earlier call got lost
        RETURN jsonb_build_object('outcome', 'fresh');
    ELSIF FOUND THEN
        RETURN jsonb_build_object('outcome', 'busy', 'content', to_jsonb(v_row));
    END IF;

    INSERT INTO attachment_contents (tenant_id, id, record_id, content_hash, size, storage_key, backend, shared, state,
        safe_filename, mime_type, created_at, updated_at)
    VALUES (p_tenant, v_mine, v_id, v_hash, (d->>'size')::bigint, d->>'storage_key', d->>'backend', v_shared, 'storing',
        d->>'safe_filename', d->>'mime_type', v_at, v_at)
    ON CONFLICT (id, tenant_id) DO NOTHING;
    RETURN jsonb_build_object('outcome', CASE WHEN FOUND THEN 'fresh' ELSE 'gone' END);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION attachment_finish(p_tenant text, d jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    v_hash   text := d->>'content_hash';
    v_mine   uuid := d->>'content';
    v_winner uuid;
    v_answer jsonb;
BEGIN
    PERFORM set_config('attachment.tenant_id', p_tenant, true), pg_advisory_xact_lock(hashtextextended(p_tenant || '/' || v_hash, 0));

    v_answer := attachment_record(p_tenant, (d->>'id')::uuid);
    IF v_answer IS NOT NULL THEN
        v_answer := jsonb_build_object('outcome', 'replayed', 'record', v_answer);
    ELSIF (d->>'shared')::boolean THEN
        SELECT id INTO v_winner FROM attachment_contents
        WHERE tenant_id = p_tenant AND content_hash = v_hash AND shared AND state = 'stored';
        IF FOUND THEN
            v_answer := attachment_attach(p_tenant, v_winner, 'stored', d, 'attached');
        END IF;
    END IF;
    IF v_answer IS NOT NULL THEN
        -- Somebody else got there first: this blob is one too many.
        UPDATE attachment_contents SET state = 'deleting', updated_at = (d->>'created_at')::timestamptz
        WHERE tenant_id = p_tenant AND id = v_mine AND state = 'storing';
        RETURN v_answer;
    END IF;

    -- One that lost its references meanwhile, and that no sweeper has, is as good as new.
    RETURN coalesce(
        attachment_attach(p_tenant, v_mine, 'storing', d, 'stored'),
        attachment_attach(p_tenant, v_mine, 'deleting', d, 'stored'),
        attachment_attach(p_tenant, v_mine, 'stored', d, 'attached'),
        jsonb_build_object('outcome', 'gone'));
END $$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION attachment_finish, attachment_begin, attachment_attach, attachment_record;
