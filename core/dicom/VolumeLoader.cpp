#include "core/dicom/FrameDecoder.h"
#include "core/dicom/ParallelFor.h"
#include "core/dicom/PixelConversion.h"
#include "core/dicom/SeriesBuilder.h"
#include "core/dicom/StoredValues.h"
#include "core/formats/ImageFile.h"
#include "core/study/Scan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>

namespace icmoe {
namespace {

using Frames = std::vector<std::shared_ptr<const StoredFrame>>;

/// Frames of the series in order; headers are read again only where the scan left none.
Result<Frames> framesOf(const Series& series)
{
    Frames frames;
    std::map<std::filesystem::path, InstanceHeader> read;
    for (const auto& instance : series.instances) {
        if (instance.stored) {
            frames.push_back(instance.stored);
            continue;
        }
        auto at = read.find(instance.file);
        if (at == read.end()) {
            auto header = readHeader(instance.file);
            if (!header) {
                return fail(header.error());
            }
            at = read.emplace(instance.file, std::move(*header)).first;
        }
        const auto index = static_cast<std::size_t>(instance.frame);
        if (instance.frame < 0 || index >= at->second.frames.size()) {
            return fail(ErrorCode::outOfRange, "the file has no frame " + std::to_string(instance.frame),
                        instance.file.string());
        }
        frames.push_back(std::make_shared<const StoredFrame>(StoredFrame{at->second.stored, at->second.frames[index]}));
    }
    if (frames.empty()) {
        return fail(ErrorCode::emptyInput, "the series has no pictures");
    }
    return frames;
}

/// All frames must fit one volume; a scan has seen to it.
Status checkAlike(const Frames& frames)
{
    const StoredFile& first = *frames.front()->file;
    for (const auto& frame : frames) {
        const bool alike = frame->file->format.rows == first.format.rows &&
                           frame->file->format.columns == first.format.columns &&
                           volumeSampleType(*frame->file) == volumeSampleType(first);
        if (!alike) {
            return fail(ErrorCode::geometryMismatch, "pictures of different size or kind in one series",
                        frame->file->file.string(), "Scan the folder again");
        }
    }
    return {};
}

std::vector<Rescale> rescalesOf(const Frames& frames)
{
    std::vector<Rescale> all;
    for (const auto& frame : frames) {
        const bool mapped = isColour(frame->file->format) || !frame->file->modalityLut.entries.empty();
        all.push_back(mapped ? Rescale{} : frame->header.rescale);
    }
    if (std::all_of(all.begin(), all.end(), [&](const Rescale& rescale) { return rescale == all.front(); })) {
        all.resize(1);
    }
    return all;
}

Result<Volume::Description> describe(const Series& series, const Frames& frames)
{
    const auto geometry = series.geometry ? series.geometry : geometryOf(frames);
    const StoredFrame& middle = *frames[frames.size() / 2];
    if (!geometry) {
        return fail(ErrorCode::geometryMismatch, "the headers make no grid",
                    whereTag(middle.file->file.string(), 0x0020, 0x0032), "Scan the folder again");
    }
    Volume::Description description{*geometry};
    description.type = volumeSampleType(*middle.file);
    description.rescale = rescalesOf(frames);
    description.modality = series.modality.empty() ? "OT" : series.modality;
    description.unit = !middle.header.unit.empty() ? middle.header.unit : description.modality == "CT" ? "HU" : "";
    description.inverted = middle.file->format.photometric == "MONOCHROME1";
    description.windows = middle.header.windows;
    description.paddingValue = middle.file->paddingValue;
    return description;
}

/// 0-based slices, the middle one first, then alternately outwards.
std::vector<int> middleFirst(int count)
{
    std::vector<int> order;
    const int middle = count / 2;
    for (int distance = 0; static_cast<int>(order.size()) < count; ++distance) {
        if (middle + distance < count) {
            order.push_back(middle + distance);
        }
        if (distance > 0 && middle - distance >= 0) {
            order.push_back(middle - distance);
        }
    }
    return order;
}

Status loadSlice(const StoredFrame& frame, std::span<std::byte> slice)
{
    const StoredFile& file = *frame.file;
    if (canDecodeInPlace(file)) {
        return decodeFrame(file, frame.header.frame, slice).map([](ColourModel) {});
    }
    std::vector<std::byte> stored(storedFrameBytes(file.format));
    const auto model = decodeFrame(file, frame.header.frame, stored);
    if (!model) {
        return fail(model.error());
    }
    convertFrame(file, *model, stored, slice);
    return {};
}

/// Counts, reports and remembers, for several threads.
class LoadReport {
public:
    LoadReport(const LoadOptions& options, std::size_t total)
        : m_options(options)
        , m_total(total)
    {
    }
    void done(int k, const Status& status)
    {
        const std::lock_guard lock(m_mutex);
        ++m_done;
        if (!status) {
            ++m_failed;
            if (!m_firstError) {
                m_firstError = status.error();
            }
            if (m_options.sliceFailed) {
                m_options.sliceFailed(k, status.error());
            }
        }
        if (m_options.progress) {
            m_options.progress({.done = m_done, .total = m_total});
        }
    }
    /// The first error where nothing could be read, or where nobody asked about single slices.
    [[nodiscard]] std::optional<Error> verdict() const
    {
        return m_failed == m_total || !m_options.sliceFailed ? m_firstError : std::nullopt;
    }

private:
    const LoadOptions& m_options;
    std::mutex m_mutex;
    std::size_t m_total;
    std::size_t m_done = 0;
    std::size_t m_failed = 0;
    std::optional<Error> m_firstError;
};

Result<std::shared_ptr<const Volume>> loadDicom(const Series& series, const LoadOptions& options)
{
    const auto frames = framesOf(series);
    if (!frames) {
        return fail(frames.error());
    }
    if (auto alike = checkAlike(*frames); !alike) {
        return fail(alike.error());
    }
    auto description = describe(series, *frames);
    if (!description) {
        return fail(description.error());
    }
    auto allocated = Volume::allocate(std::move(*description));
    if (!allocated) {
        return fail(allocated.error());
    }
    const std::shared_ptr<Volume>& volume = *allocated;
    if (options.allocated) {
        options.allocated(volume);
    }
    const auto order = middleFirst(volume->size().depth);
    LoadReport report(options, order.size());
    parallelFor(order.size(), options.threads, options.stop, [&](std::size_t i) {
        const int k = order[i];
        const Status loaded = loadSlice(*(*frames)[static_cast<std::size_t>(k)], volume->writableSliceBytes(k));
        if (loaded) {
            volume->markLoaded(k);
        }
        report.done(k, loaded);
    });
    if (options.stop.stop_requested() && !volume->isComplete()) {
        return fail(ErrorCode::cancelled, "loading was cancelled");
    }
    if (const auto error = report.verdict()) {
        return fail(*error);
    }
    return volume;
}

} // namespace

Result<std::shared_ptr<const Volume>> loadVolume(const Series& series, const LoadOptions& options)
{
    return series.format == SourceFormat::dicom ? loadDicom(series, options) : loadImageFile(series, options);
}

} // namespace icmoe
