#include "ui/panels/StartPage.h"

#include "ui/panels/DropArea.h"
#include "ui/panels/Widgets.h"
#include "ui/style/Icons.h"

#include <QHBoxLayout>
#include <QVBoxLayout>

namespace icmoe::ui {

StartPage::StartPage(QWidget* parent)
    : QWidget(parent)
    , m_heading(makeLabel(tr("Open a DICOM study to begin"), "sentence", this))
    , m_open(makeButton(tr("Open study…"), "primary", this))
    , m_sample(makeButton(tr("Try the sample"), "secondary", this))
    , m_recent(new QWidget(this))
    , m_recentRows(new QVBoxLayout(m_recent))
{
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Start"));
    m_heading->setAlignment(Qt::AlignCenter);
    m_open->setIcon(icon(QStringLiteral("open"), &Tokens::onfill, &Tokens::onfill));
    m_sample->setIcon(icon(QStringLiteral("sample")));

    auto* body = new QWidget(this);
    body->setFixedWidth(420);
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(16);
    column->addWidget(m_heading);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(8);
    buttons->addStretch();
    buttons->addWidget(m_open);
    buttons->addWidget(m_sample);
    buttons->addStretch();
    column->addLayout(buttons);
    m_recentRows->setContentsMargins(0, 8, 0, 0);
    m_recentRows->setSpacing(0);
    column->addWidget(m_recent);
    column->addWidget(new DropArea(tr("or drop files or a folder here"), body));

    auto* research = makeLabel(tr("For research, not a medical device"), "hint", this);
    research->setAlignment(Qt::AlignCenter);
    auto* page = new QVBoxLayout(this);
    page->setContentsMargins(24, 24, 24, 18);
    page->addStretch(2);
    page->addWidget(body, 0, Qt::AlignHCenter);
    page->addStretch(3);
    page->addWidget(research);

    connect(m_open, &QPushButton::clicked, this, &StartPage::openAsked);
    connect(m_sample, &QPushButton::clicked, this, &StartPage::sampleAsked);
    setRecent({}, true);
}

void StartPage::setSampleAvailable(bool available)
{
    m_sample->setVisible(available);
}

void StartPage::setBusy(const QString& sentence)
{
    m_heading->setText(sentence.isEmpty() ? tr("Open a DICOM study to begin") : sentence);
}

void StartPage::setRecent(const QList<RecentStudy>& studies, bool namesHidden)
{
    while (QLayoutItem* item = m_recentRows->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    m_recent->setVisible(!studies.isEmpty());
    if (studies.isEmpty()) {
        return;
    }
    m_recentRows->addWidget(makeLabel(tr("Last studies"), "hint", m_recent));
    m_recentRows->addSpacing(4);
    for (const RecentStudy& study : studies.first(std::min<qsizetype>(5, studies.size()))) {
        const QString who = namesHidden ? study.patientHidden : study.patient;
        auto* row =
            makeButton(who + (study.description.isEmpty() ? QString() : QStringLiteral(" · ") + study.description),
                       "quiet", m_recent);
        row->setIcon(icon(QStringLiteral("folder")));
        row->setStyleSheet(QStringLiteral("text-align: left; min-height: 30px;"));
        // A path can carry a name, so it is told only while names are.
        row->setToolTip(namesHidden ? QString() : study.path);
        connect(row, &QPushButton::clicked, this, [this, path = study.path] { Q_EMIT recentAsked(path); });
        m_recentRows->addWidget(row);
    }
}

} // namespace icmoe::ui
