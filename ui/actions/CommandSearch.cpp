#include "ui/actions/CommandSearch.h"

#include "ui/actions/Actions.h"
#include "ui/style/Icons.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QVBoxLayout>

namespace icmoe::ui {

namespace {
constexpr int kActionRole = Qt::UserRole;
constexpr QSize kSize(520, 380);
} // namespace

CommandSearch::CommandSearch(const Actions& actions, QWidget* parent)
    : QFrame(parent, Qt::Popup)
    , m_actions(actions)
    , m_input(new QLineEdit(this))
    , m_list(new QListWidget(this))
{
    setProperty("surface", "card");
    setAccessibleName(tr("Find a command"));
    m_input->setPlaceholderText(tr("Type a command"));
    m_input->setAccessibleName(tr("Command to find"));
    m_input->installEventFilter(this);
    m_list->setAccessibleName(tr("Matching commands"));
    m_list->setIconSize({16, 16});
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setStyleSheet(QStringLiteral("QListWidget::item { padding: 5px 6px; border-radius: 4px; }"));

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(10, 10, 10, 10);
    column->addWidget(m_input);
    column->addWidget(m_list);
    connect(m_input, &QLineEdit::textChanged, this, &CommandSearch::fill);
    connect(m_list, &QListWidget::itemClicked, this, &CommandSearch::runCurrent);
}

void CommandSearch::popUp()
{
    m_input->clear();
    fill({});
    const QWidget* over = parentWidget();
    setFixedSize(kSize);
    move(over->mapToGlobal(QPoint((over->width() - width()) / 2, 80)));
    show();
    m_input->setFocus(Qt::PopupFocusReason);
}

void CommandSearch::fill(const QString& search)
{
    m_list->clear();
    for (const ActionInfo& row : actionTable()) {
        QAction* action = m_actions.action(row.id);
        const QString name = menuTitle(row.menu) + QStringLiteral(" › ") + action->text();
        if (!action->isEnabled() || !matchesWords(name, search)) {
            continue;
        }
        QString shown = name;
        if (!action->shortcut().isEmpty()) {
            shown += QStringLiteral("    ") + action->shortcut().toString(QKeySequence::NativeText);
        }
        auto* item = new QListWidgetItem(*row.icon != '\0' ? action->icon() : icon(QStringLiteral("chevron-right")),
                                         shown, m_list);
        item->setData(kActionRole, static_cast<int>(row.id));
    }
    m_list->setCurrentRow(0);
}

void CommandSearch::runCurrent()
{
    const QListWidgetItem* item = m_list->currentItem();
    hide();
    if (item != nullptr) {
        m_actions.action(static_cast<ActionId>(item->data(kActionRole).toInt()))->trigger();
    }
}

bool CommandSearch::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_input && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const int step = key->key() == Qt::Key_Down ? 1 : key->key() == Qt::Key_Up ? -1 : 0;
        if (step != 0 && m_list->count() > 0) {
            m_list->setCurrentRow((m_list->currentRow() + step + m_list->count()) % m_list->count());
            return true;
        }
        if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
            runCurrent();
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

bool matchesWords(const QString& text, const QString& search)
{
    const QStringList words = search.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    return std::all_of(words.begin(), words.end(),
                       [&text](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
}

} // namespace icmoe::ui
