#include "ui/window/FocusRing.h"

#include "ui/style/Tokens.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QApplication>
#include <QKeyEvent>
#include <QPainter>
#include <QSlider>

namespace icmoe::ui {

FocusRing::FocusRing(QWidget* window)
    : QWidget(window)
{
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setAttribute(Qt::WA_NoSystemBackground);
    setFocusPolicy(Qt::NoFocus);
    hide();
    qApp->installEventFilter(this);
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) { follow(now); });
}

bool FocusRing::eventFilter(QObject* watched, QEvent* event)
{
    switch (event->type()) {
    case QEvent::KeyPress: {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Tab || key == Qt::Key_Backtab || key == Qt::Key_F6) {
            m_keyboard = true;
        }
        break;
    }
    case QEvent::MouseButtonPress:
        m_keyboard = false;
        hide();
        break;
    case QEvent::Resize:
    case QEvent::Move:
        if (watched == m_target && isVisible()) {
            place();
        }
        break;
    default:
        break;
    }
    return QWidget::eventFilter(watched, event);
}

void FocusRing::follow(QWidget* focus)
{
    // Fields and views show their own frame; a ring is for what would not show its focus.
    const bool ringed = qobject_cast<QAbstractButton*>(focus) != nullptr ||
                        qobject_cast<QAbstractItemView*>(focus) != nullptr || qobject_cast<QSlider*>(focus) != nullptr;
    m_target = m_keyboard && ringed && focus->window() == parentWidget() ? focus : nullptr;
    setVisible(m_target != nullptr);
    if (m_target != nullptr) {
        place();
    }
}

void FocusRing::place()
{
    const QRect around(m_target->mapTo(parentWidget(), QPoint(0, 0)), m_target->size());
    setGeometry(around.adjusted(-4, -4, 4, 4).intersected(parentWidget()->rect()));
    raise();
}

void FocusRing::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(tokens().accent, 2));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), kRadius + 2, kRadius + 2);
}

} // namespace icmoe::ui
