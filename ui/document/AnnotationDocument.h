#pragma once

#include "core/engine/Segmenter.h"
#include "core/image/SliceImage.h"
#include "core/mask/Segmentation.h"
#include "core/store/StoreThread.h"
#include "core/study/Study.h"

#include <QObject>
#include <QUndoStack>

#include <memory>
#include <optional>

namespace icmoe::ui {

/// What changed; views repaint only what it concerns.
enum class DocumentChange {
    series,   ///< another series was opened or closed
    slices,   ///< more slices have been loaded
    position, ///< crosshair (and with it the slices of all views)
    window,   ///< window/level
    labels,   ///< label set, active label, visibility, lock, colour
    masks,    ///< accepted masks
    prompts,  ///< prompts or their selection
    proposal, ///< proposal or its current candidate
    tool,     ///< current tool or its options
    display,  ///< fill opacity, masks hidden, names hidden
    storage,  ///< stored / storing / not stored
    engine,   ///< engine state
};

enum class StorageState { nothing, storing, stored, notStored };

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
    void setStore(StoreThread* store);

    // series
    void openSeries(const Study& study, const Series& series, std::shared_ptr<const Volume> volume);
    void closeSeries();
    void sliceLoaded(); ///< more of the volume is there
    [[nodiscard]] bool isOpen() const;
    [[nodiscard]] const Study& study() const;
    [[nodiscard]] const Series& series() const;
    [[nodiscard]] std::shared_ptr<const Volume> volume() const;

    // position, window
    [[nodiscard]] Vec3 cursor() const; ///< continuous voxel index of the crosshair
    void setCursor(Vec3 voxel);
    [[nodiscard]] int slice(Plane plane) const;
    void setSlice(Plane plane, int n);
    [[nodiscard]] Plane mainPlane() const; ///< plane of the main view: where prompts go
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
    void setLabelVisible(LabelId label, bool visible);
    void setLabelLocked(LabelId label, bool locked);

    // prompts
    [[nodiscard]] const std::vector<Prompt>& prompts() const;
    [[nodiscard]] std::optional<PromptId> selectedPrompt() const;
    void selectPrompt(std::optional<PromptId> prompt);
    PromptId addPrompt(Prompt prompt); ///< undoable; asks the engine
    void updatePrompt(const Prompt& prompt,
                      bool interactive); ///< interactive: a drag that goes on; merges into one step
    void removePrompt(PromptId prompt);
    void clearPrompts();

    // proposal
    [[nodiscard]] const Proposal* proposal() const; ///< null: none
    [[nodiscard]] int candidateIndex() const;
    void setCandidateIndex(int index);
    [[nodiscard]] bool isAsking() const; ///< a request is on its way
    [[nodiscard]] CombineMode combineMode() const;
    void setCombineMode(CombineMode mode);
    void acceptProposal(); ///< one undo step, one transaction; empty: "examined, nothing there"
    void discardProposal();

    // drawing
    void beginStroke(Plane plane, int slice, Point2 at, double radiusMm, bool erase);
    void continueStroke(Point2 at);
    void endStroke(); ///< one undo step, one transaction

    // display
    [[nodiscard]] double fillOpacity() const;
    void setFillOpacity(double opacity);
    [[nodiscard]] bool masksHidden() const;
    void setMasksHidden(bool hidden);
    [[nodiscard]] bool namesHidden() const;
    void setNamesHidden(bool hidden);

    [[nodiscard]] QUndoStack& undoStack();
    [[nodiscard]] StorageState storageState() const;
    [[nodiscard]] QString storageText() const; ///< "stored 14:32:08", "storing", "not stored: disk full"
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
