-- Version 1. Times are ISO 8601 in UTC; masks and patches are blobs of core/store/MaskCodec.h; planes, kinds and modes
-- are the names that the program uses. No patient's name, identifier or date is kept, only UIDs.

PRAGMA application_id = 1768123759; -- 'icmo'

CREATE TABLE study (
    id        INTEGER PRIMARY KEY,
    study_uid TEXT NOT NULL UNIQUE CHECK (study_uid <> '')
) STRICT;

CREATE TABLE series (
    id                     INTEGER PRIMARY KEY,
    study_id               INTEGER NOT NULL REFERENCES study (id),
    series_uid             TEXT NOT NULL CHECK (series_uid <> ''),
    split_key              TEXT NOT NULL,
    pixel_hash             TEXT NOT NULL, -- SHA-256 of the stored values, '' until it is known
    frame_of_reference_uid TEXT NOT NULL,
    modality               TEXT NOT NULL,
    width                  INTEGER NOT NULL CHECK (width > 0),
    height                 INTEGER NOT NULL CHECK (height > 0),
    depth                  INTEGER NOT NULL CHECK (depth > 0),
    opened_utc             TEXT NOT NULL, -- last time
    UNIQUE (series_uid, split_key)
) STRICT;
CREATE INDEX series_of_study ON series (study_id);

-- ---- What happened: append-only.

-- A label set as it was at some time.
CREATE TABLE label_set (
    id        INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL REFERENCES series (id),
    next_id   INTEGER NOT NULL -- ids below are never given again
) STRICT;
CREATE INDEX label_set_of_series ON label_set (series_id);

CREATE TABLE label (
    label_set_id     INTEGER NOT NULL REFERENCES label_set (id),
    label_id         INTEGER NOT NULL CHECK (label_id > 0),
    name             TEXT NOT NULL,
    red              INTEGER NOT NULL,
    green            INTEGER NOT NULL,
    blue             INTEGER NOT NULL,
    category_value   TEXT NOT NULL,
    category_scheme  TEXT NOT NULL,
    category_meaning TEXT NOT NULL,
    type_value       TEXT NOT NULL,
    type_scheme      TEXT NOT NULL,
    type_meaning     TEXT NOT NULL,
    visible          INTEGER NOT NULL CHECK (visible IN (0, 1)),
    locked           INTEGER NOT NULL CHECK (locked IN (0, 1)),
    PRIMARY KEY (label_set_id, label_id)
) STRICT, WITHOUT ROWID;

-- One user step.
CREATE TABLE step (
    id             INTEGER PRIMARY KEY, -- the revision that did it
    series_id      INTEGER NOT NULL REFERENCES series (id),
    kind           TEXT NOT NULL CHECK (kind IN ('accept', 'paint', 'erase', 'import', 'label', 'propagate')),
    name           TEXT NOT NULL, -- as the history shows it
    label_id       INTEGER NOT NULL,
    before_patch   BLOB NOT NULL, -- the touched slices before
    after_patch    BLOB NOT NULL, -- the same slices after
    labels_before  INTEGER REFERENCES label_set (id),
    labels_after   INTEGER REFERENCES label_set (id),
    plane          TEXT NOT NULL CHECK (plane IN ('axial', 'sagittal', 'coronal', 'acquisition')),
    slice          INTEGER NOT NULL,
    window_width   REAL NOT NULL,
    window_level   REAL NOT NULL,
    image_key      TEXT NOT NULL, -- SHA-256 of the picture that was seen
    author         TEXT NOT NULL,
    utc            TEXT NOT NULL,
    active_seconds REAL NOT NULL,
    clicks         INTEGER NOT NULL,
    strokes        INTEGER NOT NULL,
    CHECK ((labels_before IS NULL) = (labels_after IS NULL))
) STRICT;
CREATE INDEX step_of_series ON step (series_id);
CREATE INDEX step_of_labels_before ON step (labels_before);
CREATE INDEX step_of_labels_after ON step (labels_after);

-- What the engine proposed on one slice and what the annotator made of it: all that is needed to learn from it.
CREATE TABLE annotation (
    step_id          INTEGER PRIMARY KEY REFERENCES step (id),
    proposal         BLOB,    -- as the engine gave it
    accepted         BLOB,    -- without runs: examined, nothing there
    proposal_area    INTEGER, -- pixels
    accepted_area    INTEGER,
    mode             TEXT NOT NULL CHECK (mode IN ('replace', 'add', 'subtract')),
    prompts          TEXT NOT NULL, -- JSON of core/engine/Prompt.h
    engine           TEXT NOT NULL,
    weights_sha256   TEXT NOT NULL,
    experts_revision TEXT NOT NULL,
    precision        TEXT NOT NULL,
    device           TEXT NOT NULL,
    threads          INTEGER NOT NULL,
    preprocessing    INTEGER NOT NULL, -- version
    value_range      TEXT NOT NULL,
    CHECK ((proposal IS NULL) = (proposal_area IS NULL)),
    CHECK ((accepted IS NULL) = (accepted_area IS NULL))
) STRICT;

-- Every change of a series, in order. The state is what these do one after the other: 'do' and 'redo' put the step's
-- slices and labels as they are after it, 'undo' as they were before it.
CREATE TABLE revision (
    id        INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL REFERENCES series (id),
    action    TEXT NOT NULL CHECK (action IN ('do', 'undo', 'redo')),
    step_id   INTEGER NOT NULL REFERENCES step (id) DEFERRABLE INITIALLY DEFERRED,
    utc       TEXT NOT NULL
) STRICT;
CREATE INDEX revision_of_series ON revision (series_id, id);
CREATE INDEX revision_of_step ON revision (step_id);

-- ---- What is now: derived from the above in the same transaction, so that a series opens without replaying it.

CREATE TABLE step_state (
    step_id   INTEGER PRIMARY KEY REFERENCES step (id),
    series_id INTEGER NOT NULL REFERENCES series (id),
    state     TEXT NOT NULL CHECK (state IN ('done', 'undone', 'dropped')) -- dropped: undone, then something else was done
) STRICT;
CREATE INDEX step_state_of_series ON step_state (series_id, state, step_id);

CREATE TABLE segment_slice (
    series_id INTEGER NOT NULL REFERENCES series (id),
    label_id  INTEGER NOT NULL CHECK (label_id > 0),
    slice     INTEGER NOT NULL CHECK (slice >= 0),
    mask      BLOB NOT NULL,
    area      INTEGER NOT NULL CHECK (area > 0), -- pixels; empty slices have no row
    PRIMARY KEY (series_id, label_id, slice)
) STRICT, WITHOUT ROWID;

CREATE TABLE present_labels (
    series_id    INTEGER PRIMARY KEY REFERENCES series (id),
    label_set_id INTEGER NOT NULL REFERENCES label_set (id)
) STRICT;
CREATE INDEX present_labels_of_set ON present_labels (label_set_id);

CREATE VIEW segment AS
SELECT series_id, label_id, count(*) AS slices, sum(area) AS voxels FROM segment_slice GROUP BY series_id, label_id;

-- ---- What happened cannot be changed.

CREATE TRIGGER study_is_kept BEFORE DELETE ON study BEGIN SELECT RAISE (ABORT, 'studies are kept'); END;
CREATE TRIGGER study_is_fixed BEFORE UPDATE ON study BEGIN SELECT RAISE (ABORT, 'studies are fixed'); END;
CREATE TRIGGER series_is_kept BEFORE DELETE ON series BEGIN SELECT RAISE (ABORT, 'series are kept'); END;
CREATE TRIGGER series_is_fixed
BEFORE UPDATE OF id, study_id, series_uid, split_key, frame_of_reference_uid, modality, width, height, depth ON series
BEGIN SELECT RAISE (ABORT, 'series are fixed'); END;
CREATE TRIGGER series_pixels_are_fixed BEFORE UPDATE OF pixel_hash ON series
WHEN OLD.pixel_hash <> '' AND NEW.pixel_hash <> OLD.pixel_hash
BEGIN SELECT RAISE (ABORT, 'the pixel hash of a series is fixed'); END;
CREATE TRIGGER label_set_is_kept BEFORE DELETE ON label_set BEGIN SELECT RAISE (ABORT, 'label_set is append-only'); END;
CREATE TRIGGER label_set_is_fixed BEFORE UPDATE ON label_set BEGIN SELECT RAISE (ABORT, 'label_set is append-only'); END;
CREATE TRIGGER label_is_kept BEFORE DELETE ON label BEGIN SELECT RAISE (ABORT, 'label is append-only'); END;
CREATE TRIGGER label_is_fixed BEFORE UPDATE ON label BEGIN SELECT RAISE (ABORT, 'label is append-only'); END;
CREATE TRIGGER step_is_kept BEFORE DELETE ON step BEGIN SELECT RAISE (ABORT, 'step is append-only'); END;
CREATE TRIGGER step_is_fixed BEFORE UPDATE ON step BEGIN SELECT RAISE (ABORT, 'step is append-only'); END;
CREATE TRIGGER annotation_is_kept BEFORE DELETE ON annotation BEGIN SELECT RAISE (ABORT, 'annotation is append-only'); END;
CREATE TRIGGER annotation_is_fixed BEFORE UPDATE ON annotation BEGIN SELECT RAISE (ABORT, 'annotation is append-only'); END;
CREATE TRIGGER revision_is_kept BEFORE DELETE ON revision BEGIN SELECT RAISE (ABORT, 'revision is append-only'); END;
CREATE TRIGGER revision_is_fixed BEFORE UPDATE ON revision BEGIN SELECT RAISE (ABORT, 'revision is append-only'); END;
