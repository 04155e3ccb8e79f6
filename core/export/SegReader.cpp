#include "core/export/SegReader.h"

#include "core/export/GridMapping.h"
#include "core/export/MaskLabels.h"
#include "core/export/SegObject.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

constexpr GridMapping kOntoSlice0{{0, 0, 0}, {Index3{1, 0, 0}, Index3{0, 1, 0}, Index3{0, 0, 1}}};

class SegPlacer {
public:
    SegPlacer(const SegObjectFile& seg, const Series& source, const Geometry& geometry, const ImportOptions& options,
              std::string path)
        : m_seg(seg)
        , m_source(source)
        , m_geometry(geometry)
        , m_options(options)
        , m_path(std::move(path))
    {
        for (std::size_t k = 0; k < source.instances.size(); ++k) {
            const Instance& instance = source.instances[k];
            m_slices[{instance.sopInstanceUid, instance.framesInFile > 1 ? instance.frame + 1 : 0}] =
                static_cast<int>(k);
        }
    }

    Result<ImportedMasks> place()
    {
        ImportedMasks result;
        result.segmentation = Segmentation(m_geometry.size());
        for (const SegSegment& segment : m_seg.segments) {
            Label label = segment.label;
            nameLabel(label, m_options, result);
            result.segmentation.labels().put(label);
            if (m_seg.type == SegType::fractional) {
                result.notices.push_back("fractional segment " + std::to_string(segment.number) +
                                         " was cut at one half");
            }
        }
        if (auto placed = placeFrames(result); !placed) {
            const bool another = placed.error().code == ErrorCode::geometryMismatch;
            if (!another || !m_options.resample) {
                return fail(placed.error());
            }
            if (auto resampled = resampleFrames(result); !resampled) {
                return fail(resampled.error());
            }
        }
        return result;
    }

private:
    [[nodiscard]] tl::unexpected<Error> mismatch(std::size_t frame, const std::string& why) const
    {
        return fail(ErrorCode::geometryMismatch, "frame " + std::to_string(frame + 1) + " of the segmentation " + why,
                    m_path, "Use the series that the segmentation was made on, or --resample");
    }

    /// Frames of different frames of reference must not be compared by position.
    [[nodiscard]] bool sharesSpace() const
    {
        return m_seg.frameOfReferenceUid.empty() || m_source.frameOfReferenceUid.empty() ||
               m_seg.frameOfReferenceUid == m_source.frameOfReferenceUid;
    }

    [[nodiscard]] Result<Geometry> planeOf(const SegFrame& frame) const
    {
        Geometry::Parameters parameters;
        parameters.size = {m_seg.columns, m_seg.rows, 1};
        parameters.rowDirection = frame.directions->first;
        parameters.columnDirection = frame.directions->second;
        parameters.spacingI = frame.spacing->first;
        parameters.spacingJ = frame.spacing->second;
        parameters.positions = {*frame.position};
        parameters.singleSliceThickness = frame.thickness > 0 ? frame.thickness : m_geometry.spacingK();
        return Geometry::make(std::move(parameters));
    }

    [[nodiscard]] Result<GridMapping> mappingOf(std::size_t n) const
    {
        const SegFrame& frame = m_seg.frames[n];
        const bool positioned = frame.position && frame.directions && frame.spacing && m_geometry.placedInPatient();
        if (positioned && sharesSpace()) {
            const auto plane = planeOf(frame);
            if (!plane) {
                return fail(ErrorCode::malformedFile, plane.error().message, m_path + ", tag (0020,0037)");
            }
            if (const auto mapping = findMapping(*plane, m_geometry)) {
                return *mapping;
            }
            return mismatch(n, "lies on no slice of the picture");
        }
        for (const auto& [uid, number] : frame.sources) {
            auto found = m_slices.find({uid, number});
            if (found == m_slices.end() && number == 1) {
                found = m_slices.find({uid, 0}); // some makers number the only frame
            }
            if (found == m_slices.end()) {
                continue;
            }
            if (m_seg.columns != m_geometry.size().width || m_seg.rows != m_geometry.size().height) {
                return mismatch(n, "has another size than the image it refers to");
            }
            GridMapping mapping = kOntoSlice0;
            mapping.origin.k = found->second;
            return mapping;
        }
        return mismatch(n, sharesSpace() ? "has no position and refers to no image of the series"
                                         : "belongs to another frame of reference");
    }

    Status placeFrames(ImportedMasks& result)
    {
        std::map<LabelId, Mask> masks;
        for (std::size_t n = 0; n < m_seg.frames.size(); ++n) {
            if (m_options.stop.stop_requested()) {
                return fail(ErrorCode::cancelled, "the import was cancelled");
            }
            for (const int number : segmentsOf(n)) {
                const SliceMask pixels = m_seg.mask(n, number);
                if (pixels.empty()) {
                    continue;
                }
                const auto mapping = mappingOf(n);
                if (!mapping) {
                    return fail(mapping.error());
                }
                Mask frame({m_seg.columns, m_seg.rows, 1});
                frame.setSlice(0, pixels);
                const auto placed = mapMask(frame, *mapping, m_geometry.size());
                if (!placed) {
                    return mismatch(n, "has pixels outside the picture");
                }
                Mask& mask = masks.try_emplace(number, m_geometry.size()).first->second;
                for (const auto& [k, slice] : placed->slices()) {
                    mask.setSlice(k, mask.slice(k).empty() ? slice : mask.slice(k).united(slice));
                }
            }
        }
        for (auto& [number, mask] : masks) {
            result.segmentation.setMask(number, std::move(mask));
        }
        return {};
    }

    [[nodiscard]] std::vector<int> segmentsOf(std::size_t frame) const
    {
        std::vector<int> numbers;
        for (const SegSegment& segment : m_seg.segments) {
            if (m_seg.type == SegType::labelMap || m_seg.frames[frame].segment == segment.number) {
                numbers.push_back(segment.number);
            }
        }
        return numbers;
    }

    /// All frames' planes as one grid (they must be parallel and of one raster), then nearest neighbour.
    Status resampleFrames(ImportedMasks& result) const
    {
        std::vector<std::size_t> order;
        for (std::size_t n = 0; n < m_seg.frames.size(); ++n) {
            const SegFrame& frame = m_seg.frames[n];
            if (!frame.position || !frame.directions || !frame.spacing || !sharesSpace() ||
                !m_geometry.placedInPatient()) {
                return mismatch(n, "has no position in the picture's space and cannot be resampled");
            }
            order.push_back(n);
        }
        const SegFrame& first = m_seg.frames.front();
        const Vec3 normal = cross(first.directions->first, first.directions->second);
        const auto height = [&](std::size_t n) { return dot(*m_seg.frames[n].position, normal); };
        std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return height(a) < height(b); });
        Geometry::Parameters parameters;
        std::map<std::size_t, int> sliceOf;
        double smallestGap = 1e9;
        double last = 0;
        for (const std::size_t n : order) {
            const SegFrame& frame = m_seg.frames[n];
            if (length(frame.directions->first - first.directions->first) > 1e-4 ||
                length(frame.directions->second - first.directions->second) > 1e-4 || frame.spacing != first.spacing) {
                return mismatch(n, "is not parallel to the first one and cannot be resampled");
            }
            const double gap = height(n) - last;
            if (parameters.positions.empty() || gap > 1e-3) {
                smallestGap = parameters.positions.empty() ? smallestGap : std::min(smallestGap, gap);
                parameters.positions.push_back(*frame.position);
                last = height(n);
            }
            sliceOf[n] = static_cast<int>(parameters.positions.size()) - 1;
        }
        const double thickness = first.thickness > 0 ? first.thickness
                                 : smallestGap < 1e9 ? smallestGap
                                                     : m_geometry.spacingK();
        parameters.size = {m_seg.columns, m_seg.rows, static_cast<int>(parameters.positions.size())};
        parameters.rowDirection = first.directions->first;
        parameters.columnDirection = first.directions->second;
        parameters.spacingI = first.spacing->first;
        parameters.spacingJ = first.spacing->second;
        parameters.singleSliceThickness = thickness;
        const auto grid = Geometry::make(std::move(parameters));
        if (!grid) {
            return fail(ErrorCode::malformedFile, grid.error().message, m_path + ", tag (0020,0037)");
        }
        for (const SegSegment& segment : m_seg.segments) {
            Mask mask(grid->size());
            for (const auto& [n, k] : sliceOf) {
                const auto numbers = segmentsOf(n);
                if (std::find(numbers.begin(), numbers.end(), segment.number) != numbers.end()) {
                    mask.setSlice(k, mask.slice(k).empty() ? m_seg.mask(n, segment.number)
                                                           : mask.slice(k).united(m_seg.mask(n, segment.number)));
                }
            }
            result.segmentation.setMask(segment.number, resampleMask(mask, *grid, m_geometry, thickness / 2));
        }
        result.notices.push_back("the segmentation lies on another grid and was resampled (nearest neighbour)");
        return {};
    }

    const SegObjectFile& m_seg;
    const Series& m_source;
    const Geometry& m_geometry;
    const ImportOptions& m_options;
    std::string m_path;
    std::map<std::pair<std::string, int>, int> m_slices;
};

} // namespace

Result<ImportedMasks> readSeg(const std::filesystem::path& path, const Series& source, const Geometry& geometry,
                              const ImportOptions& options)
{
    const auto seg = readSegObject(path);
    if (!seg) {
        return fail(seg.error());
    }
    return SegPlacer(*seg, source, geometry, options, path.string()).place();
}

} // namespace icmoe
