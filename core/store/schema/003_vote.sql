-- Version 3: how an accepted proposal came about. A preview is a quick answer that was accepted before the full one came.

ALTER TABLE annotation ADD COLUMN preview INTEGER NOT NULL DEFAULT 0 CHECK (preview IN (0, 1));

CREATE TABLE vote (
    step_id               INTEGER PRIMARY KEY REFERENCES annotation (step_id),
    voters                TEXT NOT NULL, -- JSON of core/engine/Vote.h
    boundary_disagreement REAL NOT NULL CHECK (boundary_disagreement BETWEEN 0 AND 1), -- also in the JSON; for queries
    disagreement          BLOB -- a byte for each pixel of the proposal
) STRICT;

CREATE TRIGGER vote_is_kept BEFORE DELETE ON vote BEGIN SELECT RAISE (ABORT, 'vote is append-only'); END;
CREATE TRIGGER vote_is_fixed BEFORE UPDATE ON vote BEGIN SELECT RAISE (ABORT, 'vote is append-only'); END;
