#include "ui/panels/HealthCard.h"

#include "core/study/Study.h"
#include "ui/panels/Widgets.h"

#include <QGridLayout>
#include <QVBoxLayout>

namespace icmoe::ui {

HealthCard::HealthCard(QWidget* parent)
    : QWidget(parent)
    , m_title(makeLabel({}, "heading", this))
{
    setObjectName(QStringLiteral("healthCard"));
    setProperty("surface", "card");
    setAttribute(Qt::WA_StyledBackground);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 10, 12, 10);
    column->setSpacing(6);
    m_title->setMinimumWidth(10);
    m_title->setStyleSheet(QStringLiteral("border: none"));
    column->addWidget(m_title);
    hide();
}

void HealthCard::setSeries(const Series* series)
{
    setVisible(series != nullptr);
    delete m_rows;
    m_rows = nullptr;
    if (series == nullptr) {
        return;
    }
    const QString name = QString::fromStdString(series->displayName());
    m_title->setText(fontMetrics().elidedText(tr("Health of %1").arg(name), Qt::ElideMiddle, 190));
    m_title->setToolTip(tr("Health of %1").arg(name));
    m_rows = new QWidget(this);
    m_rows->setStyleSheet(QStringLiteral("border: none"));
    m_grid = new QGridLayout(m_rows);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(8);
    m_grid->setVerticalSpacing(4);
    m_grid->setColumnStretch(1, 1);
    int row = 0;
    for (const HealthCheck& check : series->health.checks) {
        const bool ok = check.level == HealthLevel::ok;
        const bool warning = check.level == HealthLevel::warning;
        m_grid->addWidget(new IconLabel(ok        ? QStringLiteral("check")
                                        : warning ? QStringLiteral("warning")
                                                  : QStringLiteral("info"),
                                        ok        ? "ok"
                                        : warning ? "warn"
                                                  : "hint",
                                        14, m_rows),
                          row, 0, Qt::AlignTop);
        auto* text = makeLabel(QString::fromStdString(check.text), warning ? "warn" : "value", m_rows);
        text->setWordWrap(true);
        auto fontSmall = text->font();
        fontSmall.setPixelSize(12);
        text->setFont(fontSmall);
        m_grid->addWidget(text, row, 1);
        auto* detail = makeLabel(QString::fromStdString(check.detail), "hint", m_rows);
        m_grid->addWidget(detail, row, 2, Qt::AlignRight | Qt::AlignTop);
        ++row;
    }
    if (row == 0) {
        m_grid->addWidget(makeLabel(tr("No checks for this kind of picture"), "hint", m_rows), 0, 0, 1, 3);
    }
    static_cast<QVBoxLayout*>(layout())->addWidget(m_rows);
    m_rows->show();
}

} // namespace icmoe::ui
