#include "ui/panels/PatientBanner.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/models/StudyListModel.h"
#include "ui/panels/Widgets.h"
#include "ui/style/Icons.h"

#include <QHBoxLayout>
#include <QLocale>

#include <cmath>

namespace icmoe::ui {

namespace {

QString spacingText(const Geometry& geometry)
{
    const QLocale locale;
    if (geometry.spacingSource() == SpacingSource::none) {
        return PatientBanner::tr("no pixel spacing: sizes in pixels");
    }
    const auto number = [&locale](double mm) {
        // Two digits where one would round a real spacing away.
        return locale.toString(mm, 'f', std::abs(mm * 10 - std::round(mm * 10)) > 0.05 ? 2 : 1);
    };
    const double x = geometry.spacingI();
    const double y = geometry.spacingJ();
    const double z = geometry.spacingK();
    if (geometry.size().depth == 1) {
        return x == y ? PatientBanner::tr("%1 mm").arg(number(x))
                      : PatientBanner::tr("%1 × %2 mm").arg(number(x), number(y));
    }
    if (std::abs(x - y) < 0.005 && std::abs(x - z) < 0.005) {
        return PatientBanner::tr("%1 mm isotropic").arg(number(x));
    }
    return PatientBanner::tr("%1 × %2 × %3 mm").arg(number(x), number(y), number(z));
}

QString sexText(const std::string& sex)
{
    return sex == "M"   ? PatientBanner::tr("Male")
           : sex == "F" ? PatientBanner::tr("Female")
           : sex == "O" ? PatientBanner::tr("Other")
                        : QString();
}

QString dateText(const std::string& yyyymmdd)
{
    const QDate date = QDate::fromString(QString::fromStdString(yyyymmdd), QStringLiteral("yyyyMMdd"));
    return date.isValid() ? QLocale().toString(date, QLocale::ShortFormat) : QString();
}

} // namespace

PatientBanner::PatientBanner(AnnotationDocument& document, QWidget* parent)
    : QWidget(parent)
    , m_document(document)
    , m_patient(makeLabel({}, "heading", this))
    , m_identifiers(new ElidedLabel(this))
    , m_toggle(makeButton({}, "quiet", this))
    , m_rule(makeRule(this, Qt::Vertical))
    , m_subject(makeLabel({}, "heading", this))
    , m_image(new ElidedLabel(this))
    , m_annotator(makeButton({}, "quiet", this))
{
    setProperty("surface", "panel");
    setAttribute(Qt::WA_StyledBackground);
    setAccessibleName(tr("Patient and image"));
    setFixedHeight(38);
    m_identifiers->setColourRole("hint");
    m_image->setColourRole("value");
    m_annotator->setIcon(icon(QStringLiteral("user")));

    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(14, 0, 8, 0);
    row->setSpacing(10);
    row->addWidget(new IconLabel(QStringLiteral("user"), "value", 18, this));
    row->addWidget(m_patient);
    row->addWidget(m_identifiers);
    row->addWidget(m_toggle);
    m_rule->setFixedHeight(18);
    row->addWidget(m_rule);
    row->addSpacing(2);
    row->addWidget(m_subject);
    row->addWidget(m_image);
    row->addStretch(1);
    row->addWidget(m_annotator);

    connect(m_toggle, &QPushButton::clicked, this, &PatientBanner::namesToggled);
    connect(m_annotator, &QPushButton::clicked, this, &PatientBanner::annotatorClicked);
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::series || change == DocumentChange::display) {
            update();
        }
    });
    setAnnotator({});
    update();
}

void PatientBanner::setAnnotator(const QString& name)
{
    const QString text = name.isEmpty() ? tr("Annotator not named") : tr("Annotator %1").arg(name);
    m_annotator->setText(text);
    m_annotator->setAccessibleName(text);
    m_annotator->setToolTip(tr("Who is written into masks and exports. Click to change"));
}

void PatientBanner::update()
{
    const bool open = m_document.isOpen();
    const bool hidden = m_document.namesHidden();
    m_toggle->setIcon(icon(hidden ? QStringLiteral("eye-off") : QStringLiteral("eye")));
    m_toggle->setText(hidden ? tr("Show names") : tr("Hide names"));
    m_toggle->setAccessibleName(m_toggle->text());
    m_toggle->setToolTip(m_toggle->text() + QStringLiteral("  (F8)"));
    for (QWidget* widget :
         {static_cast<QWidget*>(m_rule), static_cast<QWidget*>(m_subject), static_cast<QWidget*>(m_image)}) {
        widget->setVisible(open);
    }
    if (!open) {
        m_patient->setText(tr("No study open"));
        m_identifiers->setText(hidden ? tr("names will be hidden") : tr("names will be shown"));
        return;
    }
    const Study& study = m_document.study();
    const Series& series = m_document.series();
    m_patient->setText(patientTitle(study, hidden));
    if (hidden) {
        m_identifiers->setText(tr("name, birth date and accession hidden"));
    } else {
        QStringList parts{sexText(study.patientSex), dateText(study.birthDate)};
        if (!study.patientId.empty()) {
            parts << tr("ID %1").arg(QString::fromStdString(study.patientId));
        }
        if (!study.accession.empty()) {
            parts << tr("accession %1").arg(QString::fromStdString(study.accession));
        }
        parts.removeAll(QString());
        m_identifiers->setText(parts.join(QStringLiteral(" · ")));
    }
    const Geometry& geometry = m_document.volume()->geometry();
    m_subject->setText(subjectTitle(series));
    QString sequence = QString::fromStdString(series.sequence.empty() ? series.displayName() : series.sequence);
    m_image->setText(
        QStringList{sequence, slicesText(static_cast<std::size_t>(geometry.size().depth)), spacingText(geometry)}.join(
            QStringLiteral(" · ")));
}

} // namespace icmoe::ui
