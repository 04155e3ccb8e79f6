#pragma once

#include <QWidget>

class QPushButton;

namespace icmoe::ui {

class ElidedLabel;

/// A line under the banner for what concerns all work: the database cannot be written.
class WarnStrip final : public QWidget {
    Q_OBJECT

public:
    explicit WarnStrip(QWidget* parent = nullptr);
    void warn(const QString& text, const QString& action); ///< shows itself
    [[nodiscard]] QString text() const;
    [[nodiscard]] QPushButton& actionButton() const { return *m_action; }

Q_SIGNALS:
    void actionClicked();

private:
    ElidedLabel* m_text = nullptr;
    QPushButton* m_action = nullptr;
};

} // namespace icmoe::ui
