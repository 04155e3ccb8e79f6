#pragma once

#include "ui/actions/ActionTable.h"

#include <QObject>

#include <functional>

class QMenu;

namespace icmoe::ui {

class Actions;
class AnnotationDocument;
class ToolController;
class ViewArea;

/// Connects actions with document, tools and views, and keeps their checks and dimming true. What concerns the window
/// itself (panels, dialogs, files) is the window's. UI thread.
class ActionController final : public QObject {
    Q_OBJECT

public:
    ActionController(Actions& actions, AnnotationDocument& document, ToolController& tools, ViewArea& views,
                     QObject* parent = nullptr);

    /// Presets and the file's own window.
    void fillWindowMenu(QMenu& menu);
    /// Digits choose labels, with Shift they lock them.
    void installDigitKeys(QWidget& window);

Q_SIGNALS:
    void notice(const QString& text);

private:
    void connectEditing();
    void connectViewing();
    void connectTools();
    void connectProposal();
    void step(int slices);
    void nudgeOr(double dx, double dy, const std::function<void()>& otherwise);
    void chooseLabel(int number);
    void update();
    void updateTools();
    void updateLayout();
    void on(ActionId id, const std::function<void()>& does);

    Actions& m_actions;
    AnnotationDocument& m_document;
    ToolController& m_tools;
    ViewArea& m_views;
};

} // namespace icmoe::ui
