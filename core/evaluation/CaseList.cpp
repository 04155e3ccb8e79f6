#include "core/evaluation/CaseList.h"

#include "core/formats/ImageFile.h"
#include "core/formats/Png.h"
#include "core/mask/Metrics.h"
#include "core/mask/Strokes.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <tuple>

namespace icmoe::evaluation {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLeastArea = 100;
constexpr std::size_t kMostOnPicture = 6;
constexpr std::size_t kMostInstances = 3;
constexpr int kSliceStep = 6;
constexpr std::string_view kInstanceSet = "microscopy_nuclei";

bool isSet(const fs::path& folder)
{
    std::error_code ignored;
    return fs::is_directory(folder / "images", ignored) && fs::is_directory(folder / "labels", ignored);
}

std::string nameOf(fs::path folder)
{
    folder = fs::absolute(folder).lexically_normal();
    if (!folder.has_filename()) {
        folder = folder.parent_path();
    }
    const std::string name = folder.filename().string();
    return name == "train" || name == "val" ? folder.parent_path().filename().string() : name;
}

std::string stemOf(const fs::path& file)
{
    const std::string name = file.filename().string();
    constexpr std::string_view kNifti = ".nii.gz";
    return name.ends_with(kNifti) ? name.substr(0, name.size() - kNifti.size()) : file.stem().string();
}

std::vector<fs::path> filesIn(const fs::path& folder)
{
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        files.push_back(it->path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

constexpr const char* kTable = "cases.csv";
constexpr std::uint8_t kOnObject = 1;
constexpr std::uint8_t kOnBackground = 2;
constexpr std::size_t kMostStrokePixels = 20000; // strokePaths() takes quadratic time

/// The table's lines: case and source.
std::vector<std::pair<std::string, std::string>> readTable(const fs::path& file)
{
    std::vector<std::pair<std::string, std::string>> rows;
    std::ifstream in(file);
    std::string line;
    std::getline(in, line); // its heading
    while (std::getline(in, line)) {
        std::istringstream cells(line);
        std::string name;
        std::string source;
        if (std::getline(cells, name, ',') && std::getline(cells, source, ',') && !name.empty() && !source.empty()) {
            rows.emplace_back(name, source);
        }
    }
    return rows;
}

/// A set for each source of the table.
std::vector<SetFolder> scribbledSets(const fs::path& folder)
{
    std::vector<SetFolder> sets;
    for (const auto& row : readTable(folder / kTable)) {
        const auto& source = row.second;
        const bool isNew =
            std::none_of(sets.begin(), sets.end(), [&](const SetFolder& s) { return s.source == source; });
        if (isNew) {
            sets.push_back({nameOf(folder) + "/" + source, folder, source});
        }
    }
    return sets;
}

Result<std::shared_ptr<const Volume>> readVolume(const fs::path& file)
{
    const auto study = describeImageFile(file);
    if (!study) {
        return fail(study.error());
    }
    if (study->series.empty()) {
        return fail(ErrorCode::emptyInput, "the file holds no picture", file.string());
    }
    return loadImageFile(study->series.front(), {});
}

Result<std::vector<LabelledPicture>> readPicture(const fs::path& picture, const fs::path& label)
{
    const auto png = readPng(label, PngReading::indices);
    if (!png) {
        return fail(png.error());
    }
    if (png->type == SampleType::rgb8) {
        return fail(ErrorCode::unsupportedPixels, "a label picture has one channel, found RGB", label.string());
    }
    const std::size_t count = static_cast<std::size_t>(png->width) * static_cast<std::size_t>(png->height);
    LabelledPicture one{picture, -1, png->width, png->height, std::vector<int>(count)};
    for (std::size_t n = 0; n < count; ++n) {
        if (png->type == SampleType::u8) {
            one.values[n] = std::to_integer<int>(png->pixels[n]);
        } else {
            std::uint16_t value = 0;
            std::memcpy(&value, png->pixels.data() + 2 * n, 2);
            one.values[n] = value;
        }
    }
    return std::vector{std::move(one)};
}

std::vector<int> labelsOn(const Volume& volume, const SlicePlane& plane, int slice)
{
    std::vector<int> values;
    for (int y = 0; y < plane.height(); ++y) {
        for (int x = 0; x < plane.width(); ++x) {
            values.push_back(static_cast<int>(volume.value(plane.voxel(x, y, slice))));
        }
    }
    return values;
}

/// The coronal slice with most label pixels and its neighbours.
Result<std::vector<LabelledPicture>> readSlices(const fs::path& picture, const fs::path& label,
                                                const std::vector<int>& offsets)
{
    const auto volume = readVolume(label);
    if (!volume) {
        return fail(volume.error());
    }
    const SlicePlane plane((*volume)->geometry(), Plane::coronal);
    int best = 0;
    std::ptrdiff_t most = -1;
    for (int slice = 0; slice < plane.count(); ++slice) {
        const auto values = labelsOn(**volume, plane, slice);
        const auto labelled = std::count_if(values.begin(), values.end(), [](int value) { return value > 0; });
        if (labelled > most) {
            most = labelled;
            best = slice;
        }
    }
    std::vector<LabelledPicture> all;
    const auto add = [&](int slice) {
        if (slice >= 0 && slice < plane.count()) {
            all.push_back({picture, slice, plane.width(), plane.height(), labelsOn(**volume, plane, slice)});
        }
    };
    add(best);
    for (const int offset : offsets) {
        add(best + offset);
    }
    return all;
}

template<typename T>
Result<std::shared_ptr<const SliceImage>> loadPictureOf(const T& one, int width, int height)
{
    const auto volume = readVolume(one.picture);
    if (!volume) {
        return fail(volume.error());
    }
    const bool isVolume = one.slice >= 0;
    auto image = cutSlice(**volume, isVolume ? Plane::coronal : Plane::acquisition, std::max(one.slice, 0),
                          engineRange(**volume));
    if (image && ((*image)->width != width || (*image)->height != height)) {
        return fail(ErrorCode::geometryMismatch, "picture and label have different sizes", one.picture.string());
    }
    return image;
}

} // namespace

std::string Case::pictureName() const
{
    return slice < 0 ? picture.string() : picture.string() + " " + std::to_string(slice);
}

Result<std::vector<SetFolder>> findSets(const std::vector<fs::path>& folders)
{
    std::vector<SetFolder> sets;
    for (const fs::path& folder : folders) {
        std::error_code error;
        if (!fs::is_directory(folder, error)) {
            return fail(ErrorCode::notFound, "no such folder", folder.string(), "Give a folder with images and labels");
        }
        if (isSet(folder)) {
            sets.push_back({nameOf(folder), folder, {}});
            continue;
        }
        const auto addScribbled = [&](const fs::path& candidate) {
            auto scribbled = scribbledSets(candidate);
            std::move(scribbled.begin(), scribbled.end(), std::back_inserter(sets));
        };
        addScribbled(folder);
        for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
            if (it->is_directory(error) && isSet(it->path())) {
                sets.push_back({nameOf(it->path()), it->path(), {}});
                it.disable_recursion_pending();
            } else if (it->is_directory(error)) {
                addScribbled(it->path());
            }
        }
    }
    if (sets.empty()) {
        return fail(ErrorCode::emptyInput, "no folder with images and labels was found",
                    folders.empty() ? "" : folders.front().string(),
                    "A set is a folder with the folders images and labels");
    }
    std::sort(sets.begin(), sets.end(), [](const SetFolder& a, const SetFolder& b) {
        return std::tie(a.path, a.source) < std::tie(b.path, b.source);
    });
    return sets;
}

std::vector<Case> casesOn(const std::vector<int>& values, int width, int height, bool instances)
{
    std::map<int, std::vector<std::uint8_t>> bitmaps;
    for (std::size_t n = 0; n < values.size(); ++n) {
        if (values[n] > 0) {
            auto& bitmap = bitmaps.try_emplace(values[n], values.size(), std::uint8_t{0}).first->second;
            bitmap[n] = 1;
        }
    }
    std::vector<Case> cases;
    for (const auto& [value, bitmap] : bitmaps) {
        auto components = connectedComponents(SliceMask::fromBitmap(bitmap, width, height));
        if (!components.empty() && components.front().area() >= kLeastArea) {
            cases.push_back({{}, -1, value, std::move(components.front()), {}});
        }
    }
    std::stable_sort(cases.begin(), cases.end(),
                     [](const Case& a, const Case& b) { return a.truth.area() > b.truth.area(); });
    cases.resize(std::min(cases.size(), instances ? kMostInstances : kMostOnPicture));
    return cases;
}

std::vector<std::size_t> chosenIndices(std::size_t count, std::size_t most)
{
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < std::min(count, most); ++i) {
        indices.push_back(count <= most || most == 1 ? i : i * (count - 1) / (most - 1));
    }
    return indices;
}

std::vector<Case> spread(std::vector<Case> cases, std::size_t most)
{
    std::vector<Case> chosen;
    for (const std::size_t index : chosenIndices(cases.size(), most)) {
        chosen.push_back(std::move(cases[index]));
    }
    return chosen;
}

bool isInstanceSet(const SetFolder& set)
{
    return set.name == kInstanceSet;
}

Result<std::vector<LabelledPicture>> listPictures(const SetFolder& set, const std::vector<int>& offsets,
                                                  const std::stop_token& stop)
{
    std::map<std::string, fs::path> labels;
    for (const fs::path& file : filesIn(set.path / "labels")) {
        labels[stemOf(file)] = file;
    }
    std::vector<LabelledPicture> all;
    for (const fs::path& picture : filesIn(set.path / "images")) {
        if (stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
        const auto label = labels.find(stemOf(picture));
        if (label == labels.end()) {
            return fail(ErrorCode::notFound, "the picture has no label of the same name", picture.string(),
                        "Put it into the folder labels");
        }
        auto read = label->second.string().ends_with(".nii.gz") ? readSlices(picture, label->second, offsets)
                                                                : readPicture(picture, label->second);
        if (!read) {
            return fail(read.error());
        }
        std::move(read->begin(), read->end(), std::back_inserter(all));
    }
    return all;
}

namespace {

Result<std::vector<Case>> listScribbled(const SetFolder& set)
{
    std::vector<Case> all;
    for (const auto& [name, source] : readTable(set.path / kTable)) {
        if (source != set.source) {
            continue;
        }
        const fs::path folder = set.path / name;
        auto picture = readPicture(folder / "image.png", folder / "label.png");
        if (!picture) {
            return fail(picture.error());
        }
        const auto& one = picture->front();
        for (Case& found : casesOn(one.values, one.width, one.height, false)) {
            found.picture = one.picture;
            for (const fs::path& file : filesIn(folder)) {
                if (file.filename().string().starts_with("scribble_")) {
                    found.scribbles.push_back(file);
                }
            }
            all.push_back(std::move(found));
        }
    }
    return all;
}

} // namespace

Result<std::vector<ScribblePrompt>> readScribbles(const fs::path& file, int width, int height)
{
    const auto picture = readPng(file, PngReading::indices);
    if (!picture) {
        return fail(picture.error());
    }
    if (picture->width != width || picture->height != height || picture->type != SampleType::u8) {
        return fail(ErrorCode::geometryMismatch, "strokes and picture have different sizes", file.string());
    }
    std::vector<ScribblePrompt> scribbles;
    for (const std::uint8_t value : {kOnObject, kOnBackground}) {
        std::vector<std::uint8_t> bitmap(picture->pixels.size());
        std::transform(picture->pixels.begin(), picture->pixels.end(), bitmap.begin(), [&](std::byte pixel) {
            return std::to_integer<std::uint8_t>(pixel) == value ? std::uint8_t{1} : std::uint8_t{0};
        });
        const auto strokes = SliceMask::fromBitmap(bitmap, width, height);
        if (strokes.area() > kMostStrokePixels) {
            return fail(ErrorCode::limitExceeded, "strokes are thin, these are regions", file.string());
        }
        for (auto& path : strokePaths(strokes)) {
            scribbles.push_back({std::move(path), value == kOnObject});
        }
    }
    if (scribbles.empty()) {
        return fail(ErrorCode::emptyInput, "there is no stroke", file.string());
    }
    return scribbles;
}

Result<std::vector<Case>> listCases(const SetFolder& set, const std::stop_token& stop)
{
    if (!set.source.empty()) {
        return listScribbled(set);
    }
    const auto pictures = listPictures(set, {-kSliceStep}, stop);
    if (!pictures) {
        return fail(pictures.error());
    }
    std::vector<Case> all;
    for (auto first = pictures->begin(); first != pictures->end();) {
        std::vector<Case> ofFile; // within a file by area, largest first; files come sorted
        auto next = first;
        for (; next != pictures->end() && next->picture == first->picture; ++next) {
            for (Case& one : casesOn(next->values, next->width, next->height, isInstanceSet(set))) {
                one.picture = next->picture;
                one.slice = next->slice;
                ofFile.push_back(std::move(one));
            }
        }
        std::stable_sort(ofFile.begin(), ofFile.end(),
                         [](const Case& a, const Case& b) { return a.truth.area() > b.truth.area(); });
        std::move(ofFile.begin(), ofFile.end(), std::back_inserter(all));
        first = next;
    }
    return spread(std::move(all), kMostCases);
}

Result<std::shared_ptr<const SliceImage>> loadPicture(const Case& one)
{
    return loadPictureOf(one, one.truth.width(), one.truth.height());
}

Result<std::shared_ptr<const SliceImage>> loadPicture(const LabelledPicture& one)
{
    return loadPictureOf(one, one.width, one.height);
}

} // namespace icmoe::evaluation
