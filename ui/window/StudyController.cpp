#include "ui/window/StudyController.h"

#include "ui/document/AnnotationDocument.h"
#include "ui/window/WindowSettings.h"

#include <QFileInfo>
#include <QLocale>

#include <algorithm>
#include <utility>

namespace icmoe::ui {

namespace {

constexpr int kSlicesSeen = 4;
constexpr int kThumbnailSide = 112; // 56 points at twice the pixels

/// The series that somebody who opens a study most likely means: no localizer, the most slices.
const Series* mainSeries(const ScanResult& result)
{
    const Series* best = nullptr;
    for (const Study& study : result.studies) {
        for (const Series& series : study.series) {
            const auto* localizer = series.health.find(HealthKind::localizer);
            if (localizer != nullptr && localizer->level != HealthLevel::ok) {
                continue;
            }
            if (best == nullptr || series.instances.size() > best->instances.size()) {
                best = &series;
            }
        }
    }
    if (best == nullptr && !result.studies.empty() && !result.studies.front().series.empty()) {
        best = &result.studies.front().series.front();
    }
    return best;
}

} // namespace

StudyController::StudyController(AnnotationDocument& document, StudyReader& reader, StudyListModel& model,
                                 WindowSettings& settings, QObject* parent)
    : QObject(parent)
    , m_document(document)
    , m_reader(reader)
    , m_model(model)
    , m_settings(settings)
{
    connect(&reader, &StudyReader::scanStarted, this, [this] { Q_EMIT scanText(tr("Looking for pictures")); });
    connect(&reader, &StudyReader::scanProgress, this, [this](qulonglong done, qulonglong total) {
        const QLocale locale;
        Q_EMIT scanText(total > 0 ? tr("%1 of %2 files").arg(locale.toString(done), locale.toString(total))
                                  : tr("%1 files").arg(locale.toString(done)));
    });
    connect(&reader, &StudyReader::scanned, this, [this](const auto& result) {
        Q_EMIT scanText({});
        found(*result);
    });
    connect(&reader, &StudyReader::scanFailed, this, [this](const Error& error) {
        Q_EMIT scanText({});
        if (error.code != ErrorCode::cancelled) {
            Q_EMIT errorOccurred(error);
        }
    });
    connect(&reader, &StudyReader::thumbnailReady, &model, &StudyListModel::setThumbnail);
    connect(&reader, &StudyReader::volumeAllocated, this,
            [this](SeriesHandle handle, const std::shared_ptr<const Volume>& volume) {
                if (handle == m_coming) {
                    m_comingVolume = volume;
                }
            });
    connect(&reader, &StudyReader::loadProgress, this, [this](SeriesHandle handle, qulonglong done, qulonglong total) {
        m_model.setProgress(handle, done, total);
        // Some slices first: a series without a window in its files gets one from what is loaded.
        if (handle == m_coming && m_comingVolume != nullptr && m_comingVolume->loadedCount() >= kSlicesSeen) {
            openComing();
        } else if (handle == m_open) {
            m_document.sliceLoaded();
        }
    });
    connect(&reader, &StudyReader::loaded, this,
            [this](SeriesHandle handle, const std::shared_ptr<const Volume>& volume) {
                m_model.setProgress(handle, 0, 0);
                if (handle == m_coming) {
                    m_comingVolume = volume;
                    openComing();
                }
                if (handle == m_open) {
                    m_document.sliceLoaded();
                }
            });
    connect(&reader, &StudyReader::loadFailed, this, &StudyController::loadFailed);
    connect(&reader, &StudyReader::sliceFailed, this, [this](SeriesHandle handle, int slice, const Error& error) {
        if (handle == m_open && m_failedSlices++ == 0) { // one toast, not a thousand
            Error told = error;
            told.message = tr("Slice %1 could not be read: %2")
                               .arg(slice + 1)
                               .arg(QString::fromStdString(error.message))
                               .toStdString();
            told.hint = tr("The other slices are usable").toStdString();
            Q_EMIT errorOccurred(told);
        }
    });
    connect(&reader, &StudyReader::importFailed, this, &StudyController::errorOccurred);
    connect(&reader, &StudyReader::masksImported, this,
            [this](const std::filesystem::path& path, const std::shared_ptr<const ImportedMasks>& masks) {
                const QString name = QFileInfo(QString::fromStdString(path.string())).fileName();
                const Status status = m_document.importSegmentation(masks->segmentation, tr("%1 imported").arg(name));
                if (!status) {
                    Q_EMIT errorOccurred(status.error());
                    return;
                }
                for (const std::string& text : masks->notices) {
                    Q_EMIT notice(QString::fromStdString(text));
                }
            });
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        if (change == DocumentChange::masks || change == DocumentChange::labels || change == DocumentChange::series) {
            countLabels();
        } else if (change == DocumentChange::display) {
            m_model.setNamesHidden(m_document.namesHidden());
        }
    });
    m_model.setNamesHidden(document.namesHidden());
}

void StudyController::openPaths(const QStringList& paths)
{
    if (paths.isEmpty()) {
        return;
    }
    m_givenPaths = paths;
    std::vector<std::filesystem::path> given;
    given.reserve(static_cast<std::size_t>(paths.size()));
    for (const QString& path : paths) {
        given.emplace_back(path.toStdString());
    }
    m_reader.scanPaths(given);
}

void StudyController::found(const ScanResult& result)
{
    const std::vector<SeriesHandle> handles = m_model.add(result);
    for (const SeriesHandle handle : handles) {
        m_reader.requestThumbnail(handle, *m_model.series(handle), kThumbnailSide);
    }
    reportRefusals(result);
    if (handles.empty()) {
        if (!result.segmentations.empty() && m_document.isOpen()) {
            importMasks(QString::fromStdString(result.segmentations.front().string()));
        } else if (result.refusals.empty()) {
            Q_EMIT errorOccurred(
                {ErrorCode::emptyInput,
                 tr("No pictures were found in what was given").toStdString(),
                 {},
                 tr("Give a folder with DICOM files, or a NIfTI, NRRD, PNG or JPEG file").toStdString()});
        }
        return;
    }
    // What was asked for last is opened; a series with work in it stays until somebody chooses another.
    const Series* main = mainSeries(result);
    std::size_t at = 0;
    for (const Study& study : result.studies) {
        for (const Series& series : study.series) {
            if (&series == main && (m_open == 0 || m_document.undoStack().count() == 0)) {
                openSeries(handles[at]);
            }
            ++at;
        }
    }
}

void StudyController::reportRefusals(const ScanResult& result)
{
    if (result.refusals.empty()) {
        return;
    }
    Error error = result.refusals.front().error;
    const auto count = static_cast<int>(result.refusals.size());
    if (count > 1) {
        error.message = tr("%1 files could not be used; the first: %2")
                            .arg(count)
                            .arg(QString::fromStdString(error.message))
                            .toStdString();
    }
    if (error.where.empty()) {
        error.where = result.refusals.front().file.filename().string();
    }
    Q_EMIT errorOccurred(error);
}

void StudyController::openSeries(SeriesHandle handle)
{
    const Series* series = m_model.series(handle);
    const bool there = handle == m_open && m_document.isOpen() && m_document.volume()->isComplete();
    if (series == nullptr || there || handle == m_coming) {
        return;
    }
    if (m_document.isOpen() && m_document.hasUnstoredWork() && m_mayDiscard && !m_mayDiscard()) {
        return;
    }
    m_coming = handle;
    m_comingVolume.reset();
    m_failedSlices = 0;
    m_model.setProgress(handle, 0, std::max<std::size_t>(1, series->instances.size()));
    m_reader.load(handle, *series);
}

void StudyController::openComing()
{
    m_open = std::exchange(m_coming, 0);
    m_document.openSeries(*m_model.study(m_open), *m_model.series(m_open), std::exchange(m_comingVolume, nullptr));
    remember(m_open);
    Q_EMIT opened(m_open);
}

void StudyController::loadFailed(SeriesHandle handle, const Error& error)
{
    m_model.setProgress(handle, 0, 0);
    if (handle == m_coming) {
        m_coming = 0;
        m_comingVolume.reset();
    }
    if (error.code != ErrorCode::cancelled) {
        Q_EMIT errorOccurred(error);
    }
}

void StudyController::closeSeries()
{
    if (m_document.hasUnstoredWork() && m_mayDiscard && !m_mayDiscard()) {
        return;
    }
    m_reader.cancelLoad();
    m_open = 0;
    m_coming = 0;
    m_document.closeSeries();
}

void StudyController::cancelScan()
{
    m_reader.cancelScan();
    Q_EMIT scanText({});
}

void StudyController::cancelLoad()
{
    m_reader.cancelLoad();
}

void StudyController::importMasks(const QString& path)
{
    if (m_document.isOpen()) {
        m_reader.importMasks(path.toStdString(), m_document.series(), m_document.volume()->geometry());
    }
}

void StudyController::countLabels()
{
    if (m_open == 0 || !m_document.isOpen()) {
        return;
    }
    int done = 0;
    const auto& labels = m_document.segmentation().labels().labels();
    for (const Label& label : labels) {
        done += m_document.segmentation().mask(label.id).empty() ? 0 : 1;
    }
    m_model.setLabelsDone(m_open, done, static_cast<int>(labels.size()));
}

void StudyController::remember(SeriesHandle handle)
{
    if (m_givenPaths.isEmpty()) {
        return;
    }
    const Study& study = *m_model.study(handle);
    const Series& series = *m_model.series(handle);
    QStringList description{subjectTitle(series), QString::fromStdString(series.displayName())};
    description.removeAll(QString());
    m_settings.addRecent({m_givenPaths.front(), patientTitle(study, false), patientTitle(study, true),
                          description.join(QStringLiteral(" · "))});
    Q_EMIT recentChanged();
}

bool looksLikeMaskFile(const QString& path)
{
    const QString lower = path.toLower();
    return lower.endsWith(QLatin1String(".nii")) || lower.endsWith(QLatin1String(".nii.gz")) ||
           lower.endsWith(QLatin1String(".nrrd"));
}

} // namespace icmoe::ui
