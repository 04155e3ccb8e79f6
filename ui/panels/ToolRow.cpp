#include "ui/panels/ToolRow.h"

#include "ui/actions/Actions.h"
#include "ui/panels/Segments.h"
#include "ui/panels/Widgets.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QSlider>

#include <cmath>

namespace icmoe::ui {

namespace {

// The brush slider is logarithmic: a step is the same share of the size everywhere.
constexpr int kBrushSteps = 100;

int stepOf(double radius)
{
    const double range = std::log(ToolController::kLargestBrushMm / ToolController::kSmallestBrushMm);
    return static_cast<int>(std::lround(std::log(radius / ToolController::kSmallestBrushMm) / range * kBrushSteps));
}

double radiusOf(int step)
{
    const double range = std::log(ToolController::kLargestBrushMm / ToolController::kSmallestBrushMm);
    return ToolController::kSmallestBrushMm * std::exp(range * step / kBrushSteps);
}

} // namespace

ToolRow::ToolRow(const Actions& actions, ToolController& tools, QWidget* parent)
    : QWidget(parent)
    , m_actions(actions)
    , m_tools(tools)
{
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Tools"));
    setFixedHeight(44);

    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(8, 0, 8, 0);
    row->setSpacing(2);
    addButton(*row, ActionId::openStudy, true);
    addRule(*row);
    addButton(*row, ActionId::undo, false);
    addButton(*row, ActionId::redo, false);
    addRule(*row);
    for (const ActionId id : {ActionId::toolNavigate, ActionId::toolWindow, ActionId::toolPan, ActionId::toolMeasure}) {
        addButton(*row, id, false);
    }
    addRule(*row);
    for (const ActionId id : {ActionId::toolBox, ActionId::toolPoint, ActionId::toolScribble, ActionId::toolLasso,
                              ActionId::toolPreviousMask}) {
        m_named << addButton(*row, id, true);
    }
    addRule(*row);
    m_named << addButton(*row, ActionId::toolBrush, true) << addButton(*row, ActionId::toolEraser, true);
    row->addStretch(1);

    m_scopeOptions = new QWidget(this);
    auto* scopeRow = new QHBoxLayout(m_scopeOptions);
    scopeRow->setContentsMargins(0, 0, 4, 0);
    scopeRow->setSpacing(8);
    scopeRow->addWidget(makeLabel(tr("Segment"), "value", m_scopeOptions));
    m_scope = new Segments(tr("Segment"), m_scopeOptions);
    m_scope->add(tr("Slice"));
    QToolButton* volume = m_scope->add(tr("3D"));
    volume->setToolTip(tr("Segmenting through slices is not there yet"));
    m_scope->setCurrent(0);
    connect(m_scope, &Segments::chosen, this, [this](int index) {
        if (index == 1) {
            m_scope->setCurrent(0);
            Q_EMIT volumeScopeAsked();
        }
    });
    scopeRow->addWidget(m_scope);
    row->addWidget(m_scopeOptions);

    m_brushOptions = new QWidget(this);
    auto* brushRow = new QHBoxLayout(m_brushOptions);
    brushRow->setContentsMargins(0, 0, 4, 0);
    brushRow->setSpacing(8);
    brushRow->addWidget(makeLabel(tr("Size"), "value", m_brushOptions));
    m_brush = new ThinSlider(tr("Brush radius"), m_brushOptions);
    m_brush->setRange(0, kBrushSteps);
    m_brush->setFixedWidth(96);
    brushRow->addWidget(m_brush);
    m_brushText = makeLabel({}, "value", m_brushOptions);
    m_brushText->setMinimumWidth(52);
    brushRow->addWidget(m_brushText);
    connect(m_brush, &QSlider::valueChanged, this, [this](int step) {
        if (step != stepOf(m_tools.brushRadiusMm())) {
            m_tools.setBrushRadiusMm(radiusOf(step));
        }
    });
    row->addWidget(m_brushOptions);
    addRule(*row);
    addButton(*row, ActionId::hideMasks, false);
    addButton(*row, ActionId::disagreement, false);
    addRule(*row);
    addButton(*row, ActionId::layoutMain, false);
    addButton(*row, ActionId::layoutGrid, false);

    connect(&tools, &ToolController::toolChanged, this, &ToolRow::updateOptions);
    connect(&tools, &ToolController::optionsChanged, this, &ToolRow::updateOptions);
    updateOptions();
}

QToolButton* ToolRow::addButton(QHBoxLayout& row, ActionId id, bool withText)
{
    auto* button = new QToolButton(this);
    button->setProperty("kind", withText ? "tool" : "icon");
    button->setDefaultAction(m_actions.action(id));
    button->setToolButtonStyle(withText ? Qt::ToolButtonTextBesideIcon : Qt::ToolButtonIconOnly);
    button->setIconSize({withText ? 24 : 20, 20});
    button->setFocusPolicy(Qt::TabFocus);
    button->setAccessibleName(text(info(id)).remove(QStringLiteral("…")));
    row.addWidget(button);
    return button;
}

void ToolRow::addRule(QHBoxLayout& row)
{
    row.addSpacing(6);
    auto* rule = makeRule(this, Qt::Vertical);
    rule->setFixedHeight(20);
    row.addWidget(rule);
    row.addSpacing(6);
}

void ToolRow::setCompact(bool compact)
{
    for (QToolButton* button : m_named) {
        button->setToolButtonStyle(compact ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
        button->setIconSize({compact ? 20 : 24, 20});
    }
}

void ToolRow::setStudyOpen(bool open)
{
    m_scopeOptions->setEnabled(open);
}

void ToolRow::updateOptions()
{
    const ToolId tool = m_tools.current();
    const bool drawing = tool == ToolId::brush || tool == ToolId::eraser;
    m_brushOptions->setVisible(drawing);
    m_scopeOptions->setVisible(!drawing);
    m_brush->setValue(stepOf(m_tools.brushRadiusMm()));
    m_brushText->setText(tr("%1 mm").arg(QLocale().toString(m_tools.brushRadiusMm(), 'f', 1)));
}

} // namespace icmoe::ui
