#include "ui/document/AnnotationDocument.h"

#include "ui/commands/AcceptProposalCommand.h"
#include "ui/commands/EditLabelsCommand.h"
#include "ui/commands/EditPromptsCommand.h"
#include "ui/document/EngineLink.h"
#include "ui/document/LabelName.h"
#include "ui/document/PromptEdit.h"
#include "ui/document/Stroke.h"
#include "ui/document/VoteIndex.h"

#include <QElapsedTimer>
#include <QLocale>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <set>

namespace icmoe::ui {
namespace {

constexpr int kUndoLimit = 0; // none: steps are small
constexpr int kViewSaveMilliseconds = 1000;
constexpr qint64 kLongestPauseMilliseconds = 30'000; // longer ones do not count as work

bool isLabelPrompt(const Prompt& prompt)
{
    return std::holds_alternative<LabelPrompt>(prompt.shape);
}

bool shares(const Prompt& prompt, Plane plane, int slice)
{
    return prompt.plane == plane && prompt.slice == slice;
}

/// What the slices of `patch` hold now, in the form of a patch.
SegmentationPatch sameSlices(const Segmentation& segmentation, const SegmentationPatch& patch)
{
    SegmentationPatch now;
    const Size3 size = segmentation.size();
    for (const auto& [label, slices] : patch.slices) {
        for (const auto& [k, slice] : slices) {
            const Mask& mask = segmentation.mask(label);
            now.slices[label][k] = mask.slices().contains(k) ? mask.slice(k) : SliceMask(size.width, size.height);
        }
    }
    return now;
}

double clampedIndex(double value, int size)
{
    return std::clamp(value, 0.0, std::max(0.0, double(size - 1)));
}

} // namespace

struct AnnotationDocument::Private final : DocumentEditor {
    explicit Private(AnnotationDocument& document)
        : q(document)
    {
        stack.setUndoLimit(kUndoLimit);
        viewSave.setSingleShot(true);
        viewSave.setInterval(kViewSaveMilliseconds);
    }

    // DocumentEditor
    SegmentationPatch exchangeMasks(SegmentationPatch patch) override
    {
        if (patch.empty()) {
            return patch;
        }
        auto before = segmentation.exchange(std::move(patch));
        Q_EMIT q.changed(DocumentChange::masks);
        return before;
    }
    LabelSet exchangeLabels(LabelSet labels) override
    {
        for (const Label& now : segmentation.labels().labels()) {
            if (const Label* other = labels.find(now.id); other != nullptr && other->visible != now.visible) {
                Label kept = *other; // showing and hiding is no step
                kept.visible = now.visible;
                labels.put(kept);
            }
        }
        std::swap(segmentation.labels(), labels);
        keepActiveLabel();
        Q_EMIT q.changed(DocumentChange::labels);
        askWhereNameChanged();
        return labels;
    }
    std::vector<Prompt> exchangePrompts(std::vector<Prompt> others) override
    {
        std::swap(prompts, others);
        if (selected && find(*selected) == nullptr) {
            selected.reset();
        }
        Q_EMIT q.changed(DocumentChange::prompts);
        return others;
    }
    void showProposal(std::shared_ptr<const Proposal> shown, int index) override
    {
        engine.forget();
        proposal = std::move(shown);
        candidate = index;
        Q_EMIT q.changed(DocumentChange::proposal);
        if (proposal && proposal->isPreview) {
            ask(); // the full answer was given up when the preview was accepted
        }
    }
    void askAgain() override { ask(); }
    void stepUndone(const QString& name) override
    {
        lastEvent = AnnotationDocument::tr("%1, undone").arg(name);
        store.undo();
    }
    void stepRedone(const QString& name) override
    {
        lastEvent = name;
        store.redo();
    }
    [[nodiscard]] bool isRestoring() const override { return restoring; }

    [[nodiscard]] Prompt* find(PromptId id)
    {
        const auto found = std::find_if(prompts.begin(), prompts.end(), [&](const Prompt& p) { return p.id == id; });
        return found == prompts.end() ? nullptr : &*found;
    }

    void keepActiveLabel()
    {
        if (segmentation.labels().find(activeLabel) == nullptr) {
            const auto& labels = segmentation.labels().labels();
            activeLabel = labels.empty() ? 0 : labels.front().id;
        }
    }

    [[nodiscard]] QString labelName(LabelId id) const
    {
        const Label* label = segmentation.labels().find(id);
        return label != nullptr ? QString::fromStdString(label->name) : QString();
    }

    bool mayEdit()
    {
        if (!volume) {
            return false;
        }
        if (!q.isReady()) {
            Q_EMIT q.notice(tr("The stored masks are still being read"));
            return false;
        }
        q.endStroke();
        countWork();
        return true;
    }

    /// Time since the last edit counts as work unless it was a pause.
    void countWork()
    {
        if (working.isValid()) {
            activeMilliseconds += std::min(working.elapsed(), kLongestPauseMilliseconds);
        }
        working.start();
    }

    void ask()
    {
        if (prompts.empty()) {
            engine.forget();
            if (proposal) {
                proposal.reset();
                Q_EMIT q.changed(DocumentChange::proposal);
            }
            return;
        }
        engine.ask(withName(prompts));
    }

    /// The name that goes with a question; empty: none does.
    [[nodiscard]] std::string nameToAskWith(const std::vector<Prompt>& asked) const
    {
        const bool named = std::any_of(asked.begin(), asked.end(), isLabelPrompt);
        const QString name = labelName(activeLabel);
        return usesLabelName && !named && isChosenLabelName(name) ? name.toStdString() : std::string();
    }

    std::vector<Prompt> withName(std::vector<Prompt> asked)
    {
        askedName = nameToAskWith(asked);
        if (!askedName.empty()) {
            asked.push_back(labelPrompt(asked.front().plane, asked.front().slice, askedName));
        }
        return asked;
    }

    void askWhereNameChanged()
    {
        if (!prompts.empty() && nameToAskWith(prompts) != askedName) {
            ask();
        }
    }

    void answered(const std::shared_ptr<const Proposal>& answer)
    {
        if (answer->candidates.empty()) {
            return;
        }
        // The full answer takes a preview's place: what was chosen there stays chosen.
        const bool completes = proposal && proposal->isPreview && proposal->prompts == answer->prompts;
        const bool keeps = completes && candidate < static_cast<int>(answer->candidates.size());
        proposal = answer;
        candidate = keeps ? candidate : 0;
        Q_EMIT q.changed(DocumentChange::proposal);
        if (!answer->isPreview && answer->notice != toldNotice) { // the bar shows it with every answer
            toldNotice = answer->notice;
            if (!toldNotice.empty()) {
                Q_EMIT q.notice(QString::fromStdString(toldNotice));
            }
        }
    }

    /// Puts prompts in place of the present ones as a step (about one of them, or about all) and asks about them.
    void editPrompts(const QString& text, std::vector<Prompt> next, std::optional<Prompt> about, int dragNumber)
    {
        std::vector<Prompt> before = exchangePrompts(std::move(next));
        stack.push(new EditPromptsCommand(*this, text, std::move(before), std::move(about), dragNumber));
        ask();
    }

    [[nodiscard]] std::shared_ptr<StepRecord> newStep(StepKind kind, const QString& name)
    {
        auto step = std::make_shared<StepRecord>();
        step->kind = kind;
        step->name = name.toStdString();
        step->label = activeLabel;
        step->author = author.toStdString();
        step->windowWidth = window.width;
        step->windowLevel = window.level;
        step->activeSeconds = double(std::exchange(activeMilliseconds, 0)) / 1000;
        step->clicks = std::exchange(clicks, 0);
        step->strokes = std::exchange(strokes, 0);
        return step;
    }

    /// A change that is already done becomes a step of history and store. `patch`: what was there before.
    void keep(const std::shared_ptr<StepRecord>& step, SegmentationPatch patch,
              const std::function<StepCommand*()>& command)
    {
        if (!step->labelsBefore) { // so that the store knows the labels of a series that never had a label step
            step->labelsBefore = segmentation.labels();
            step->labelsAfter = segmentation.labels();
        }
        step->after = sameSlices(segmentation, patch);
        step->before = std::move(patch);
        store.append(step);
        stack.push(command());
        lastEvent = QString::fromStdString(step->name);
        Q_EMIT q.changed(DocumentChange::masks);
    }

    void editLabels(const QString& name, LabelId id, const std::function<void(LabelSet&)>& edit,
                    SegmentationPatch patch = {})
    {
        auto step = newStep(StepKind::label, name);
        step->label = id;
        step->labelsBefore = segmentation.labels();
        edit(segmentation.labels());
        step->labelsAfter = segmentation.labels();
        if (step->labelsBefore == step->labelsAfter) {
            return;
        }
        keepActiveLabel();
        keep(step, std::move(patch), [&] { return new EditLabelsCommand(*this, step); });
        Q_EMIT q.changed(DocumentChange::labels);
        askWhereNameChanged();
    }

    void restore(const StoreLink::Found& found)
    {
        if (!found.history.empty() || !found.segmentation.labels().labels().empty()) {
            segmentation = found.segmentation;
            if (segmentation.size() != volume->size()) {
                Segmentation sized(volume->size()); // a series without masks yet
                sized.labels() = found.segmentation.labels();
                segmentation = std::move(sized);
            }
        }
        giveFirstLabel();
        keepActiveLabel();
        restoring = true;
        stack.clear();
        int shown = 0;
        for (const StoredStep& stored : found.history) {
            auto step = std::make_shared<const StepRecord>(stored.step);
            auto* command =
                new StepCommand(*this, step, stored.undone ? StepCommand::Shown::no : StepCommand::Shown::yes);
            command->setTime(QDateTime::fromString(QString::fromStdString(step->utc), Qt::ISODate).toLocalTime());
            stack.push(command);
            shown += stored.undone ? 0 : 1;
        }
        stack.setIndex(shown);
        restoring = false;
        voteIndex.rebuild(stack);
        Q_EMIT q.changed(DocumentChange::votes);
        if (found.view) {
            restoreView(*found.view);
        }
        Q_EMIT q.changed(DocumentChange::labels);
        Q_EMIT q.changed(DocumentChange::masks);
    }

    /// The first pixels tell about what a good window is, all of them what it is: the same whatever was loaded first.
    void guessWindow()
    {
        if (windowIsGuess && (volume->isComplete() || volume->loadedCount() <= 1)) {
            window = volume->defaultWindow();
            windowIsGuess = !volume->isComplete();
            Q_EMIT q.changed(DocumentChange::window);
        }
    }

    void restoreView(const ViewState& view)
    {
        if (segmentation.labels().find(view.label) != nullptr) {
            activeLabel = view.label;
        }
        if (view.windowWidth > 0) {
            window = {view.windowWidth, view.windowLevel};
            windowIsGuess = false;
        }
        placement = {view.zoom, view.panX, view.panY, QString::fromStdString(view.layout)};
        const std::array<std::pair<Plane, int>, 3> slices{{{Plane::axial, view.sliceAxial},
                                                           {Plane::sagittal, view.sliceSagittal},
                                                           {Plane::coronal, view.sliceCoronal}}};
        for (const auto& [plane, n] : slices) {
            moveToSlice(plane, n);
        }
        Q_EMIT q.changed(DocumentChange::placement);
        Q_EMIT q.changed(DocumentChange::window);
        Q_EMIT q.changed(DocumentChange::position);
    }

    void saveView()
    {
        viewSave.stop();
        if (!volume) {
            return;
        }
        ViewState view;
        view.sliceAxial = q.slice(Plane::axial);
        view.sliceSagittal = q.slice(Plane::sagittal);
        view.sliceCoronal = q.slice(Plane::coronal);
        view.zoom = placement.zoom;
        view.panX = placement.panX;
        view.panY = placement.panY;
        if (!windowIsGuess) { // else it is guessed anew when the study is opened again
            view.windowWidth = window.width;
            view.windowLevel = window.level;
        }
        view.label = activeLabel;
        view.layout = placement.layout.toStdString();
        store.saveView(view);
    }

    void giveFirstLabel()
    {
        if (segmentation.labels().labels().empty()) {
            (void)segmentation.labels().add(firstLabelName().toStdString());
        }
    }

    void moveToSlice(Plane plane, int n)
    {
        const SliceGrid& grid = q.grid(plane);
        const int inside = std::clamp(n, 0, std::max(0, grid.count() - 1));
        setCursorInside(grid.voxel(grid.point(cursor), inside));
    }

    void setCursorInside(Vec3 voxel)
    {
        const Size3 size = volume->size();
        cursor = {clampedIndex(voxel.x, size.width), clampedIndex(voxel.y, size.height),
                  clampedIndex(voxel.z, size.depth)};
    }

    void lookAt(int direction)
    {
        const SliceGrid& grid = q.grid(mainPlane);
        if (grid.canDraw()) {
            engine.setVisible(mainPlane, grid.storedSlice(q.slice(mainPlane)), direction);
        }
    }

    void openStore()
    {
        if (!store.hasStore() || (seriesData.uid.empty() && !volume->isComplete())) {
            return; // without a UID the series is known by its pixels: when they are all there
        }
        SeriesIdentity identity;
        identity.studyUid = studyData.uid;
        identity.seriesUid = seriesData.uid;
        identity.splitKey = seriesData.splitKey;
        identity.frameOfReferenceUid = seriesData.frameOfReferenceUid;
        identity.modality = seriesData.modality;
        identity.size = volume->size();
        storeOpened = true;
        store.open(std::move(identity), volume, [this](const StoreLink::Found& found) {
            if (stack.count() == 0) {
                restore(found);
            } else if (found.history.empty()) {
                storeEverything(); // another store was chosen while working
            } else {
                Q_EMIT q.errorOccurred({ErrorCode::alreadyExists,
                                        "this database already holds other masks of the series",
                                        {},
                                        "Choose an empty database, or export the masks first"});
            }
        });
    }

    /// All steps that are shown, in order, to a store that has none of them.
    void storeEverything()
    {
        for (int i = 0; i < stack.index(); ++i) {
            if (const auto* command = dynamic_cast<const StepCommand*>(stack.command(i))) {
                store.append(command->step());
            }
        }
    }

    AnnotationDocument& q;
    EngineLink engine;
    StoreLink store;
    QUndoStack stack;
    QTimer viewSave;

    Study studyData;
    Series seriesData;
    std::shared_ptr<const Volume> volume;
    std::map<Plane, SliceGrid> grids;
    bool storeOpened = false;
    bool restoring = false;

    Vec3 cursor;
    Plane mainPlane = Plane::axial;
    WindowLevel window;
    bool windowIsGuess = false; ///< neither the files nor the annotator gave it, and slices are missing
    ViewPlacement placement;

    Segmentation segmentation;
    LabelId activeLabel = 0;
    OverlapRule overlapRule = OverlapRule::activeLabelWins;

    std::vector<Prompt> prompts;
    bool usesLabelName = true;
    std::string askedName; ///< that went with the last question
    std::optional<PromptId> selected;
    PromptId nextPrompt = 1;
    int drag = 0; ///< number of the drag that goes on, 0: none
    int drags = 0;
    PromptId dragged = 0;

    std::shared_ptr<const Proposal> proposal;
    int candidate = 0;
    CombineMode mode = CombineMode::replace;
    std::string toldNotice; ///< of the engine, told last
    std::shared_ptr<const Proposal> hint;
    VoteIndex voteIndex;
    bool disagreementShown = false;

    std::unique_ptr<Stroke> stroke;

    double fillOpacity = 0.34;
    bool masksHidden = false;
    bool namesHidden = false;
    QString lastEvent;
    QString author;
    QElapsedTimer working;
    qint64 activeMilliseconds = 0;
    int clicks = 0;
    int strokes = 0;
};

AnnotationDocument::AnnotationDocument(QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(*this))
{
    connect(&d->engine, &EngineLink::answered, this, [this](const auto& proposal) { d->answered(proposal); });
    connect(&d->engine, &EngineLink::hinted, this, [this](const auto& proposal) {
        d->hint = proposal;
        Q_EMIT changed(DocumentChange::proposal);
    });
    connect(&d->engine, &EngineLink::failed, this, &AnnotationDocument::errorOccurred);
    connect(&d->engine, &EngineLink::askingChanged, this, [this] { Q_EMIT changed(DocumentChange::proposal); });
    connect(&d->engine, &EngineLink::stateChanged, this, [this] { Q_EMIT changed(DocumentChange::engine); });
    connect(&d->store, &StoreLink::changed, this, [this] { Q_EMIT changed(DocumentChange::storage); });
    connect(&d->store, &StoreLink::failed, this, &AnnotationDocument::errorOccurred);
    connect(&d->stack, &QUndoStack::indexChanged, this, [this] {
        if (!d->restoring) {
            d->voteIndex.rebuild(d->stack);
            Q_EMIT changed(DocumentChange::votes);
        }
    });
    connect(&d->viewSave, &QTimer::timeout, this, [this] { d->saveView(); });
}

AnnotationDocument::~AnnotationDocument()
{
    blockSignals(true);
    closeSeries();
}

void AnnotationDocument::setEngine(SegmentationService* engine)
{
    d->engine.setService(engine);
    if (isOpen() && engine != nullptr) {
        d->lookAt(1);
        if (!d->prompts.empty() && !isAsking()) {
            d->ask(); // another engine may have another answer
        }
    }
}

void AnnotationDocument::setStore(StoreThread* store)
{
    d->saveView();
    d->store.setStore(store);
    d->storeOpened = false;
    if (isOpen()) {
        d->openStore();
    }
}

void AnnotationDocument::setAuthor(const QString& author)
{
    d->author = author;
}

void AnnotationDocument::openSeries(const Study& study, const Series& series, std::shared_ptr<const Volume> volume)
{
    closeSeries();
    d->studyData = study;
    d->seriesData = series;
    d->volume = std::move(volume);
    const Geometry& geometry = d->volume->geometry();
    for (const Plane plane : {Plane::axial, Plane::sagittal, Plane::coronal, Plane::acquisition}) {
        d->grids.emplace(plane, SliceGrid(geometry, plane));
    }
    const Size3 size = geometry.size();
    d->cursor = {(size.width - 1) / 2.0, (size.height - 1) / 2.0, std::floor((size.depth - 1) / 2.0)};
    d->mainPlane = acquisitionPlaneName(geometry);
    d->window = d->volume->defaultWindow();
    d->windowIsGuess = d->volume->description().windows.empty() && !d->volume->isComplete();
    d->placement = {};
    d->segmentation = Segmentation(size);
    d->giveFirstLabel();
    d->keepActiveLabel();
    d->engine.setVolume(d->volume);
    d->openStore();
    Q_EMIT changed(DocumentChange::series);
    Q_EMIT changed(DocumentChange::storage);
    d->lookAt(1);
}

void AnnotationDocument::closeSeries()
{
    if (!isOpen()) {
        return;
    }
    endStroke();
    d->saveView();
    d->engine.setVolume(nullptr);
    d->store.close();
    d->stack.clear();
    d->volume.reset();
    d->grids.clear();
    d->studyData = {};
    d->seriesData = {};
    d->segmentation = {};
    d->activeLabel = 0;
    d->prompts.clear();
    d->selected.reset();
    d->proposal.reset();
    d->hint.reset();
    d->candidate = 0;
    d->askedName.clear();
    d->toldNotice.clear();
    d->drag = 0;
    d->storeOpened = false;
    d->lastEvent.clear();
    d->working.invalidate();
    d->activeMilliseconds = 0;
    d->clicks = 0;
    d->strokes = 0;
    Q_EMIT changed(DocumentChange::series);
}

void AnnotationDocument::sliceLoaded()
{
    if (!isOpen()) {
        return;
    }
    d->guessWindow();
    if (!d->storeOpened) {
        d->openStore();
    }
    d->engine.slicesLoaded();
    Q_EMIT changed(DocumentChange::slices);
}

bool AnnotationDocument::isOpen() const
{
    return d->volume != nullptr;
}

const Study& AnnotationDocument::study() const
{
    return d->studyData;
}

const Series& AnnotationDocument::series() const
{
    return d->seriesData;
}

std::shared_ptr<const Volume> AnnotationDocument::volume() const
{
    return d->volume;
}

bool AnnotationDocument::isReady() const
{
    return isOpen() && !d->store.isOpening() && (d->storeOpened || !d->store.hasStore());
}

// ---- position, window

Vec3 AnnotationDocument::cursor() const
{
    return d->cursor;
}

Vec3 AnnotationDocument::cursorPatient() const
{
    return isOpen() ? d->volume->geometry().toPatient(d->cursor) : Vec3{};
}

void AnnotationDocument::setCursor(Vec3 voxel)
{
    if (!isOpen()) {
        return;
    }
    const int before = slice(d->mainPlane);
    const Vec3 old = d->cursor;
    d->setCursorInside(voxel);
    if (d->cursor == old) {
        return;
    }
    const int now = slice(d->mainPlane);
    if (now != before) {
        d->lookAt(now - before);
    }
    d->viewSave.start();
    Q_EMIT changed(DocumentChange::position);
}

const SliceGrid& AnnotationDocument::grid(Plane plane) const
{
    return d->grids.at(plane);
}

int AnnotationDocument::sliceCount(Plane plane) const
{
    return isOpen() ? grid(plane).count() : 0;
}

int AnnotationDocument::slice(Plane plane) const
{
    if (!isOpen()) {
        return 0;
    }
    const SliceGrid& g = grid(plane);
    return std::clamp(static_cast<int>(std::lround(g.slice(d->cursor))), 0, std::max(0, g.count() - 1));
}

void AnnotationDocument::setSlice(Plane plane, int n)
{
    if (!isOpen() || (n == slice(plane))) {
        return;
    }
    const SliceGrid& g = grid(plane);
    setCursor(g.voxel(g.point(d->cursor), std::clamp(n, 0, std::max(0, g.count() - 1))));
}

std::vector<Place> AnnotationDocument::places(Plane plane) const
{
    std::vector<Place> result;
    if (!isOpen()) {
        return result;
    }
    const SliceGrid& g = grid(plane);
    std::map<int, Place::Kind> kinds;
    for (int i = 0; i < d->stack.index(); ++i) {
        if (const auto* command = dynamic_cast<const StepCommand*>(d->stack.command(i))) {
            const StepRecord& step = *command->step();
            const bool placed =
                step.kind == StepKind::accept || step.kind == StepKind::paint || step.kind == StepKind::erase;
            if (placed && step.plane == plane) {
                kinds[g.shownSlice(step.slice)] = Place::Kind::edit;
            }
        }
    }
    for (const auto& [n, share] : disagreements(plane)) {
        if (share >= kDoubtful) {
            kinds[n] = Place::Kind::disagreement;
        }
    }
    for (const Prompt& prompt : d->prompts) {
        if (prompt.plane == plane) {
            kinds[g.shownSlice(prompt.slice)] = Place::Kind::prompt;
        }
    }
    for (const auto& [n, kind] : kinds) {
        result.push_back({n, kind});
    }
    return result;
}

bool AnnotationDocument::goToPlace(bool forwards)
{
    const int now = slice(d->mainPlane);
    std::optional<int> target;
    for (const Place& place : places(d->mainPlane)) {
        if (forwards && place.slice > now) {
            target = place.slice;
            break;
        }
        if (!forwards && place.slice < now) {
            target = place.slice;
        }
    }
    if (target) {
        setSlice(d->mainPlane, *target);
    }
    return target.has_value();
}

bool AnnotationDocument::isEncoded(Plane plane, int n) const
{
    return isOpen() && d->engine.isEncoded(plane, grid(plane).storedSlice(n));
}

const ViewPlacement& AnnotationDocument::viewPlacement() const
{
    return d->placement;
}

void AnnotationDocument::setViewPlacement(const ViewPlacement& placement)
{
    if (d->placement != placement) {
        d->placement = placement;
        d->viewSave.start();
    }
}

Plane AnnotationDocument::mainPlane() const
{
    return d->mainPlane;
}

void AnnotationDocument::setMainPlane(Plane plane)
{
    if (d->mainPlane != plane) {
        d->mainPlane = plane;
        if (isOpen()) {
            d->lookAt(1);
        }
        Q_EMIT changed(DocumentChange::position);
    }
}

WindowLevel AnnotationDocument::window() const
{
    return d->window;
}

void AnnotationDocument::setWindow(WindowLevel window)
{
    window.width = std::max(1e-6, window.width);
    if (isOpen() && d->window != window) {
        d->window = window;
        d->windowIsGuess = false;
        d->viewSave.start();
        Q_EMIT changed(DocumentChange::window);
    }
}

// ---- labels

const Segmentation& AnnotationDocument::segmentation() const
{
    return d->segmentation;
}

LabelId AnnotationDocument::activeLabel() const
{
    return d->activeLabel;
}

void AnnotationDocument::setActiveLabel(LabelId label)
{
    if (d->activeLabel != label && d->segmentation.labels().find(label) != nullptr) {
        endStroke();
        d->activeLabel = label;
        d->viewSave.start();
        Q_EMIT changed(DocumentChange::labels);
        d->askWhereNameChanged();
    }
}

void AnnotationDocument::addLabel(const QString& name)
{
    if (!d->mayEdit()) {
        return;
    }
    LabelSet labels = d->segmentation.labels();
    const auto id = labels.add(name.trimmed().toStdString());
    if (!id) {
        Q_EMIT errorOccurred(id.error());
        return;
    }
    d->editLabels(tr("%1 added").arg(name.trimmed()), *id, [&](LabelSet& set) { set = labels; });
    setActiveLabel(*id);
}

void AnnotationDocument::renameLabel(LabelId label, const QString& name)
{
    const Label* found = d->segmentation.labels().find(label);
    if (found == nullptr || !d->mayEdit()) {
        return;
    }
    const std::string text = name.trimmed().toStdString();
    const Label* same = d->segmentation.labels().findByName(text);
    if (text.empty() || (same != nullptr && same->id != label)) {
        Q_EMIT errorOccurred({ErrorCode::invalidArgument,
                              text.empty() ? "a label needs a name" : "there is already a label \"" + text + "\"",
                              {},
                              "Choose another name"});
        return;
    }
    Label renamed = *found;
    renamed.name = text;
    d->editLabels(tr("%1 renamed").arg(QString::fromStdString(found->name)), label,
                  [&](LabelSet& set) { set.put(renamed); });
}

void AnnotationDocument::recolourLabel(LabelId label, Colour colour)
{
    const Label* found = d->segmentation.labels().find(label);
    if (found == nullptr || !d->mayEdit()) {
        return;
    }
    Label changedLabel = *found;
    changedLabel.colour = colour;
    d->editLabels(tr("%1 recoloured").arg(QString::fromStdString(found->name)), label,
                  [&](LabelSet& set) { set.put(changedLabel); });
}

void AnnotationDocument::removeLabel(LabelId label)
{
    const Label* found = d->segmentation.labels().find(label);
    if (found == nullptr || !d->mayEdit()) {
        return;
    }
    if (found->locked) {
        Q_EMIT errorOccurred({ErrorCode::labelLocked, "\"" + found->name + "\" is locked", {}, "Unlock it first"});
        return;
    }
    SegmentationPatch clear;
    const Size3 size = d->segmentation.size();
    for (const auto& [k, slice] : d->segmentation.mask(label).slices()) {
        clear.slices[label].emplace(k, SliceMask(size.width, size.height));
    }
    const QString name = tr("%1 removed").arg(QString::fromStdString(found->name));
    SegmentationPatch before = d->exchangeMasks(std::move(clear));
    d->editLabels(
        name, label, [&](LabelSet& set) { (void)set.remove(label); }, std::move(before));
}

void AnnotationDocument::setLabelVisible(LabelId label, bool visible)
{
    const Label* found = d->segmentation.labels().find(label);
    if (found != nullptr && found->visible != visible) {
        Label shown = *found;
        shown.visible = visible;
        d->segmentation.labels().put(shown);
        Q_EMIT changed(DocumentChange::labels);
    }
}

void AnnotationDocument::setLabelLocked(LabelId label, bool locked)
{
    const Label* found = d->segmentation.labels().find(label);
    if (found == nullptr || found->locked == locked || !d->mayEdit()) {
        return;
    }
    Label changedLabel = *found;
    changedLabel.locked = locked;
    const QString name = QString::fromStdString(found->name);
    d->editLabels(locked ? tr("%1 locked").arg(name) : tr("%1 unlocked").arg(name), label,
                  [&](LabelSet& set) { set.put(changedLabel); });
}

double AnnotationDocument::labelMillilitres(LabelId label) const
{
    return isOpen() ? d->segmentation.mask(label).millilitres(d->volume->geometry()) : 0;
}

Status AnnotationDocument::importSegmentation(const Segmentation& imported, const QString& stepName)
{
    if (!d->mayEdit()) {
        return fail(ErrorCode::invalidArgument, "no series is open for the masks", {}, "Open the series first");
    }
    auto merged = importOf(imported, d->segmentation);
    if (!merged) {
        return fail(merged.error());
    }
    auto step = d->newStep(StepKind::import_, stepName);
    step->labelsBefore = d->segmentation.labels();
    step->labelsAfter = merged->labels;
    step->label = merged->first;
    d->exchangeLabels(merged->labels);
    SegmentationPatch before = d->exchangeMasks(std::move(merged->patch));
    d->keep(step, std::move(before), [&] { return new StepCommand(*d, step, StepCommand::Shown::yes); });
    return {};
}

// ---- prompts

const std::vector<Prompt>& AnnotationDocument::prompts() const
{
    return d->prompts;
}

std::optional<PromptId> AnnotationDocument::selectedPrompt() const
{
    return d->selected;
}

void AnnotationDocument::selectPrompt(std::optional<PromptId> prompt)
{
    if (prompt && d->find(*prompt) == nullptr) {
        prompt.reset();
    }
    if (d->selected != prompt) {
        d->selected = prompt;
        Q_EMIT changed(DocumentChange::prompts);
    }
}

PromptId AnnotationDocument::addPrompt(Prompt prompt)
{
    if (!d->mayEdit()) {
        return 0;
    }
    prompt.id = d->nextPrompt++;
    ++d->clicks;
    std::vector<Prompt> next;
    for (const Prompt& other : d->prompts) {
        if (isLabelPrompt(other) && isLabelPrompt(prompt)) {
            continue; // an object has one name
        }
        if (shares(other, prompt.plane, prompt.slice)) { // prompts on another slice belong to another object
            next.push_back(other);
        }
    }
    next.push_back(prompt);
    const QString name = icmoe::ui::promptName(next, prompt.id);
    d->drag = ++d->drags;
    d->dragged = prompt.id;
    d->editPrompts(name, std::move(next), prompt, d->drag);
    if (!d->engine.hasService() || d->engine.state().activity == EngineActivity::noWeights) {
        d->lastEvent = tr("No engine weights. Drawing by hand works.");
        Q_EMIT changed(DocumentChange::proposal);
    }
    return prompt.id;
}

void AnnotationDocument::updatePrompt(const Prompt& prompt, bool interactive)
{
    const Prompt* old = d->find(prompt.id);
    if (old == nullptr) {
        return;
    }
    if (*old != prompt) {
        if (d->dragged != prompt.id || d->drag == 0) {
            d->drag = ++d->drags;
            d->dragged = prompt.id;
        }
        std::vector<Prompt> next = d->prompts;
        *std::find_if(next.begin(), next.end(), [&](const Prompt& p) { return p.id == prompt.id; }) = prompt;
        d->editPrompts(tr("%1 changed").arg(promptName(prompt.id)), std::move(next), prompt, d->drag);
    }
    if (!interactive) {
        d->drag = 0;
        d->dragged = 0;
    }
}

void AnnotationDocument::removePrompt(PromptId prompt)
{
    const Prompt* old = d->find(prompt);
    if (old == nullptr || !d->mayEdit()) {
        return;
    }
    const Prompt deleted = *old;
    const QString name = tr("%1 deleted").arg(promptName(prompt));
    std::vector<Prompt> next = d->prompts;
    std::erase_if(next, [&](const Prompt& p) { return p.id == prompt; });
    d->editPrompts(name, std::move(next), deleted, 0);
}

void AnnotationDocument::clearPrompts()
{
    if (!d->prompts.empty() && d->mayEdit()) {
        d->editPrompts(tr("Prompts deleted"), {}, std::nullopt, 0);
    }
}

void AnnotationDocument::flipPrompt(PromptId prompt)
{
    const Prompt* found = d->find(prompt);
    if (found == nullptr) {
        return;
    }
    if (const auto flipped = icmoe::ui::flipped(*found)) {
        updatePrompt(*flipped, false);
    }
}

bool AnnotationDocument::nudgePrompt(PromptId prompt, double dx, double dy)
{
    const Prompt* found = d->find(prompt);
    if (found == nullptr || isLabelPrompt(*found)) {
        return false;
    }
    const SlicePlane& plane = grid(found->plane).stored();
    updatePrompt(moved(*found, dx, dy, plane.width(), plane.height()), false);
    return true;
}

QString AnnotationDocument::promptName(PromptId prompt) const
{
    return icmoe::ui::promptName(d->prompts, prompt);
}

void AnnotationDocument::addPreviousMaskPrompt(Plane plane, int storedSlice)
{
    if (!isOpen()) {
        return;
    }
    const SlicePlane& cut = grid(plane).stored();
    const Mask& mask = d->segmentation.mask(d->activeLabel);
    for (int distance = 0; distance < cut.count() && !mask.empty(); ++distance) {
        for (const int n : {storedSlice - distance, storedSlice + distance}) {
            if (n < 0 || n >= cut.count()) {
                continue;
            }
            SliceMask found = mask.cut(cut, n);
            if (!found.empty()) {
                Prompt prompt{0, plane, storedSlice, MaskPrompt{std::move(found)}};
                (void)addPrompt(std::move(prompt));
                d->drag = 0;
                return;
            }
        }
    }
    Q_EMIT notice(tr("%1 has no mask yet that could be a prompt").arg(d->labelName(d->activeLabel)));
}

void AnnotationDocument::findLabel(Plane plane, int storedSlice)
{
    if (!isOpen()) {
        return;
    }
    const QString name = d->labelName(d->activeLabel);
    if (!isChosenLabelName(name)) {
        Q_EMIT notice(tr("Name the label first: it is looked for by its name"));
    } else if (!grid(plane).canDraw()) {
        Q_EMIT notice(tr("Slices of this plane cross the tilted ones: prompt in the plane of acquisition"));
    } else {
        (void)addPrompt(labelPrompt(plane, storedSlice, name.toStdString()));
        d->drag = 0;
    }
}

bool AnnotationDocument::usesLabelName() const
{
    return d->usesLabelName;
}

void AnnotationDocument::setUsesLabelName(bool uses)
{
    if (d->usesLabelName != uses) {
        d->usesLabelName = uses;
        Q_EMIT changed(DocumentChange::prompts);
        d->askWhereNameChanged();
    }
}

// ---- proposal

const Proposal* AnnotationDocument::proposal() const
{
    return d->proposal.get();
}

int AnnotationDocument::candidateIndex() const
{
    return d->candidate;
}

void AnnotationDocument::setCandidateIndex(int index)
{
    const int count = d->proposal ? static_cast<int>(d->proposal->candidates.size()) : 0;
    if (index >= 0 && index < count && index != d->candidate) {
        d->candidate = index;
        Q_EMIT changed(DocumentChange::proposal);
    }
}

bool AnnotationDocument::isAsking() const
{
    return d->engine.isAsking();
}

CombineMode AnnotationDocument::combineMode() const
{
    return d->mode;
}

void AnnotationDocument::setCombineMode(CombineMode mode)
{
    if (d->mode != mode) {
        d->mode = mode;
        Q_EMIT changed(DocumentChange::proposal);
    }
}

void AnnotationDocument::acceptProposal()
{
    if (!d->proposal || !d->mayEdit()) {
        return;
    }
    const auto proposal = d->proposal;
    const Candidate& chosen = proposal->candidates[static_cast<std::size_t>(d->candidate)];
    const SlicePlane& plane = grid(proposal->plane).stored();
    auto patch = d->segmentation.combine(d->activeLabel, plane, proposal->slice, chosen.mask, d->mode, d->overlapRule);
    if (!patch) {
        Q_EMIT errorOccurred(patch.error());
        return;
    }
    const QString name = chosen.mask.empty()   ? tr("%1: examined, nothing there").arg(d->labelName(d->activeLabel))
                         : proposal->isPreview ? tr("%1 accepted before the vote").arg(d->labelName(d->activeLabel))
                                               : tr("%1 accepted").arg(d->labelName(d->activeLabel));
    auto step = d->newStep(StepKind::accept, name);
    step->proposal = chosen.mask;
    step->accepted = d->segmentation.mask(d->activeLabel).empty()
                         ? SliceMask(plane.width(), plane.height())
                         : d->segmentation.mask(d->activeLabel).cut(plane, proposal->slice);
    step->mode = d->mode;
    step->prompts = proposal->prompts;
    step->plane = proposal->plane;
    step->slice = proposal->slice;
    step->engine = proposal->engine;
    step->preview = proposal->isPreview;
    if (const Vote* vote = proposalVote()) {
        step->vote = *vote;
    }
    step->imageKey = proposal->imageKey;
    d->keep(step, std::move(*patch), [&] { return new AcceptProposalCommand(*d, step, proposal, d->candidate); });
    d->showProposal(nullptr, 0);
}

void AnnotationDocument::discardProposal()
{
    if (d->prompts.empty() && !d->proposal) {
        return;
    }
    if (d->mayEdit()) {
        d->editPrompts(tr("Preview discarded"), {}, std::nullopt, 0);
        d->lastEvent = tr("Preview discarded");
        Q_EMIT changed(DocumentChange::proposal);
    }
}

double AnnotationDocument::proposalMillilitres() const
{
    if (!d->proposal) {
        return 0;
    }
    const SlicePlane& plane = grid(d->proposal->plane).stored();
    const auto& mask = d->proposal->candidates[static_cast<std::size_t>(d->candidate)].mask;
    return double(mask.area()) * plane.spacingX() * plane.spacingY() * plane.spacingN() / 1000;
}

OverlapRule AnnotationDocument::overlapRule() const
{
    return d->overlapRule;
}

void AnnotationDocument::setOverlapRule(OverlapRule rule)
{
    d->overlapRule = rule;
}

void AnnotationDocument::askHint(Plane plane, int storedSlice, Point2 at)
{
    if (isOpen()) {
        std::vector<Prompt> asked{{0, plane, storedSlice, PointPrompt{at, true}}};
        if (std::string name = d->nameToAskWith(asked); !name.empty()) {
            asked.push_back(labelPrompt(plane, storedSlice, std::move(name)));
        }
        d->engine.askHint(std::move(asked));
    }
}

void AnnotationDocument::clearHint()
{
    d->engine.forgetHint();
    if (d->hint) {
        d->hint.reset();
        Q_EMIT changed(DocumentChange::proposal);
    }
}

const Proposal* AnnotationDocument::hint() const
{
    return d->hint.get();
}

// ---- votes

const Vote* AnnotationDocument::proposalVote() const
{
    const bool voted = d->proposal && d->proposal->vote && d->candidate == 0; // it is about the first candidate
    return voted ? &*d->proposal->vote : nullptr;
}

std::vector<const Vote*> AnnotationDocument::votes(Plane plane, int storedSlice) const
{
    const Vote* vote = proposalVote();
    if (vote != nullptr && d->proposal->plane == plane && d->proposal->slice == storedSlice) {
        return {vote};
    }
    return d->voteIndex.on(plane, storedSlice);
}

std::map<int, double> AnnotationDocument::disagreements(Plane plane) const
{
    std::map<int, double> shown;
    if (!isOpen()) {
        return shown;
    }
    const SliceGrid& g = grid(plane);
    for (const auto& [slice, share] : d->voteIndex.disagreements(plane)) {
        shown[g.shownSlice(slice)] = share;
    }
    if (const Vote* vote = proposalVote(); vote != nullptr && d->proposal->plane == plane) {
        shown[g.shownSlice(d->proposal->slice)] = vote->boundaryDisagreement;
    }
    return shown;
}

bool AnnotationDocument::disagreementShown() const
{
    return d->disagreementShown;
}

void AnnotationDocument::setDisagreementShown(bool shown)
{
    if (d->disagreementShown != shown) {
        d->disagreementShown = shown;
        Q_EMIT changed(DocumentChange::display);
    }
}

// ---- drawing

bool AnnotationDocument::beginStroke(Plane plane, int slice, Point2 at, double radiusMm, bool erase)
{
    if (!d->mayEdit()) {
        return false;
    }
    if (!grid(plane).canDraw()) {
        Q_EMIT notice(tr("Slices of this plane cross the tilted ones: draw in the plane of acquisition"));
        return false;
    }
    const Label* label = d->segmentation.labels().find(d->activeLabel);
    if (label == nullptr) {
        Q_EMIT notice(tr("Add a label first"));
        return false;
    }
    if (label->locked) {
        Q_EMIT errorOccurred(
            {ErrorCode::labelLocked, "\"" + label->name + "\" is locked", {}, "Unlock it, or choose another label"});
        return false;
    }
    const SlicePlane& cut = grid(plane).stored();
    d->stroke = std::make_unique<Stroke>(
        d->segmentation, Stroke::Settings{d->activeLabel, cut, slice, std::max(0.5, radiusMm / cut.spacingX()),
                                          std::max(0.5, radiusMm / cut.spacingY()), erase, d->overlapRule});
    continueStroke(at);
    return true;
}

void AnnotationDocument::continueStroke(Point2 at)
{
    if (d->stroke) {
        d->stroke->moveTo(at);
        Q_EMIT changed(DocumentChange::masks);
    }
}

void AnnotationDocument::endStroke()
{
    if (!d->stroke) {
        return;
    }
    const auto stroke = std::move(d->stroke);
    if (stroke->before().empty()) {
        Q_EMIT changed(DocumentChange::masks);
        return;
    }
    ++d->strokes;
    const bool erase = stroke->settings().erase;
    const QString label = d->labelName(stroke->settings().label);
    auto step = d->newStep(erase ? StepKind::erase : StepKind::paint,
                           erase ? tr("%1 erased").arg(label) : tr("%1 brushed").arg(label));
    step->label = stroke->settings().label;
    step->plane = stroke->settings().plane.plane();
    step->slice = stroke->settings().slice;
    d->keep(step, stroke->before(), [&] { return new StepCommand(*d, step, StepCommand::Shown::yes); });
}

std::optional<Plane> AnnotationDocument::strokePlane() const
{
    return d->stroke ? std::optional(d->stroke->settings().plane.plane()) : std::nullopt;
}

// ---- display, history, storage

double AnnotationDocument::fillOpacity() const
{
    return d->fillOpacity;
}

void AnnotationDocument::setFillOpacity(double opacity)
{
    d->fillOpacity = std::clamp(opacity, 0.0, 1.0);
    Q_EMIT changed(DocumentChange::display);
}

bool AnnotationDocument::masksHidden() const
{
    return d->masksHidden;
}

void AnnotationDocument::setMasksHidden(bool hidden)
{
    if (d->masksHidden != hidden) {
        d->masksHidden = hidden;
        Q_EMIT changed(DocumentChange::display);
    }
}

bool AnnotationDocument::namesHidden() const
{
    return d->namesHidden;
}

void AnnotationDocument::setNamesHidden(bool hidden)
{
    if (d->namesHidden != hidden) {
        d->namesHidden = hidden;
        Q_EMIT changed(DocumentChange::display);
    }
}

QUndoStack& AnnotationDocument::undoStack()
{
    return d->stack;
}

void AnnotationDocument::undo()
{
    endStroke();
    d->drag = 0;
    d->stack.undo();
}

void AnnotationDocument::redo()
{
    endStroke();
    d->stack.redo();
}

StorageState AnnotationDocument::storageState() const
{
    if (isOpen() && !d->store.hasStore() && hasUnstoredWork()) {
        return StorageState::notStored;
    }
    return d->store.state();
}

bool AnnotationDocument::hasUnstoredWork() const
{
    return isOpen() && d->store.unstored() > 0;
}

QString AnnotationDocument::storageText() const
{
    switch (storageState()) {
    case StorageState::nothing:
        return {};
    case StorageState::storing:
        return tr("storing");
    case StorageState::stored:
        return tr("stored %1").arg(d->store.storedAt().toString(QStringLiteral("HH:mm:ss")));
    case StorageState::notStored:
        break;
    }
    return d->store.failure() ? tr("not stored: %1").arg(QString::fromStdString(d->store.failure()->message))
                              : tr("not stored");
}

bool AnnotationDocument::hasEngine() const
{
    return d->engine.hasService();
}

const EngineState& AnnotationDocument::engineState() const
{
    return d->engine.state();
}

QString AnnotationDocument::lastEvent() const
{
    return d->lastEvent;
}

} // namespace icmoe::ui
