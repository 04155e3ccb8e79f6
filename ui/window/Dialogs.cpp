#include "ui/window/Dialogs.h"

#include "ui/commands/StepCommand.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/io/StudyReader.h"
#include "ui/panels/Widgets.h"
#include "ui/style/StyleSheet.h"
#include "ui/window/WindowSettings.h"

#include <QCheckBox>
#include <QComboBox>
#include <QCoreApplication>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QProgressBar>
#include <QVBoxLayout>

namespace icmoe::ui {

namespace {

struct FormatRow {
    MaskFormat format;
    const char* text;
    const char* ending;
};
constexpr FormatRow kFormats[] = {{MaskFormat::dicomSeg, QT_TRANSLATE_NOOP("Formats", "DICOM SEG"), ".dcm"},
                                  {MaskFormat::nifti, QT_TRANSLATE_NOOP("Formats", "NIfTI"), ".nii.gz"},
                                  {MaskFormat::nrrd, QT_TRANSLATE_NOOP("Formats", "NRRD"), ".nrrd"},
                                  {MaskFormat::png, QT_TRANSLATE_NOOP("Formats", "PNG (one slice)"), ".png"}};

/// What the window knows of each label's making: labels that an accepted proposal shaped are semi-automatic, all others
/// were drawn.
std::map<LabelId, AlgorithmType> algorithmsOf(AnnotationDocument& document)
{
    std::map<LabelId, AlgorithmType> result;
    for (int i = 0; i < document.undoStack().index(); ++i) {
        const auto* command = dynamic_cast<const StepCommand*>(document.undoStack().command(i));
        if (command != nullptr && command->kind() == HistoryKind::accept) {
            result[command->step()->label] = AlgorithmType::semiautomatic;
        }
    }
    return result;
}

QVBoxLayout* dialogColumn(QDialog& dialog)
{
    auto* column = new QVBoxLayout(&dialog);
    column->setContentsMargins(20, 18, 20, 18);
    column->setSpacing(12);
    return column;
}

} // namespace

AboutDialog::AboutDialog(QWidget* parent)
    : QDialog(parent)
{
    setWindowTitle(tr("About icmoe"));
    setAccessibleName(windowTitle());
    auto* column = dialogColumn(*this);
    column->addWidget(makeLabel(QStringLiteral("icmoe ") + QLatin1String(ICMOE_VERSION), "sentence", this));
    auto* research =
        makeLabel(tr("For research, not a medical device. Do not use it for diagnosis or treatment."), "warn", this);
    research->setObjectName(QStringLiteral("researchOnly"));
    research->setWordWrap(true);
    column->addWidget(research);
    auto* what = makeLabel(
        tr("Prompted segmentation of medical images, corrected by hand, stored as it is accepted. Everything stays on "
           "this computer."),
        "value", this);
    what->setWordWrap(true);
    column->addWidget(what);
    auto* thanks = makeLabel(
        tr("Built with Qt, VTK, DCMTK, LibTorch, SQLite and OpenJPEG. Engine: LiteMedSAM. Type: Inter (SIL OFL 1.1). "
           "Icons: Tabler Icons (MIT). Licences are in NOTICE."),
        "hint", this);
    thanks->setWordWrap(true);
    column->addWidget(thanks);
    auto* close = makeButton(tr("Close"), "secondary", this);
    connect(close, &QPushButton::clicked, this, &QDialog::close);
    column->addWidget(close, 0, Qt::AlignRight);
    setFixedWidth(460);
}

PreferencesDialog::PreferencesDialog(WindowSettings& settings, QWidget* parent)
    : QDialog(parent)
    , m_settings(settings)
    , m_annotator(new QLineEdit(settings.annotator(), this))
{
    setWindowTitle(tr("Settings"));
    setAccessibleName(windowTitle());
    auto* column = dialogColumn(*this);
    auto* form = new QFormLayout;
    form->setHorizontalSpacing(16);
    form->setVerticalSpacing(12);
    form->setLabelAlignment(Qt::AlignLeft);

    m_annotator->setPlaceholderText(tr("Initials or name"));
    m_annotator->setAccessibleName(tr("Annotator"));
    form->addRow(makeLabel(tr("Annotator"), "value", this), m_annotator);
    connect(m_annotator, &QLineEdit::editingFinished, this, [this] {
        m_settings.setAnnotator(m_annotator->text().trimmed());
        Q_EMIT annotatorChanged();
    });

    auto* theme = new QComboBox(this);
    theme->addItems({tr("Dark"), tr("Light")});
    theme->setCurrentIndex(settings.theme() == Theme::dark ? 0 : 1);
    theme->setAccessibleName(tr("Theme"));
    form->addRow(makeLabel(tr("Theme"), "value", this), theme);
    connect(theme, &QComboBox::activated, this, [this](int index) {
        m_settings.setTheme(index == 0 ? Theme::dark : Theme::light);
        Q_EMIT themeChanged();
    });

    auto* scale = new QComboBox(this);
    for (int percent = 100; percent <= 200; percent += 25) {
        scale->addItem(tr("%1 %").arg(percent), percent);
    }
    scale->setCurrentIndex(scale->findData(settings.interfaceScale()));
    scale->setAccessibleName(tr("Interface scale"));
    form->addRow(makeLabel(tr("Interface scale"), "value", this), scale);
    connect(scale, &QComboBox::activated, this,
            [this, scale] { m_settings.setInterfaceScale(scale->currentData().toInt()); });
    form->addRow(new QWidget(this), makeLabel(tr("counts from the next start"), "hint", this));

    auto* names = new QCheckBox(tr("Hide patient names at start"), this);
    names->setChecked(settings.namesHidden());
    connect(names, &QCheckBox::toggled, this, [this](bool hidden) {
        m_settings.setNamesHidden(hidden);
        Q_EMIT namesChanged();
    });
    auto* overlaps = new QCheckBox(tr("Keep other labels where an accepted mask overlaps them"), this);
    overlaps->setChecked(settings.keepOverlaps());
    connect(overlaps, &QCheckBox::toggled, this, [this](bool keep) {
        m_settings.setKeepOverlaps(keep);
        Q_EMIT overlapsChanged();
    });
    column->addLayout(form);
    column->addWidget(names);
    column->addWidget(overlaps);
    auto* close = makeButton(tr("Close"), "secondary", this);
    connect(close, &QPushButton::clicked, this, &QDialog::close);
    column->addWidget(close, 0, Qt::AlignRight);
    setFixedWidth(460);
}

ExportDialog::ExportDialog(AnnotationDocument& document, StudyReader& reader, WindowSettings& settings, QWidget* parent)
    : QDialog(parent)
    , m_document(document)
    , m_reader(reader)
    , m_settings(settings)
    , m_format(new QComboBox(this))
    , m_file(new QLineEdit(this))
    , m_replace(new QCheckBox(tr("Replace an existing file"), this))
    , m_resample(new QCheckBox(tr("Resample where the format cannot hold the grid"), this))
    , m_progress(new QProgressBar(this))
    , m_result(makeLabel({}, "value", this))
    , m_export(makeButton(tr("Export"), "primary", this))
{
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("Export masks"));
    setAccessibleName(windowTitle());
    for (const FormatRow& row : kFormats) {
        m_format->addItem(QCoreApplication::translate("Formats", row.text), static_cast<int>(row.format));
    }
    m_format->setAccessibleName(tr("Format"));
    m_file->setAccessibleName(tr("File"));
    m_progress->setRange(0, 0);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Export is running"));
    m_progress->hide();
    m_result->setWordWrap(true);
    m_result->setTextInteractionFlags(Qt::TextSelectableByMouse);

    auto* column = dialogColumn(*this);
    auto* form = new QFormLayout;
    form->setHorizontalSpacing(16);
    form->setVerticalSpacing(12);
    form->setLabelAlignment(Qt::AlignLeft);
    form->addRow(makeLabel(tr("Format"), "value", this), m_format);
    auto* fileRow = new QHBoxLayout;
    fileRow->setSpacing(8);
    fileRow->addWidget(m_file, 1);
    auto* choose = makeButton(tr("Choose…"), "secondary", this);
    fileRow->addWidget(choose);
    form->addRow(makeLabel(tr("File"), "value", this), fileRow);
    column->addLayout(form);
    column->addWidget(m_replace);
    column->addWidget(m_resample);
    column->addWidget(m_progress);
    column->addWidget(m_result);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch();
    auto* close = makeButton(tr("Close"), "secondary", this);
    buttons->addWidget(close);
    buttons->addWidget(m_export);
    column->addLayout(buttons);
    setFixedWidth(520);

    const QString folder = settings.lastFolder().isEmpty() ? QDir::homePath() : settings.lastFolder();
    m_file->setText(QDir(folder).filePath(QStringLiteral("segmentation.dcm")));
    if (document.series().format != SourceFormat::dicom) {
        m_format->setCurrentIndex(1); // SEG needs a DICOM source
    }
    formatChanged();
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::formatChanged);
    connect(choose, &QPushButton::clicked, this, &ExportDialog::choose);
    connect(close, &QPushButton::clicked, this, &QDialog::close);
    connect(m_export, &QPushButton::clicked, this, &ExportDialog::start);
    connect(&reader, &StudyReader::exported, this, [this](const std::filesystem::path& path) {
        report("ok", tr("Written to %1. It was read back and is equal, voxel for voxel.")
                         .arg(QString::fromStdString(path.string())));
    });
    connect(&reader, &StudyReader::exportFailed, this,
            [this](const Error& error) { report("err", QString::fromStdString(error.oneLine())); });
}

void ExportDialog::formatChanged()
{
    const FormatRow& row = kFormats[m_format->currentIndex()];
    QString name = m_file->text();
    for (const FormatRow& other : kFormats) {
        if (name.endsWith(QLatin1String(other.ending))) {
            name.chop(static_cast<int>(qstrlen(other.ending)));
            break;
        }
    }
    m_file->setText(name + QLatin1String(row.ending));
    m_resample->setVisible(row.format == MaskFormat::nifti || row.format == MaskFormat::nrrd);
}

void ExportDialog::choose()
{
    const FormatRow& row = kFormats[m_format->currentIndex()];
    const QString file = QFileDialog::getSaveFileName(this, tr("Export masks"), m_file->text(),
                                                      QStringLiteral("*") + QLatin1String(row.ending), nullptr,
                                                      QFileDialog::DontConfirmOverwrite);
    if (!file.isEmpty()) {
        m_file->setText(file);
    }
}

void ExportDialog::start()
{
    if (!m_document.isOpen() || m_file->text().isEmpty()) {
        return;
    }
    const std::filesystem::path path = m_file->text().toStdString();
    m_settings.setLastFolder(QFileInfo(m_file->text()).absolutePath());
    ExportOptions options;
    options.replace = m_replace->isChecked();
    options.resample = m_resample->isChecked();
    options.author = m_settings.annotator().toStdString();
    options.algorithm = algorithmsOf(m_document);
    m_export->setEnabled(false);
    m_progress->show();
    m_result->setText(tr("Writing and reading back"));
    m_reader.exportMasks(m_document.segmentation(), m_document.series(), m_document.volume()->geometry(), path,
                         kFormats[m_format->currentIndex()].format, options);
}

void ExportDialog::report(const char* kind, const QString& text)
{
    m_progress->hide();
    m_export->setEnabled(true);
    setStyleProperty(*m_result, "kind", QLatin1String(kind));
    m_result->setText(text);
    m_result->setAccessibleName(text);
}

} // namespace icmoe::ui
