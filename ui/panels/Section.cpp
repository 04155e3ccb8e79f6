#include "ui/panels/Section.h"

#include "ui/panels/Widgets.h"
#include "ui/style/Icons.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace icmoe::ui {

Section::Section(const QString& title, QWidget* content, QWidget* parent)
    : QWidget(parent)
    , m_heading(new QToolButton(this))
    , m_count(makeLabel({}, "hint", this))
    , m_summary(makeLabel({}, "hint", this))
    , m_buttons(new QWidget(this))
    , m_buttonRow(new QHBoxLayout(m_buttons))
    , m_content(content)
{
    m_heading->setText(title);
    m_heading->setProperty("kind", "section");
    m_heading->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_heading->setIconSize({20, 16});
    m_heading->setFocusPolicy(Qt::TabFocus);
    m_buttonRow->setContentsMargins(0, 0, 0, 0);
    m_buttonRow->setSpacing(2);

    auto* head = new QHBoxLayout;
    head->setContentsMargins(8, 3, 8, 3);
    head->setSpacing(4);
    head->addWidget(m_heading);
    head->addWidget(m_count);
    head->addStretch();
    head->addWidget(m_summary);
    head->addWidget(m_buttons);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addLayout(head);
    column->addWidget(content, 1);
    connect(m_heading, &QToolButton::clicked, this, [this] { setFolded(!m_folded); });
    arrange();
}

void Section::setCount(const QString& count)
{
    m_count->setText(count);
}

void Section::setSummary(const QString& summary)
{
    m_summary->setText(summary);
}

void Section::addButton(QWidget* button)
{
    m_buttonRow->addWidget(button);
}

bool Section::isFolded() const
{
    return m_folded;
}

void Section::setFolded(bool folded)
{
    if (folded != m_folded) {
        m_folded = folded;
        arrange();
        Q_EMIT foldedChanged(folded);
    }
}

void Section::arrange()
{
    m_heading->setIcon(icon(m_folded ? QStringLiteral("chevron-right") : QStringLiteral("chevron-down")));
    m_heading->setAccessibleName(m_folded ? tr("Open section %1").arg(m_heading->text())
                                          : tr("Fold section %1").arg(m_heading->text()));
    m_count->setVisible(!m_folded);
    m_summary->setVisible(m_folded);
    m_buttons->setVisible(!m_folded);
    m_content->setVisible(!m_folded);
}

} // namespace icmoe::ui
