#pragma once

#include <QFrame>

class QAction;
class QLineEdit;
class QListWidget;

namespace icmoe::ui {

class Actions;

/// The command search (Ctrl+K): type a part of a command's name, Enter runs it. A popup that closes itself.
class CommandSearch final : public QFrame {
    Q_OBJECT

public:
    explicit CommandSearch(const Actions& actions, QWidget* parent);

    /// Opens in the upper middle of the parent, with an empty search.
    void popUp();
    [[nodiscard]] QLineEdit& input() const { return *m_input; }
    [[nodiscard]] QListWidget& list() const { return *m_list; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void fill(const QString& search);
    void runCurrent();

    const Actions& m_actions;
    QLineEdit* m_input = nullptr;
    QListWidget* m_list = nullptr;
};

/// Does every word of `search` occur in `text`, in any order and case?
[[nodiscard]] bool matchesWords(const QString& text, const QString& search);

} // namespace icmoe::ui
