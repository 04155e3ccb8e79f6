<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About icmoe</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>For research, not a medical device. Do not use it for diagnosis or treatment.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prompted segmentation of medical images, corrected by hand, stored as it is accepted. Everything stays on this computer.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Built with Qt, VTK, DCMTK, LibTorch, SQLite and OpenJPEG. Engine: LiteMedSAM. Type: Inter (SIL OFL 1.1). Icons: Tabler Icons (MIT). Licences are in NOTICE.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ActionController</name>
    <message>
        <source>As the file says</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>CT %1 (W %2 L %3)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Undo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Redo: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Redo</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>There is no vote yet whose disagreement could be shown.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>File</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Edit</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>View</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Annotate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Learn</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Help</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Engine</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>AnnotationDocument</name>
    <message>
        <source>%1 added</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 renamed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 recoloured</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 removed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 locked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 unlocked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No engine weights. Drawing by hand works.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 changed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 deleted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prompts deleted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 has no mask yet that could be a prompt</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: examined, nothing there</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 accepted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Preview discarded</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Slices of this plane cross the tilted ones: draw in the plane of acquisition</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add a label first</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 erased</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 brushed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>storing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>stored %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not stored: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not stored</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Slices of this plane cross the tilted ones: prompt in the plane of acquisition</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 px</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Not measured: slices are missing between %1 and %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 mm</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Slice %1 is not loaded yet</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Picture</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Sagittal</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Coronal</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Acquisition</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Axial</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Slice %1 of %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>W %1  L %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 px/mm</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>zoom %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Name the label first: it is looked for by its name</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 accepted before the vote</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>CommandSearch</name>
    <message>
        <source>Find a command</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Type a command</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Command to find</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Matching commands</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message>
        <source>Replace an existing file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Resample where the format cannot hold the grid</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export masks</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Format</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>File</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Export is running</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Written to %1. It was read back and is equal, voxel for voxel.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Writing and reading back</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Formats</name>
    <message>
        <source>DICOM SEG</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>NIfTI</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>NRRD</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>PNG (one slice)</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>HealthCard</name>
    <message>
        <source>Health of %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No checks for this kind of picture</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>HistoryModel</name>
    <message>
        <source>Study opened</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1, undone</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>undone</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>HistoryPanel</name>
    <message>
        <source>History</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>KeyTable</name>
    <message>
        <source>Mouse and keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search mouse and keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Input</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Does</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LabelName</name>
    <message>
        <source>Structure %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Label %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LabelTableModel</name>
    <message>
        <source>empty</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 px</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>, locked</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>, hidden</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 ml</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>preview</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Name of label %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>LabelsPanel</name>
    <message>
        <source>Labels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fill of masks, per cent</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fill</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Label %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Rename</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Colour</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Colour %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Unlock</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lock</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Remove label and its mask</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Open the studies panel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open labels, prompts and history</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Menus</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Window and level</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Find a command</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Light or dark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Settings</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Help</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Segmenting through slices (3D) is not there yet. Slice by slice works.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 is read-only. New masks stay in memory.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 New masks stay in memory.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Store elsewhere…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open files</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Import masks</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Masks (*.dcm *.nii *.nii.gz *.nrrd *.png);;All files (*)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Import weights</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Checkpoints (*.pth *.pt *.safetensors);;All files (*)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Store elsewhere</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Databases (*.sqlite)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Work is not stored</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Some masks are not in a database yet. If you go on, they are lost.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Go on and lose them</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stay</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ctrl O</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>open a study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ctrl K</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>find a command</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>F1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>keys</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw a box around the structure</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>draw a box</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Shift</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>one more box</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click inside the structure</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Click</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>inside</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ctrl Click</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>outside</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Ctrl Drag</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>circle</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Paint on the slice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Erase on the slice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>brush size</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>erase</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>paint</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag to measure a distance</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>measure</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drag to change window and level</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>window and level</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw a box (B), or click inside a structure (P)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>box</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>point</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>brush</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Space</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>accept</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Esc</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>discard</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Tab</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>next candidate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>hide masks</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>icmoe is for research, not a medical device.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Draw a line inside the structure</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Circle the structure</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>one more lasso</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>disagreement</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PatientBanner</name>
    <message>
        <source>no pixel spacing: sizes in pixels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 mm</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 × %2 mm</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 mm isotropic</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 × %2 × %3 mm</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Male</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Female</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Other</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Patient and image</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Annotator not named</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Annotator %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Who is written into masks and exports. Click to change</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Show names</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Hide names</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No study open</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>names will be hidden</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>names will be shown</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>name, birth date and accession hidden</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>ID %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>accession %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PreferencesDialog</name>
    <message>
        <source>Settings</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Initials or name</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Annotator</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Dark</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Light</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Theme</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Interface scale</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>counts from the next start</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Hide patient names at start</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Keep other labels where an accepted mask overlaps them</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Prompt</name>
    <message>
        <source>Label: %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PromptListModel</name>
    <message>
        <source>slice %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>PromptsPanel</name>
    <message>
        <source>Prompts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No prompts on this label yet</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ProposalBar</name>
    <message>
        <source>%1 px</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 mm²</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 cm²</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Proposal</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Accept</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Replace</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Subtract</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Previous candidate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Next candidate</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Discard</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Import weights…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Preview, asking again</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Preview</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>nothing found: Accept stores &quot;examined, nothing there&quot;</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>estimate %1 %</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 / %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Waiting for the engine</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No engine weights. Drawing by hand works.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>voting…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>before the vote</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Who voted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Who voted, %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Section</name>
    <message>
        <source>Open section %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fold section %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>SidePanel</name>
    <message>
        <source>Labels, prompts and history</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Learning from your corrections is not there yet. What you accept and correct is stored, so that it can be learned from later.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Labels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Prompts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>History</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Learn</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>not there yet</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Add label</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Clear all prompts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>1 step</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 steps</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>SliceStrip</name>
    <message>
        <source>Slice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Slice %1 of %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prompted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>has masks</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>prepared for prompts</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Slice %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>SliceView</name>
    <message>
        <source>%1, slice %2 of %3</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>, preview of %1, %2 ml</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>x %1 y %2 px</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>StartPage</name>
    <message>
        <source>Open a DICOM study to begin</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open study…</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Try the sample</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Start</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>or drop files or a folder here</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>For research, not a medical device</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Last studies</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message>
        <source>Status</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Position under the pointer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Value under the pointer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>value %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>engine starting</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>engine not loaded yet</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>no engine weights, drawing by hand works</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>engine failed: %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>engine failed</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 · encoding slice %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>slice encoded %1 s</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>answer %1 ms</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>StudiesPanel</name>
    <message>
        <source>Studies and series</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Studies</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Open study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Fold the studies panel</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Search studies</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Stop looking</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Drop DICOM files or a folder</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Study</name>
    <message>
        <source>Patient</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Patient %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No patient name</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Study</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>1 slice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 slices</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>StudyController</name>
    <message>
        <source>Looking for pictures</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 of %2 files</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 files</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Slice %1 could not be read: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>The other slices are usable</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 imported</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>No pictures were found in what was given</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Give a folder with DICOM files, or a NIfTI, NRRD, PNG or JPEG file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 files could not be used; the first: %2</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>StudyListModel</name>
    <message>
        <source>not begun</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 of %2 labels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 labels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 of %2 slices</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ToastStack</name>
    <message>
        <source>Messages</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 times</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Close this message</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ToolRow</name>
    <message>
        <source>Tools</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Segment</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Slice</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>3D</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Segmenting through slices is not there yet</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Size</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Brush radius</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 mm</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>VolumeView</name>
    <message>
        <source>3D</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Surfaces of the accepted masks</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>superior</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>inferior</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>right</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>posterior</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>anterior</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>oblique</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>Vote</name>
    <message>
        <source>agreement %1 %</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>VoterBars</name>
    <message>
        <source>%1 %</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Voters</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: dropped</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>dropped</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>VotersPopup</name>
    <message>
        <source>Who voted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mean share on the slice. U shows where they differ.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>%1 voters</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>icmoe::ui</name>
    <message>
        <source>The stored masks are still being read</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Box %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Inside %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Outside %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Scribble %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Lasso %1</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <source>Mask %1</source>
        <translation type="unfinished"></translation>
    </message>
</context>
<context>
    <name>ui::MainWindow</name>
    <message>
        <source>Weights imported. The engine starts with them.</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
