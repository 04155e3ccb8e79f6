-- Version 2: each series reopens where it was left.

CREATE TABLE view_state (
    series_id      INTEGER PRIMARY KEY REFERENCES series (id),
    slice_axial    INTEGER NOT NULL,
    slice_sagittal INTEGER NOT NULL,
    slice_coronal  INTEGER NOT NULL,
    zoom           REAL NOT NULL,
    pan_x          REAL NOT NULL,
    pan_y          REAL NOT NULL,
    window_width   REAL NOT NULL,
    window_level   REAL NOT NULL,
    label_id       INTEGER NOT NULL,
    layout         TEXT NOT NULL,
    utc            TEXT NOT NULL
) STRICT;
