#include "ui/window/ActionController.h"

#include "ui/actions/Actions.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/tools/ToolController.h"
#include "ui/views/ViewArea.h"

#include <QMenu>
#include <QShortcut>

namespace icmoe::ui {

namespace {

constexpr std::pair<ActionId, ToolId> kTools[] = {
    {ActionId::toolNavigate, ToolId::navigate}, {ActionId::toolWindow, ToolId::windowLevel},
    {ActionId::toolPan, ToolId::pan},           {ActionId::toolMeasure, ToolId::measure},
    {ActionId::toolBox, ToolId::box},           {ActionId::toolPoint, ToolId::point},
    {ActionId::toolScribble, ToolId::scribble}, {ActionId::toolLasso, ToolId::lasso},
    {ActionId::toolBrush, ToolId::brush},       {ActionId::toolEraser, ToolId::eraser},
};

constexpr std::pair<ActionId, ViewLayout> kLayouts[] = {{ActionId::layoutMain, ViewLayout::onePlusThree},
                                                        {ActionId::layoutGrid, ViewLayout::twoByTwo},
                                                        {ActionId::layoutSingle, ViewLayout::single}};

constexpr std::pair<ActionId, CombineMode> kModes[] = {{ActionId::modeReplace, CombineMode::replace},
                                                       {ActionId::modeAdd, CombineMode::add},
                                                       {ActionId::modeSubtract, CombineMode::subtract}};

} // namespace

ActionController::ActionController(Actions& actions, AnnotationDocument& document, ToolController& tools,
                                   ViewArea& views, QObject* parent)
    : QObject(parent)
    , m_actions(actions)
    , m_document(document)
    , m_tools(tools)
    , m_views(views)
{
    connectEditing();
    connectViewing();
    connectTools();
    connectProposal();
    connect(&document, &AnnotationDocument::changed, this, &ActionController::update);
    connect(&document.undoStack(), &QUndoStack::indexChanged, this, &ActionController::update);
    connect(&views, &ViewArea::layoutChanged, this, &ActionController::updateLayout);
    connect(&tools, &ToolController::toolChanged, this, &ActionController::updateTools);
    update();
    updateTools();
    updateLayout();
}

void ActionController::on(ActionId id, const std::function<void()>& does)
{
    connect(m_actions.action(id), &QAction::triggered, this, does);
}

void ActionController::connectEditing()
{
    on(ActionId::undo, [this] { m_document.undo(); });
    on(ActionId::redo, [this] { m_document.redo(); });
    on(ActionId::clearPrompts, [this] { m_document.clearPrompts(); });
    on(ActionId::deletePrompt, [this] {
        if (const auto prompt = m_document.selectedPrompt()) {
            m_document.removePrompt(*prompt);
        }
    });
    on(ActionId::flipPrompt, [this] {
        if (const auto prompt = m_document.selectedPrompt()) {
            m_document.flipPrompt(*prompt);
        }
    });
    on(ActionId::lockLabel, [this] {
        if (const Label* label = m_document.segmentation().labels().find(m_document.activeLabel())) {
            m_document.setLabelLocked(label->id, !label->locked);
        }
    });
}

void ActionController::connectViewing()
{
    on(ActionId::sliceUp, [this] { nudgeOr(0, -1, [this] { step(1); }); });
    on(ActionId::sliceDown, [this] { nudgeOr(0, 1, [this] { step(-1); }); });
    on(ActionId::sliceUpTen, [this] { step(10); });
    on(ActionId::sliceDownTen, [this] { step(-10); });
    on(ActionId::slicePrevious, [this] { nudgeOr(-1, 0, [this] { step(-1); }); });
    on(ActionId::sliceNext, [this] { nudgeOr(1, 0, [this] { step(1); }); });
    on(ActionId::previousPlace, [this] { m_document.goToPlace(false); });
    on(ActionId::nextPlace, [this] { m_document.goToPlace(true); });
    on(ActionId::fitView, [this] { m_views.fitView(); });
    for (const auto& [id, layout] : kLayouts) {
        on(id, [this, layout = layout] {
            m_views.setViewLayout(layout);
            updateLayout();
        });
    }
    on(ActionId::hideMasks, [this] { m_document.setMasksHidden(m_actions.action(ActionId::hideMasks)->isChecked()); });
    on(ActionId::hideNames, [this] { m_document.setNamesHidden(m_actions.action(ActionId::hideNames)->isChecked()); });
    on(ActionId::disagreement, [this] {
        const bool shown = m_actions.action(ActionId::disagreement)->isChecked();
        m_document.setDisagreementShown(shown);
        if (shown && m_document.disagreements(m_document.mainPlane()).empty()) {
            Q_EMIT notice(tr("There is no vote yet whose disagreement could be shown."));
        }
    });
    m_actions.action(ActionId::hideMasks)->setAutoRepeat(false);
}

void ActionController::connectTools()
{
    for (const auto& [id, tool] : kTools) {
        on(id, [this, tool = tool] {
            m_tools.choose(tool);
            updateTools(); // a click on the current tool unchecked its button
        });
    }
    on(ActionId::toolPreviousMask, [this] {
        const Plane plane = m_document.mainPlane();
        m_document.addPreviousMaskPrompt(plane, m_document.grid(plane).storedSlice(m_document.slice(plane)));
    });
    on(ActionId::findLabel, [this] {
        const Plane plane = m_document.mainPlane();
        m_document.findLabel(plane, m_document.grid(plane).storedSlice(m_document.slice(plane)));
    });
    on(ActionId::useLabelName,
       [this] { m_document.setUsesLabelName(m_actions.action(ActionId::useLabelName)->isChecked()); });
    on(ActionId::brushSmaller, [this] { m_tools.growBrush(-1, false); });
    on(ActionId::brushLarger, [this] { m_tools.growBrush(1, false); });
}

void ActionController::connectProposal()
{
    on(ActionId::accept, [this] {
        if (m_document.proposal() != nullptr) {
            m_document.acceptProposal();
        }
    });
    on(ActionId::discard, [this] { m_tools.escape(); });
    const auto candidate = [this](int by) {
        if (const Proposal* proposal = m_document.proposal()) {
            const int count = static_cast<int>(proposal->candidates.size());
            m_document.setCandidateIndex((m_document.candidateIndex() + by + count) % count);
        }
    };
    on(ActionId::nextCandidate, [candidate] { candidate(1); });
    on(ActionId::previousCandidate, [candidate] { candidate(-1); });
    for (const auto& [id, mode] : kModes) {
        on(id, [this, mode = mode] {
            m_document.setCombineMode(mode);
            update();
        });
    }
}

void ActionController::step(int slices)
{
    const Plane plane = m_document.mainPlane();
    m_document.setSlice(plane, m_document.slice(plane) + slices);
}

void ActionController::nudgeOr(double dx, double dy, const std::function<void()>& otherwise)
{
    const auto prompt = m_document.selectedPrompt();
    if (!prompt || !m_document.nudgePrompt(*prompt, dx, dy)) {
        otherwise();
    }
}

void ActionController::chooseLabel(int number)
{
    const auto& labels = m_document.segmentation().labels().labels();
    if (m_document.isOpen() && static_cast<std::size_t>(number) <= labels.size()) {
        m_document.setActiveLabel(labels[static_cast<std::size_t>(number - 1)].id);
    }
}

void ActionController::installDigitKeys(QWidget& window)
{
    for (int number = 1; number <= 10; ++number) {
        const auto key = static_cast<Qt::Key>(Qt::Key_0 + number % 10);
        auto* choose = new QShortcut(QKeySequence(key), &window);
        connect(choose, &QShortcut::activated, this, [this, number] { chooseLabel(number); });
        auto* lock = new QShortcut(QKeySequence(Qt::SHIFT | key), &window);
        connect(lock, &QShortcut::activated, this, [this, number] {
            const auto& labels = m_document.segmentation().labels().labels();
            if (m_document.isOpen() && static_cast<std::size_t>(number) <= labels.size()) {
                const Label& label = labels[static_cast<std::size_t>(number - 1)];
                m_document.setLabelLocked(label.id, !label.locked);
            }
        });
    }
}

void ActionController::fillWindowMenu(QMenu& menu)
{
    const auto add = [this, &menu](const QString& text, const std::function<WindowLevel()>& window) {
        menu.addAction(text, this, [this, window] {
            if (m_document.isOpen()) {
                m_document.setWindow(window());
            }
        });
    };
    add(tr("As the file says"), [this] { return m_document.volume()->defaultWindow(); });
    menu.addSeparator();
    for (const CtPreset& preset : ctPresets()) {
        const QString name = QString::fromUtf8(preset.name.data(), static_cast<qsizetype>(preset.name.size()));
        add(tr("CT %1 (W %2 L %3)").arg(name).arg(preset.window.width).arg(preset.window.level),
            [window = preset.window] { return window; });
    }
}

void ActionController::update()
{
    const bool open = m_document.isOpen();
    m_actions.setSeriesOpen(open);
    const QUndoStack& stack = m_document.undoStack();
    m_actions.action(ActionId::undo)->setEnabled(open && stack.canUndo());
    m_actions.action(ActionId::redo)->setEnabled(open && stack.canRedo());
    m_actions.action(ActionId::undo)->setText(stack.canUndo() ? tr("Undo: %1").arg(stack.undoText()) : tr("Undo"));
    m_actions.action(ActionId::redo)->setText(stack.canRedo() ? tr("Redo: %1").arg(stack.redoText()) : tr("Redo"));
    const bool preview = open && m_document.proposal() != nullptr;
    const bool several = preview && m_document.proposal()->candidates.size() > 1;
    const bool selected = open && m_document.selectedPrompt().has_value();
    m_actions.action(ActionId::accept)->setEnabled(preview);
    m_actions.action(ActionId::nextCandidate)->setEnabled(several);
    m_actions.action(ActionId::previousCandidate)->setEnabled(several);
    m_actions.action(ActionId::deletePrompt)->setEnabled(selected);
    m_actions.action(ActionId::flipPrompt)->setEnabled(selected);
    m_actions.action(ActionId::clearPrompts)->setEnabled(open && !m_document.prompts().empty());
    m_actions.check(ActionId::hideMasks, m_document.masksHidden());
    m_actions.check(ActionId::hideNames, m_document.namesHidden());
    m_actions.check(ActionId::disagreement, m_document.disagreementShown());
    m_actions.check(ActionId::useLabelName, m_document.usesLabelName());
    for (const auto& [id, mode] : kModes) {
        m_actions.check(id, m_document.combineMode() == mode);
    }
}

void ActionController::updateTools()
{
    for (const auto& [id, tool] : kTools) {
        m_actions.check(id, m_tools.current() == tool);
    }
}

void ActionController::updateLayout()
{
    for (const auto& [id, layout] : kLayouts) {
        m_actions.check(id, m_views.viewLayout() == layout);
    }
    m_actions.check(ActionId::fullView, m_views.viewLayout() == ViewLayout::single);
}

} // namespace icmoe::ui
