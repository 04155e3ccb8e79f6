#include "ui/io/StudyReader.h"

#include "ui/io/EventLoopPost.h"

#include <chrono>

namespace icmoe::ui {

namespace {

/// Lets a progress report through at most every 30 ms, and the last one always: the event loop is for the annotator.
class ProgressGate {
public:
    bool open(Progress progress)
    {
        const auto now = std::chrono::steady_clock::now();
        const std::lock_guard lock(m_mutex);
        if (progress.done != progress.total && now - m_last < std::chrono::milliseconds(30)) {
            return false;
        }
        m_last = now;
        return true;
    }

private:
    std::mutex m_mutex;
    std::chrono::steady_clock::time_point m_last;
};

} // namespace

StudyReader::StudyReader(QObject* parent)
    : QObject(parent)
    , m_post(postTo(*this))
{
}

StudyReader::~StudyReader() = default;

void StudyReader::scanPaths(const std::vector<std::filesystem::path>& paths)
{
    Q_EMIT scanStarted();
    m_scanThread.run([this, paths, post = m_post](const std::stop_token& stop) {
        auto gate = std::make_shared<ProgressGate>();
        ScanOptions options;
        options.stop = stop;
        options.progress = [this, post, gate](Progress progress) {
            if (gate->open(progress)) {
                post([this, progress] { Q_EMIT scanProgress(progress.done, progress.total); });
            }
        };
        auto result = scan(paths, options);
        if (!result) {
            post([this, error = result.error()] { Q_EMIT scanFailed(error); });
            return;
        }
        auto found = std::make_shared<const ScanResult>(std::move(*result));
        post([this, found] { Q_EMIT scanned(found); });
    });
}

void StudyReader::cancelScan()
{
    m_scanThread.cancelAll();
}

void StudyReader::load(SeriesHandle handle, const Series& series)
{
    cancelLoad();
    m_loading = true;
    m_loadingHandle = handle;
    Q_EMIT loadStarted(handle);
    m_loadThread.run([this, handle, series, post = m_post](const std::stop_token& stop) {
        auto gate = std::make_shared<ProgressGate>();
        LoadOptions options;
        options.stop = stop;
        options.allocated = [this, handle, post](std::shared_ptr<const Volume> volume) {
            post([this, handle, volume = std::move(volume)] { Q_EMIT volumeAllocated(handle, volume); });
        };
        options.progress = [this, handle, post, gate](Progress progress) {
            if (gate->open(progress)) {
                post([this, handle, progress] { Q_EMIT loadProgress(handle, progress.done, progress.total); });
            }
        };
        options.sliceFailed = [this, handle, post](int k, const Error& error) {
            post([this, handle, k, error] { Q_EMIT sliceFailed(handle, k, error); });
        };
        auto result = loadVolume(series, options);
        post([this, handle, result = std::move(result)] {
            if (m_loadingHandle == handle) {
                m_loading = false;
            }
            if (result) {
                Q_EMIT loaded(handle, *result);
            } else {
                Q_EMIT loadFailed(handle, result.error());
            }
        });
    });
}

void StudyReader::cancelLoad()
{
    m_loadThread.cancelAll();
}

void StudyReader::requestThumbnail(SeriesHandle handle, const Series& series, int side)
{
    m_pictureThread.run([this, handle, series, side, post = m_post](const std::stop_token&) {
        // Without a picture the row keeps its placeholder: loading will say what is wrong.
        if (const auto thumbnail = makeThumbnail(series, side)) {
            post([this, handle, image = toImage(*thumbnail)] { Q_EMIT thumbnailReady(handle, image); });
        }
    });
}

void StudyReader::exportMasks(const Segmentation& segmentation, const Series& source, const Geometry& geometry,
                              const std::filesystem::path& path, MaskFormat format, const ExportOptions& options)
{
    m_fileThread.run([=, this, post = m_post](const std::stop_token& stop) {
        ExportOptions own = options;
        own.stop = stop;
        const Status status = exportSegmentation(segmentation, source, geometry, path, format, own);
        post([this, path, status] {
            if (status) {
                Q_EMIT exported(path);
            } else {
                Q_EMIT exportFailed(status.error());
            }
        });
    });
}

void StudyReader::importMasks(const std::filesystem::path& path, const Series& source, const Geometry& geometry)
{
    m_fileThread.run([this, path, source, geometry, post = m_post](const std::stop_token& stop) {
        ImportOptions options;
        options.stop = stop;
        auto result = icmoe::importMasks(path, source, geometry, options);
        if (!result) {
            post([this, error = result.error()] { Q_EMIT importFailed(error); });
            return;
        }
        auto masks = std::make_shared<const ImportedMasks>(std::move(*result));
        post([this, path, masks] { Q_EMIT masksImported(path, masks); });
    });
}

QImage toImage(const Thumbnail& thumbnail)
{
    const QImage::Format format = thumbnail.channels == 3 ? QImage::Format_RGB888 : QImage::Format_Grayscale8;
    return QImage(thumbnail.pixels.data(), thumbnail.width, thumbnail.height,
                  static_cast<qsizetype>(thumbnail.width) * thumbnail.channels, format)
        .copy();
}

} // namespace icmoe::ui
