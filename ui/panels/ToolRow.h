#pragma once

#include "ui/tools/ToolController.h"

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QSlider;
class QToolButton;

namespace icmoe::ui {

class Actions;
class Segments;
enum class ActionId;

/// The tool bar: open, undo, the tools with the prompts' names, the options of the current tool, display and layouts.
class ToolRow final : public QWidget {
    Q_OBJECT

public:
    ToolRow(const Actions& actions, ToolController& tools, QWidget* parent = nullptr);
    /// Below this width the prompts lose their words.
    void setCompact(bool compact);
    void setStudyOpen(bool open); ///< dims what needs a study and is no action

Q_SIGNALS:
    void volumeScopeAsked(); ///< 3D was chosen, which is not there yet

private:
    QToolButton* addButton(QHBoxLayout& row, ActionId id, bool withText);
    void addRule(QHBoxLayout& row);
    void updateOptions();

    const Actions& m_actions;
    ToolController& m_tools;
    QList<QToolButton*> m_named;
    QWidget* m_scopeOptions = nullptr;
    Segments* m_scope = nullptr;
    QWidget* m_brushOptions = nullptr;
    QSlider* m_brush = nullptr;
    QLabel* m_brushText = nullptr;
};

} // namespace icmoe::ui
