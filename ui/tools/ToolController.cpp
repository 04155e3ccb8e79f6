#include "ui/tools/ToolController.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/tools/BoxTool.h"
#include "ui/tools/BrushTool.h"
#include "ui/tools/MeasureTool.h"
#include "ui/tools/NavigateTool.h"
#include "ui/tools/PanTool.h"
#include "ui/tools/PathTool.h"
#include "ui/tools/PointTool.h"
#include "ui/tools/PreviousMaskTool.h"
#include "ui/tools/WindowLevelTool.h"

#include <QDateTime>
#include <QKeyEvent>

#include <algorithm>
#include <cmath>

namespace icmoe::ui {
namespace {

constexpr qint64 kHoldMilliseconds = 200;

} // namespace

const std::vector<ToolId>& allTools()
{
    static const std::vector<ToolId> tools{ToolId::navigate,     ToolId::windowLevel, ToolId::pan,      ToolId::measure,
                                           ToolId::box,          ToolId::point,       ToolId::scribble, ToolId::lasso,
                                           ToolId::previousMask, ToolId::brush,       ToolId::eraser};
    return tools;
}

ToolController::ToolController(AnnotationDocument& document, QObject* parent)
    : QObject(parent)
    , m_document(document)
{
    const auto redraw = [this] { Q_EMIT overlayChanged(); };
    m_tools[ToolId::navigate] = std::make_unique<NavigateTool>(document);
    m_tools[ToolId::windowLevel] = std::make_unique<WindowLevelTool>(document);
    m_tools[ToolId::pan] = std::make_unique<PanTool>();
    m_tools[ToolId::measure] = std::make_unique<MeasureTool>(document, redraw);
    m_tools[ToolId::box] = std::make_unique<BoxTool>(document);
    m_tools[ToolId::point] = std::make_unique<PointTool>(document);
    m_tools[ToolId::scribble] = std::make_unique<PathTool>(document, PathTool::Kind::scribble, redraw);
    m_tools[ToolId::lasso] = std::make_unique<PathTool>(document, PathTool::Kind::lasso, redraw);
    m_tools[ToolId::previousMask] = std::make_unique<PreviousMaskTool>(document);
    m_tools[ToolId::brush] = std::make_unique<BrushTool>(document, *this, BrushTool::Kind::paint, redraw);
    m_tools[ToolId::eraser] = std::make_unique<BrushTool>(document, *this, BrushTool::Kind::erase, redraw);
    const std::map<ToolId, int> keys{{ToolId::navigate, Qt::Key_V}, {ToolId::windowLevel, Qt::Key_W},
                                     {ToolId::measure, Qt::Key_T},  {ToolId::box, Qt::Key_B},
                                     {ToolId::point, Qt::Key_P},    {ToolId::scribble, Qt::Key_S},
                                     {ToolId::lasso, Qt::Key_L},    {ToolId::previousMask, Qt::Key_M},
                                     {ToolId::brush, Qt::Key_D},    {ToolId::eraser, Qt::Key_E}};
    for (const auto& [tool, key] : keys) {
        m_keys[tool] = QKeySequence(key);
    }
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::series) {
            static_cast<MeasureTool&>(tool(ToolId::measure)).clear();
            currentTool().leave();
        }
    });
}

ToolController::~ToolController()
{
    m_document.disconnect(this);
}

ToolId ToolController::current() const
{
    return m_temporary ? m_spring : m_chosen;
}

Tool& ToolController::tool(ToolId id) const
{
    return *m_tools.at(id);
}

void ToolController::choose(ToolId tool)
{
    const ToolId before = current();
    m_temporary = false;
    m_chosen = tool;
    if (before != tool) {
        this->tool(before).leave();
        Q_EMIT toolChanged(tool);
        Q_EMIT overlayChanged();
    }
}

void ToolController::beginTemporary(ToolId tool)
{
    const ToolId before = current();
    m_spring = tool;
    m_temporary = true;
    if (before != tool) {
        this->tool(before).leave();
        Q_EMIT toolChanged(tool);
        Q_EMIT overlayChanged();
    }
}

void ToolController::endTemporary()
{
    if (m_temporary) {
        m_temporary = false;
        if (m_spring != m_chosen) {
            tool(m_spring).leave();
            Q_EMIT toolChanged(m_chosen);
            Q_EMIT overlayChanged();
        }
    }
}

void ToolController::setKey(ToolId tool, const QKeySequence& key)
{
    m_keys[tool] = key;
}

QKeySequence ToolController::key(ToolId tool) const
{
    const auto found = m_keys.find(tool);
    return found == m_keys.end() ? QKeySequence() : found->second;
}

bool ToolController::isToolKey(const QKeyEvent& event) const
{
    return std::any_of(m_keys.begin(), m_keys.end(),
                       [&](const auto& entry) { return entry.second == QKeySequence(event.keyCombination()); });
}

bool ToolController::keyPressed(const QKeyEvent& event)
{
    if (event.isAutoRepeat()) {
        return event.key() == m_heldKey;
    }
    for (const auto& [tool, key] : m_keys) {
        if (key == QKeySequence(event.keyCombination())) {
            m_heldKey = event.key();
            m_heldSince = QDateTime::currentMSecsSinceEpoch();
            beginTemporary(tool);
            return true;
        }
    }
    return false;
}

bool ToolController::keyReleased(const QKeyEvent& event)
{
    if (event.isAutoRepeat() || m_heldKey == 0 || event.key() != m_heldKey) {
        return event.isAutoRepeat() && event.key() == m_heldKey;
    }
    m_heldKey = 0;
    if (!m_temporary) {
        return true;
    }
    if (QDateTime::currentMSecsSinceEpoch() - m_heldSince <= kHoldMilliseconds) {
        choose(m_spring); // a tap
    } else {
        endTemporary();
    }
    return true;
}

void ToolController::setBrushRadiusMm(double radius)
{
    const double inside = std::clamp(radius, kSmallestBrushMm, kLargestBrushMm);
    if (std::abs(inside - m_brushRadiusMm) > 1e-9) {
        m_brushRadiusMm = inside;
        Q_EMIT optionsChanged();
        Q_EMIT overlayChanged();
    }
}

void ToolController::growBrush(int steps, bool fine)
{
    const double step = std::max(0.1, m_brushRadiusMm * (fine ? 0.05 : 0.2));
    setBrushRadiusMm(m_brushRadiusMm + step * steps);
}

void ToolController::escape()
{
    if (currentTool().cancel()) {
        return;
    }
    if (m_document.proposal() != nullptr || !m_document.prompts().empty()) {
        m_document.discardProposal();
    } else if (m_document.selectedPrompt()) {
        m_document.selectPrompt(std::nullopt);
    } else {
        choose(ToolId::navigate);
    }
}

} // namespace icmoe::ui
