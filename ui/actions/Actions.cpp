#include "ui/actions/Actions.h"

#include "ui/style/Icons.h"

#include <QMenu>
#include <QMenuBar>
#include <QWidget>

namespace icmoe::ui {

Actions::Actions(QObject* parent)
    : QObject(parent)
{
    for (const ActionInfo& row : actionTable()) {
        auto* action = new QAction(text(row), this);
        action->setObjectName(QLatin1String(row.name));
        action->setShortcuts(keys(row));
        action->setCheckable(row.checkable);
        action->setShortcutContext(row.scope == KeyScope::window ? Qt::WindowShortcut : Qt::WidgetWithChildrenShortcut);
        if (*row.icon != '\0') {
            action->setIcon(icon(QLatin1String(row.icon)));
            action->setIconVisibleInMenu(!row.checkable);
        }
        QString tip = text(row);
        if (!action->shortcut().isEmpty()) {
            tip += QStringLiteral("  (%1)").arg(action->shortcut().toString(QKeySequence::NativeText));
        }
        action->setToolTip(tip);
        m_actions[row.id] = action;
    }
    setSeriesOpen(false);
}

void Actions::install(QWidget& window, QWidget& views)
{
    for (const ActionInfo& row : actionTable()) {
        (row.scope == KeyScope::window ? window : views).addAction(action(row.id));
    }
}

std::map<MenuId, QMenu*> Actions::fillMenus(QMenuBar& bar) const
{
    std::map<MenuId, QMenu*> menus;
    for (const MenuId id : {MenuId::file, MenuId::edit, MenuId::view, MenuId::annotate, MenuId::learn, MenuId::help}) {
        menus[id] = bar.addMenu(menuTitle(id));
        menus[id]->setAccessibleName(menuTitle(id));
    }
    menus[MenuId::engine] = new QMenu(menuTitle(MenuId::engine), &bar);
    menus[MenuId::engine]->setAccessibleName(menuTitle(MenuId::engine));
    for (const ActionInfo& row : actionTable()) {
        if (row.startsGroup) {
            menus[row.menu]->addSeparator();
        }
        menus[row.menu]->addAction(action(row.id));
    }
    menus[MenuId::annotate]->addSeparator();
    menus[MenuId::annotate]->addMenu(menus[MenuId::engine]);
    return menus;
}

void Actions::setSeriesOpen(bool open)
{
    for (const ActionInfo& row : actionTable()) {
        if (row.needsSeries) {
            action(row.id)->setEnabled(open);
        }
    }
}

} // namespace icmoe::ui
