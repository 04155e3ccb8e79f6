#include "core/export/PngMask.h"

#include "core/export/MaskLabels.h"
#include "core/formats/Png.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <set>

namespace icmoe {
namespace {

/// The place of "%d" or "%03d" in a file name.
struct NumberPattern {
    std::size_t begin = 0;
    std::size_t end = 0;
    int digits = 0;
};

std::optional<NumberPattern> findPattern(const std::string& name)
{
    const auto percent = name.find('%');
    if (percent == std::string::npos) {
        return std::nullopt;
    }
    const auto d = name.find_first_not_of("0123456789", percent + 1);
    if (d == std::string::npos || name[d] != 'd' || d - percent > 3) {
        return std::nullopt;
    }
    const int digits = d == percent + 1 ? 0 : std::atoi(name.c_str() + percent + 1);
    return NumberPattern{percent, d + 1, digits};
}

std::string numbered(const std::string& name, const NumberPattern& pattern, int number)
{
    std::string digits = std::to_string(number);
    digits.insert(
        0, static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, pattern.digits - static_cast<int>(digits.size()))),
        '0');
    return name.substr(0, pattern.begin) + digits + name.substr(pattern.end);
}

/// Indices of one slice, row-major.
Result<std::vector<std::byte>> indicesOf(const Segmentation& segmentation, const SlicePlane& plane, int slice)
{
    std::vector<std::byte> indices(static_cast<std::size_t>(plane.width()) * static_cast<std::size_t>(plane.height()));
    for (const Label& label : segmentation.labels().labels()) {
        if (label.id > 255) {
            return fail(ErrorCode::limitExceeded,
                        "PNG holds label numbers up to 255, found " + std::to_string(label.id), {},
                        "Export as DICOM SEG or NRRD instead");
        }
        const SliceMask mask = segmentation.mask(label.id).cut(plane, slice);
        for (const Run run : mask.runs()) {
            for (std::uint32_t n = run.begin; n < run.end; ++n) {
                if (indices[n] != std::byte{0}) {
                    return fail(ErrorCode::invalidArgument, "labels overlap, and PNG holds one label a pixel",
                                label.name, "Export as DICOM SEG, NIfTI or NRRD instead");
                }
                indices[n] = static_cast<std::byte>(label.id);
            }
        }
    }
    return indices;
}

Label* labelOf(std::vector<Label>& labels, LabelId id)
{
    const auto found = std::find_if(labels.begin(), labels.end(), [id](const Label& label) { return label.id == id; });
    return found == labels.end() ? nullptr : &*found;
}

int valueAt(const PngPicture& picture, std::size_t n)
{
    if (picture.type == SampleType::u8) {
        return static_cast<int>(picture.pixels[n]);
    }
    std::uint16_t value = 0;
    std::memcpy(&value, picture.pixels.data() + 2 * n, 2);
    return value;
}

} // namespace

Result<std::vector<PngPlan>> planPngFiles(const Geometry& geometry, const std::filesystem::path& path,
                                          const ExportOptions& options)
{
    const SlicePlane plane(geometry, options.plane);
    if (options.slice && (*options.slice < 0 || *options.slice >= plane.count())) {
        return fail(ErrorCode::outOfRange, "slice " + std::to_string(*options.slice) + " of " +
                                               std::to_string(plane.count()) + " was asked for");
    }
    const auto pattern = findPattern(path.filename().string());
    if (options.slice || (plane.count() == 1 && !pattern)) {
        return std::vector<PngPlan>{{options.slice.value_or(0), path}};
    }
    if (!pattern) {
        return fail(
            ErrorCode::invalidArgument, "a PNG holds one slice, and the source has " + std::to_string(plane.count()),
            path.string(),
            "Name a slice, put a number pattern into the name (mask_%03d.png), or use DICOM SEG, NIfTI or NRRD");
    }
    std::vector<PngPlan> plans;
    for (int n = 0; n < plane.count(); ++n) {
        plans.push_back({n, path.parent_path() / numbered(path.filename().string(), *pattern, n)});
    }
    return plans;
}

Result<std::vector<std::byte>> pngOfSlice(const Segmentation& segmentation, const SlicePlane& plane, int slice)
{
    auto indices = indicesOf(segmentation, plane, slice);
    if (!indices) {
        return fail(indices.error());
    }
    PngPicture picture;
    picture.width = plane.width();
    picture.height = plane.height();
    picture.pixels = std::move(*indices);
    picture.palette = {Colour{}};
    for (const Label& label : segmentation.labels().labels()) {
        picture.palette.resize(std::max(picture.palette.size(), static_cast<std::size_t>(label.id) + 1));
        picture.palette[static_cast<std::size_t>(label.id)] = label.colour;
    }
    picture.texts["icmoe"] = labelsToJson(segmentation.labels());
    return encodeIndexedPng(picture);
}

Status verifyPng(const std::filesystem::path& path, const Segmentation& segmentation, const SlicePlane& plane,
                 int slice)
{
    const auto picture = readPng(path, PngReading::indices);
    const auto expected = indicesOf(segmentation, plane, slice);
    const bool same = picture && expected && picture->indexed && picture->width == plane.width() &&
                      picture->height == plane.height() && picture->pixels == *expected;
    if (!same) {
        return fail(ErrorCode::verificationFailed,
                    "the file does not read back as it was written" + (picture ? "" : ": " + picture.error().message),
                    path.string(), "Check the disk and export again; nothing was replaced");
    }
    return {};
}

Result<ImportedMasks> readPngMask(const std::filesystem::path& path, const Geometry& geometry,
                                  const ImportOptions& options)
{
    const SlicePlane plane(geometry, options.plane);
    if (!options.slice && plane.count() > 1) {
        return fail(ErrorCode::invalidArgument,
                    "a PNG holds one slice, and the picture has " + std::to_string(plane.count()), path.string(),
                    "Name the slice that the mask belongs to");
    }
    const int slice = options.slice.value_or(0);
    if (slice < 0 || slice >= plane.count()) {
        return fail(ErrorCode::outOfRange, "the picture has no slice " + std::to_string(slice), path.string());
    }
    const auto picture = readPng(path, PngReading::indices);
    if (!picture) {
        return fail(picture.error());
    }
    if (picture->type == SampleType::rgb8) {
        return fail(ErrorCode::unsupportedPixels, "the mask is a colour picture", path.string(),
                    "Save it as an indexed or grey PNG");
    }
    if (picture->width != plane.width() || picture->height != plane.height()) {
        return fail(ErrorCode::geometryMismatch,
                    "the mask has " + std::to_string(picture->width) + " × " + std::to_string(picture->height) +
                        " pixels, the picture " + std::to_string(plane.width()) + " × " +
                        std::to_string(plane.height()),
                    path.string(), "Use the picture that the mask was made on");
    }
    std::map<int, std::vector<Run>> runs;
    const auto count = static_cast<std::uint32_t>(picture->width) * static_cast<std::uint32_t>(picture->height);
    for (std::uint32_t n = 0; n < count; ++n) {
        if (const int value = valueAt(*picture, n); value != 0) {
            runs[value].push_back({n, n + 1});
        }
    }
    ImportedMasks result;
    result.segmentation = Segmentation(geometry.size());
    if (!picture->indexed && runs.size() == 1 && runs.begin()->first == 255) {
        auto all = runs.extract(255);
        all.key() = 1;
        runs.insert(std::move(all));
        result.notices.push_back("white became label 1");
    }
    const auto text = picture->texts.find("icmoe");
    auto described = text == picture->texts.end() ? std::vector<Label>{} : labelsFromJson(text->second);
    for (const auto& [value, list] : runs) {
        if (labelOf(described, value) == nullptr) {
            Label label;
            label.id = value;
            const auto index = static_cast<std::size_t>(value);
            label.colour = index < picture->palette.size() ? picture->palette[index] : paletteColour(value);
            described.push_back(std::move(label));
        }
    }
    for (Label& label : described) {
        nameLabel(label, options, result);
        result.segmentation.labels().put(label);
    }
    for (auto& [value, list] : runs) {
        Mask mask(geometry.size());
        mask.paste(plane, slice, SliceMask::fromRuns(std::move(list), plane.width(), plane.height()));
        result.segmentation.setMask(value, std::move(mask));
    }
    return result;
}

} // namespace icmoe
