#pragma once

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QToolButton;

namespace icmoe::ui {

/// A part of the right panel that folds to its heading and a one-line summary.
class Section final : public QWidget {
    Q_OBJECT

public:
    Section(const QString& title, QWidget* content, QWidget* parent = nullptr);

    void setCount(const QString& count);     ///< beside the title
    void setSummary(const QString& summary); ///< at the right while folded
    void addButton(QWidget* button);         ///< at the right while open
    [[nodiscard]] bool isFolded() const;
    void setFolded(bool folded);

Q_SIGNALS:
    void foldedChanged(bool folded);

private:
    void arrange();

    QToolButton* m_heading = nullptr;
    QLabel* m_count = nullptr;
    QLabel* m_summary = nullptr;
    QWidget* m_buttons = nullptr;
    QHBoxLayout* m_buttonRow = nullptr;
    QWidget* m_content = nullptr;
    bool m_folded = false;
};

} // namespace icmoe::ui
