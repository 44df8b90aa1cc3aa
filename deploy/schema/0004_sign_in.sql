-- Sign-ins with an identity provider that are under way: real time, minutes, used once. Neither secret is stored.
CREATE TABLE sfo.sign_ins (
    state_hash   bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,                   -- of the cookie of the browser that began it
    link         uuid NOT NULL REFERENCES sfo.links,
    nonce        text NOT NULL,
    verifier     text NOT NULL,                    -- of PKCE
    carried      jsonb NOT NULL DEFAULT '[]',      -- what was typed before, to be shown again
    expires_at   timestamptz NOT NULL
);
GRANT SELECT, INSERT, DELETE ON sfo.sign_ins TO sfo_app;
