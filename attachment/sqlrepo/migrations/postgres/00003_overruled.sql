-- +goose Up
-- Whether a person reached the verdict: old ones of scanners are asked for again,
-- a person's stands until a person asks.
ALTER TABLE attachment_contents ADD COLUMN overruled boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE attachment_contents DROP COLUMN overruled;
