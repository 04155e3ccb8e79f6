#pragma once

#include "ui/actions/ActionTable.h"

#include <QAction>
#include <QObject>

#include <map>

class QMenu;
class QMenuBar;

namespace icmoe::ui {

/// The table's rows as QActions, shared by menus, tool bar, command search and keys. They carry text, icon and keys;
/// what they do is connected by the window.
class Actions final : public QObject {
    Q_OBJECT

public:
    explicit Actions(QObject* parent = nullptr);

    [[nodiscard]] QAction* action(ActionId id) const { return m_actions.at(id); }
    /// Makes the keys count: window-wide ones in `window`, the others in `views` and its children.
    void install(QWidget& window, QWidget& views);
    /// Fills the menu bar from the table. Returns the menus, so that the window can add what is not an action (recent
    /// studies, window presets).
    std::map<MenuId, QMenu*> fillMenus(QMenuBar& bar) const;
    /// Dims what needs an open series.
    void setSeriesOpen(bool open);
    /// Checks one of several actions without triggering.
    void check(ActionId id, bool checked) { action(id)->setChecked(checked); }

private:
    std::map<ActionId, QAction*> m_actions;
};

} // namespace icmoe::ui
