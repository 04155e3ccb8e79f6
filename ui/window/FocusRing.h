#pragma once

#include <QWidget>

namespace icmoe::ui {

/// A ring of two points, two points off, around what the keyboard has reached. Mouse clicks show none.
class FocusRing final : public QWidget {
    Q_OBJECT

public:
    explicit FocusRing(QWidget* window);

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void follow(QWidget* focus);
    void place();

    QWidget* m_target = nullptr;
    bool m_keyboard = false;
};

} // namespace icmoe::ui
