#pragma once

#include <QFrame>

class QAction;
class QToolButton;

namespace icmoe::ui {

/// Two or three choices side by side, one of them active: "Slice | 3D", "Replace | Add | Subtract".
class Segments final : public QFrame {
    Q_OBJECT

public:
    explicit Segments(const QString& accessibleName, QWidget* parent = nullptr);
    QToolButton* add(const QString& text);
    void setCurrent(int index); ///< without a signal
    [[nodiscard]] int current() const;
    [[nodiscard]] QToolButton* button(int index) const { return m_buttons.at(index); }

Q_SIGNALS:
    void chosen(int index);

private:
    QList<QToolButton*> m_buttons;
};

} // namespace icmoe::ui
