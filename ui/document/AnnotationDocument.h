#pragma once

#include "core/engine/Segmenter.h"
#include "core/image/SliceImage.h"
#include "core/mask/Segmentation.h"
#include "core/store/StoreThread.h"
#include "core/study/Study.h"
#include "ui/document/SliceGrid.h"
#include "ui/document/StoreLink.h"

#include <QObject>
#include <QUndoStack>

#include <map>
#include <memory>
#include <optional>

namespace icmoe::ui {

/// What changed; views repaint only what it concerns.
enum class DocumentChange {
    series,    ///< another series was opened or closed
    slices,    ///< more slices have been loaded
    position,  ///< crosshair (and with it the slices of all views)
    window,    ///< window/level
    labels,    ///< label set, active label, visibility, lock, colour
    masks,     ///< accepted masks
    prompts,   ///< prompts or their selection
    proposal,  ///< proposal or its current candidate
    tool,      ///< current tool or its options
    display,   ///< fill opacity, masks hidden, names hidden
    storage,   ///< stored / storing / not stored
    engine,    ///< engine state
    votes,     ///< the history went on: what was accepted, and the votes on it
    placement, ///< zoom, pan and layout came back from the store
};

/// A slice worth going to: a tick on the slice slider.
struct Place {
    enum class Kind { prompt, edit, disagreement }; ///< disagreement: an acceptance on which the voters differed
    int slice = 0;
    Kind kind = Kind::edit;
    bool operator==(const Place&) const = default;
};

/// Where zoom and pan of the main view stand; `layout` is ViewArea::saveState().
struct ViewPlacement {
    double zoom = 0; ///< 0: fit the view
    double panX = 0;
    double panY = 0;
    QString layout;
    bool operator==(const ViewPlacement&) const = default;
};

/// The open series: image, working segmentation, prompts, proposal, one undo stack. The only place that edits. Lives on
/// the UI thread; talks to engine and store through values and never waits for them. Without an engine or a store it
/// works and says so.
class AnnotationDocument final : public QObject {
    Q_OBJECT

public:
    explicit AnnotationDocument(QObject* parent = nullptr);
    ~AnnotationDocument() override;

    // services (not owned; null: not there yet)
    void setEngine(SegmentationService* engine);
    /// Another store while a series is open: what could not be stored before is stored there, if it has nothing of the
    /// series yet.
    void setStore(StoreThread* store);
    void setAuthor(const QString& author); ///< stored with every step

    // series
    void openSeries(const Study& study, const Series& series, std::shared_ptr<const Volume> volume);
    void closeSeries();
    void sliceLoaded(); ///< more of the volume is there
    [[nodiscard]] bool isOpen() const;
    [[nodiscard]] const Study& study() const;
    [[nodiscard]] const Series& series() const;
    [[nodiscard]] std::shared_ptr<const Volume> volume() const;
    /// What the store holds of the series has been read (or there is no store). Until then nothing can be edited.
    [[nodiscard]] bool isReady() const;

    // position, window
    [[nodiscard]] Vec3 cursor() const; ///< continuous voxel index of the crosshair
    void setCursor(Vec3 voxel);
    [[nodiscard]] Vec3 cursorPatient() const; ///< LPS mm
    /// How a plane is laid out; only while a series is open. Slices below are shown slices of this grid.
    [[nodiscard]] const SliceGrid& grid(Plane plane) const;
    [[nodiscard]] int sliceCount(Plane plane) const; ///< 0 while nothing is open
    [[nodiscard]] int slice(Plane plane) const;
    void setSlice(Plane plane, int n);                          ///< kept within the slices
    [[nodiscard]] std::vector<Place> places(Plane plane) const; ///< ascending
    /// To the next or previous place of the main plane; false where there is none.
    bool goToPlace(bool forwards);
    [[nodiscard]] bool isEncoded(Plane plane, int n) const; ///< the engine has this slice at hand
    [[nodiscard]] const ViewPlacement& viewPlacement() const;
    void setViewPlacement(const ViewPlacement& placement); ///< kept in the store, changes nothing else
    [[nodiscard]] Plane mainPlane() const;                 ///< plane of the main view: where prompts go
    void setMainPlane(Plane plane);
    [[nodiscard]] WindowLevel window() const;
    void setWindow(WindowLevel window);

    // labels
    [[nodiscard]] const Segmentation& segmentation() const;
    [[nodiscard]] LabelId activeLabel() const;
    void setActiveLabel(LabelId label);
    void addLabel(const QString& name); ///< undoable, as the next three
    void renameLabel(LabelId label, const QString& name);
    void recolourLabel(LabelId label, Colour colour);
    void removeLabel(LabelId label);
    void setLabelLocked(LabelId label, bool locked);
    void setLabelVisible(LabelId label, bool visible); ///< not a step: it changes no data
    [[nodiscard]] double labelMillilitres(LabelId label) const;
    /// Labels and masks that came from elsewhere, on this volume's grid: one step. Labels are matched by name, others
    /// are added; their masks are replaced. geometryMismatch for another size, labelLocked.
    Status importSegmentation(const Segmentation& imported, const QString& stepName);

    // prompts
    [[nodiscard]] const std::vector<Prompt>& prompts() const;
    [[nodiscard]] std::optional<PromptId> selectedPrompt() const;
    void selectPrompt(std::optional<PromptId> prompt);
    PromptId addPrompt(Prompt prompt); ///< undoable; asks the engine
    /// interactive: a drag that goes on; its moves merge into one step
    void updatePrompt(const Prompt& prompt, bool interactive);
    void removePrompt(PromptId prompt);
    void clearPrompts();
    void flipPrompt(PromptId prompt); ///< inside ↔ outside, where the shape has a side
    /// By stored pixels; false for one that lies nowhere.
    bool nudgePrompt(PromptId prompt, double dx, double dy);
    [[nodiscard]] QString promptName(PromptId prompt) const; ///< "Box 1", "Inside 2"
    /// A prompt from the active label's mask on this slice, or on the nearest one that has it.
    void addPreviousMaskPrompt(Plane plane, int storedSlice);
    /// Asks for the active label by its name alone: a prompt of the list, in place of an earlier one of its kind.
    void findLabel(Plane plane, int storedSlice);
    /// The active label's name goes with every question, unless nobody chose it. It is no prompt of the list, but is
    /// stored with what is accepted.
    [[nodiscard]] bool usesLabelName() const;
    void setUsesLabelName(bool uses);

    // proposal
    [[nodiscard]] const Proposal* proposal() const; ///< null: none
    [[nodiscard]] int candidateIndex() const;
    void setCandidateIndex(int index);
    [[nodiscard]] bool isAsking() const; ///< the full answer is on its way; a preview of it may be there
    [[nodiscard]] CombineMode combineMode() const;
    void setCombineMode(CombineMode mode);
    /// One undo step, one transaction; empty: "examined, nothing there". A preview is stored as what it is.
    void acceptProposal();
    void discardProposal();
    [[nodiscard]] double proposalMillilitres() const; ///< of the current candidate; 0 without one
    [[nodiscard]] OverlapRule overlapRule() const;
    void setOverlapRule(OverlapRule rule);
    /// What a click here would give, drawn as a ghost (point tool, after a rest). Touches nothing else.
    void askHint(Plane plane, int storedSlice, Point2 at);
    void clearHint();
    [[nodiscard]] const Proposal* hint() const;

    // votes
    [[nodiscard]] const Vote* proposalVote() const; ///< on the current candidate; null: there was none
    /// The votes that a stored slice shows: the proposal's where it is there, else those on what is accepted.
    [[nodiscard]] std::vector<const Vote*> votes(Plane plane, int storedSlice) const;
    /// By shown slice, how much the voters disagreed: 0..1. Slices without a vote are not in it.
    [[nodiscard]] std::map<int, double> disagreements(Plane plane) const;
    [[nodiscard]] bool disagreementShown() const;
    void setDisagreementShown(bool shown);

    // drawing
    /// Points and slice are those of the volume's own slices (SliceGrid::stored). False where drawing is not possible;
    /// a notice says why.
    bool beginStroke(Plane plane, int slice, Point2 at, double radiusMm, bool erase);
    void continueStroke(Point2 at);
    void endStroke();                                       ///< one undo step, one transaction
    [[nodiscard]] std::optional<Plane> strokePlane() const; ///< plane of the stroke that is being drawn

    // display
    [[nodiscard]] double fillOpacity() const;
    void setFillOpacity(double opacity);
    [[nodiscard]] bool masksHidden() const;
    void setMasksHidden(bool hidden);
    [[nodiscard]] bool namesHidden() const;
    void setNamesHidden(bool hidden);

    [[nodiscard]] QUndoStack& undoStack(); ///< its commands are HistoryCommands
    void undo();
    void redo();
    [[nodiscard]] StorageState storageState() const;
    [[nodiscard]] bool hasUnstoredWork() const; ///< steps that no database holds
    [[nodiscard]] QString storageText() const;  ///< "stored 14:32:08", "storing", "not stored: disk full"
    [[nodiscard]] bool hasEngine() const;
    [[nodiscard]] const EngineState& engineState() const;
    [[nodiscard]] QString lastEvent() const; ///< for the proposal bar: "Lateral ventricles accepted"

Q_SIGNALS:
    void changed(icmoe::ui::DocumentChange change);
    void errorOccurred(const icmoe::Error& error); ///< toasts
    void notice(const QString& text);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace icmoe::ui
