#pragma once

#include "ui/io/StudyReader.h"
#include "ui/models/StudyListModel.h"

#include <QObject>
#include <QStringList>

namespace icmoe::ui {

class AnnotationDocument;
class WindowSettings;

/// Brings studies into the document: what is given is looked through, listed, and a chosen series is opened while its
/// slices still come. UI thread; waits for nothing.
class StudyController final : public QObject {
    Q_OBJECT

public:
    StudyController(AnnotationDocument& document, StudyReader& reader, StudyListModel& model, WindowSettings& settings,
                    QObject* parent = nullptr);

    /// Files, folders or a DICOMDIR. What is found is listed; the first usable series is opened where none is open.
    void openPaths(const QStringList& paths);
    void openSeries(SeriesHandle handle);
    void closeSeries();
    void cancelScan();
    void cancelLoad();
    void importMasks(const QString& path);

    [[nodiscard]] SeriesHandle openHandle() const { return m_open; }
    /// Asked before work that no database holds would be lost; true: go on.
    void setMayDiscard(std::function<bool()> mayDiscard) { m_mayDiscard = std::move(mayDiscard); }

Q_SIGNALS:
    void scanText(const QString& text); ///< empty: no scan runs
    void opened(quint64 handle);        ///< its first slices may still be on their way
    void errorOccurred(const icmoe::Error& error);
    void notice(const QString& text);
    void recentChanged();

private:
    void found(const ScanResult& result);
    void reportRefusals(const ScanResult& result);
    void openComing();
    void loadFailed(SeriesHandle handle, const Error& error);
    void countLabels();
    void remember(SeriesHandle handle);

    AnnotationDocument& m_document;
    StudyReader& m_reader;
    StudyListModel& m_model;
    WindowSettings& m_settings;
    std::function<bool()> m_mayDiscard;
    QStringList m_givenPaths;
    SeriesHandle m_open = 0;   ///< in the document
    SeriesHandle m_coming = 0; ///< asked for, not in the document yet
    std::shared_ptr<const Volume> m_comingVolume;
    int m_failedSlices = 0;
};

/// Is it a mask file by its ending (NIfTI, NRRD)? What lies under a DICOM file's name only a scan can tell.
[[nodiscard]] bool looksLikeMaskFile(const QString& path);

} // namespace icmoe::ui
