#pragma once

#include "core/engine/Segmenter.h"
#include "core/export/Export.h"
#include "core/study/Scan.h"
#include "ui/io/TaskThread.h"

#include <QImage>
#include <QObject>

#include <filesystem>
#include <memory>
#include <vector>

namespace icmoe::ui {

/// Which series of which scan: unique while the program runs.
using SeriesHandle = quint64;

/// Finds, loads, imports and exports on threads of its own; what it finds comes back as signals on the UI thread. No
/// function waits. UI thread.
class StudyReader final : public QObject {
    Q_OBJECT

public:
    explicit StudyReader(QObject* parent = nullptr);
    ~StudyReader() override;

    /// Looks for studies; a scan that is running goes on first.
    void scanPaths(const std::vector<std::filesystem::path>& paths);
    void cancelScan();

    /// Reads a series' pixels; a load that is running is cancelled.
    void load(SeriesHandle handle, const Series& series);
    void cancelLoad();
    [[nodiscard]] bool isLoading() const { return m_loading; }

    void requestThumbnail(SeriesHandle handle, const Series& series, int side);

    void exportMasks(const Segmentation& segmentation, const Series& source, const Geometry& geometry,
                     const std::filesystem::path& path, MaskFormat format, const ExportOptions& options);
    void importMasks(const std::filesystem::path& path, const Series& source, const Geometry& geometry);

Q_SIGNALS:
    void scanStarted();
    void scanProgress(qulonglong done, qulonglong total);
    void scanned(const std::shared_ptr<const icmoe::ScanResult>& result);
    void scanFailed(const icmoe::Error& error);

    void loadStarted(quint64 handle);
    void volumeAllocated(quint64 handle, const std::shared_ptr<const icmoe::Volume>& volume);
    void loadProgress(quint64 handle, qulonglong done, qulonglong total);
    void sliceFailed(quint64 handle, int slice, const icmoe::Error& error);
    void loaded(quint64 handle, const std::shared_ptr<const icmoe::Volume>& volume);
    void loadFailed(quint64 handle, const icmoe::Error& error); ///< cancelled too

    void thumbnailReady(quint64 handle, const QImage& image);

    void exported(const std::filesystem::path& path);
    void exportFailed(const icmoe::Error& error);
    void masksImported(const std::filesystem::path& path, const std::shared_ptr<const icmoe::ImportedMasks>& masks);
    void importFailed(const icmoe::Error& error);

private:
    Post m_post; ///< to this object's event loop
    bool m_loading = false;
    SeriesHandle m_loadingHandle = 0;
    TaskThread m_scanThread;
    TaskThread m_loadThread;
    TaskThread m_pictureThread;
    TaskThread m_fileThread; ///< exports and imports
};

/// A thumbnail's pixels as Qt holds them.
[[nodiscard]] QImage toImage(const Thumbnail& thumbnail);

} // namespace icmoe::ui
