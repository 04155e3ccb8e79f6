#include "ui/panels/Segments.h"

#include "ui/style/Fonts.h"

#include <QHBoxLayout>
#include <QToolButton>

namespace icmoe::ui {

Segments::Segments(const QString& accessibleName, QWidget* parent)
    : QFrame(parent)
{
    setProperty("kind", "segments");
    setAccessibleName(accessibleName);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

QToolButton* Segments::add(const QString& text)
{
    auto* button = new QToolButton(this);
    button->setProperty("kind", "segment");
    button->setText(text);
    button->setAccessibleName(accessibleName() + QStringLiteral(": ") + text);
    button->setCheckable(true);
    button->setFocusPolicy(Qt::TabFocus);
    const int index = static_cast<int>(m_buttons.size());
    connect(button, &QToolButton::clicked, this, [this, index] {
        setCurrent(index);
        Q_EMIT chosen(index);
    });
    // As wide as its chosen, heavier text, so that choosing moves nothing.
    button->setFixedWidth(QFontMetrics(ui::font(FontRole::heading)).horizontalAdvance(text) + 22);
    m_buttons << button;
    layout()->addWidget(button);
    return button;
}

void Segments::setCurrent(int index)
{
    for (int i = 0; i < m_buttons.size(); ++i) {
        m_buttons[i]->setChecked(i == index);
    }
}

int Segments::current() const
{
    for (int i = 0; i < m_buttons.size(); ++i) {
        if (m_buttons[i]->isChecked()) {
            return i;
        }
    }
    return -1;
}

} // namespace icmoe::ui
