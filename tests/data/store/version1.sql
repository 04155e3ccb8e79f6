-- A database of schema version 1, as the program of that version wrote it (sqlite3 .dump).
PRAGMA application_id = 1768123759;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE study (
    id        INTEGER PRIMARY KEY,
    study_uid TEXT NOT NULL UNIQUE CHECK (study_uid <> '')
) STRICT;
INSERT INTO study VALUES(1,'1.2.840.99');
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
INSERT INTO series VALUES(1,1,'1.2.840.1','','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','1.2.840.77','MR',48,40,12,'2026-11-22T23:24:28.683Z');
CREATE TABLE label_set (
    id        INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL REFERENCES series (id),
    next_id   INTEGER NOT NULL -- ids below are never given again
) STRICT;
INSERT INTO label_set VALUES(1,1,1);
INSERT INTO label_set VALUES(2,1,3);
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
INSERT INTO label VALUES(2,1,'Putamen',139,205,160,'85756007','SCT','Tissue','85756007','SCT','Tissue',1,0);
INSERT INTO label VALUES(2,2,'Lateral ventricles',205,105,0,'123037004','SCT','Anatomical Structure','66720007','SCT','Lateral ventricle',0,1);
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
INSERT INTO step VALUES(1,1,'label','Labels added',0,X'0000',X'0000',1,2,'acquisition',0,0.0,0.0,'','','2026-11-22T23:24:28.685Z',0.0,0,0);
INSERT INTO step VALUES(2,1,'paint','Putamen brushed',1,X'0001010103302800',X'000101010330280bfa01002c05270826082608250a25082608260828052b00',NULL,NULL,'acquisition',3,0.0,0.0,'','','2026-11-22T23:24:28.687Z',0.0,0,1);
INSERT INTO step VALUES(3,1,'accept','Accepted',2,X'0001020104302800',X'000102010430280be505002b06270826082608250a25082608260827062b00',NULL,NULL,'acquisition',4,400.0,40.500000000000000001,'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc','Ärztin 1','2026-11-22T14:32:08.000Z',12.749999999999999999,3,2);
INSERT INTO step VALUES(4,1,'paint','Brushed and undone',1,X'0001010105302800',X'000101010530280bdc02002b06270826082608250a25082608260827062b00',NULL,NULL,'acquisition',5,0.0,0.0,'','','2026-11-22T23:24:28.690Z',0.0,0,1);
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
INSERT INTO annotation VALUES(3,X'0030280be405002b06270826082608250a25082608260827062b00',X'0030280be505002b06270826082608250a25082608260827062b00',81,81,'add','[{"box":[3.25,4.0,20.0,21.5],"id":1,"plane":"acquisition","slice":4},{"id":2,"inside":false,"plane":"acquisition","point":[10.0,11.0],"slice":4},{"id":3,"inside":true,"plane":"acquisition","scribble":[[1.0,2.0],[3.0,4.0]],"slice":4},{"id":4,"lasso":[[1.0,2.0],[3.0,4.0],[9.0,1.0]],"plane":"acquisition","slice":4},{"id":5,"mask":{"height":40,"runs":[[152,153],[198,204],[244,253],[292,301],[340,349],[387,398],[436,445],[484,493],[532,541],[582,588],[632,633]],"width":48},"plane":"acquisition","slice":4}]','LiteMedSAM','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','none','bf16','CPU, 2 threads',2,3,'CT abdomen 40/400');
CREATE TABLE revision (
    id        INTEGER PRIMARY KEY,
    series_id INTEGER NOT NULL REFERENCES series (id),
    action    TEXT NOT NULL CHECK (action IN ('do', 'undo', 'redo')),
    step_id   INTEGER NOT NULL REFERENCES step (id) DEFERRABLE INITIALLY DEFERRED,
    utc       TEXT NOT NULL
) STRICT;
INSERT INTO revision VALUES(1,1,'do',1,'2026-11-22T23:24:28.685Z');
INSERT INTO revision VALUES(2,1,'do',2,'2026-11-22T23:24:28.687Z');
INSERT INTO revision VALUES(3,1,'do',3,'2026-11-22T23:24:28.688Z');
INSERT INTO revision VALUES(4,1,'do',4,'2026-11-22T23:24:28.690Z');
INSERT INTO revision VALUES(5,1,'undo',4,'2026-11-22T23:24:28.691Z');
CREATE TABLE step_state (
    step_id   INTEGER PRIMARY KEY REFERENCES step (id),
    series_id INTEGER NOT NULL REFERENCES series (id),
    state     TEXT NOT NULL CHECK (state IN ('done', 'undone', 'dropped')) -- dropped: undone, then something else was done
) STRICT;
INSERT INTO step_state VALUES(1,1,'done');
INSERT INTO step_state VALUES(2,1,'done');
INSERT INTO step_state VALUES(3,1,'done');
INSERT INTO step_state VALUES(4,1,'undone');
CREATE TABLE segment_slice (
    series_id INTEGER NOT NULL REFERENCES series (id),
    label_id  INTEGER NOT NULL CHECK (label_id > 0),
    slice     INTEGER NOT NULL CHECK (slice >= 0),
    mask      BLOB NOT NULL,
    area      INTEGER NOT NULL CHECK (area > 0), -- pixels; empty slices have no row
    PRIMARY KEY (series_id, label_id, slice)
) STRICT, WITHOUT ROWID;
INSERT INTO segment_slice VALUES(1,1,3,X'0030280bfa01002c05270826082608250a25082608260828052b00',79);
INSERT INTO segment_slice VALUES(1,2,4,X'0030280be505002b06270826082608250a25082608260827062b00',81);
CREATE TABLE present_labels (
    series_id    INTEGER PRIMARY KEY REFERENCES series (id),
    label_set_id INTEGER NOT NULL REFERENCES label_set (id)
) STRICT;
INSERT INTO present_labels VALUES(1,2);
CREATE INDEX series_of_study ON series (study_id);
CREATE INDEX label_set_of_series ON label_set (series_id);
CREATE INDEX step_of_series ON step (series_id);
CREATE INDEX step_of_labels_before ON step (labels_before);
CREATE INDEX step_of_labels_after ON step (labels_after);
CREATE INDEX revision_of_series ON revision (series_id, id);
CREATE INDEX revision_of_step ON revision (step_id);
CREATE INDEX step_state_of_series ON step_state (series_id, state, step_id);
CREATE INDEX present_labels_of_set ON present_labels (label_set_id);
CREATE VIEW segment AS
SELECT series_id, label_id, count(*) AS slices, sum(area) AS voxels FROM segment_slice GROUP BY series_id, label_id;
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
COMMIT;
