#include "ui/panels/WarnStrip.h"

#include "ui/panels/Widgets.h"

#include <QHBoxLayout>

namespace icmoe::ui {

WarnStrip::WarnStrip(QWidget* parent)
    : QWidget(parent)
    , m_text(new ElidedLabel(this))
    , m_action(makeButton({}, "small", this))
{
    setProperty("surface", "warn");
    setAttribute(Qt::WA_StyledBackground);
    setFixedHeight(38);
    m_text->setColourRole("warn");
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(14, 0, 10, 0);
    row->setSpacing(10);
    row->addWidget(new IconLabel(QStringLiteral("warning"), "warn", 18, this));
    row->addWidget(m_text, 1);
    row->addWidget(m_action);
    connect(m_action, &QPushButton::clicked, this, &WarnStrip::actionClicked);
    hide();
}

void WarnStrip::warn(const QString& text, const QString& action)
{
    m_text->setText(text);
    m_action->setText(action);
    m_action->setAccessibleName(QString(action).remove(QStringLiteral("…")));
    m_action->setVisible(!action.isEmpty());
    setAccessibleName(text);
    show();
}

QString WarnStrip::text() const
{
    return m_text->text();
}

} // namespace icmoe::ui
