#include "core/dicom/SeriesSplit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <set>
#include <sstream>

namespace icmoe {
namespace {

// --- first: what can never share a grid

/// Everything but the orientation in words, one an aspect. Parts are named by those in which they differ.
using Aspects = std::array<std::string, 7>;
constexpr std::size_t kFrameOfReference = 4;
constexpr std::size_t kClip = 6;

std::string rounded(double value)
{
    std::ostringstream text;
    text.imbue(std::locale::classic());
    text.precision(4);
    text << value;
    return text.str();
}

Aspects aspectsOf(const Piece& piece)
{
    const PixelFormat& format = piece.frame->file->format;
    const FrameHeader& header = piece.frame->header;
    const bool placed = header.position && header.orientation;
    const bool isCine = !placed && piece.frame->file->scan.frames > 1; // a clip is a series of its own
    return {std::to_string(format.columns) + " × " + std::to_string(format.rows),
            rounded(header.spacing[0]) + " × " + rounded(header.spacing[1]) + " mm",
            isColour(format) ? "colour"
                             : std::string(name(storedSampleType(format))) +
                                   (format.photometric == "MONOCHROME1" ? " inverted" : ""),
            header.imageType,
            piece.header->frameOfReferenceUid,
            placed ? "placed" : "not placed",
            isCine ? piece.frame->file->file.string() : ""};
}

bool sameOrientation(const Piece& a, const Piece& b)
{
    const auto& first = a.frame->header.orientation;
    const auto& second = b.frame->header.orientation;
    if (!first || !second) {
        return first.has_value() == second.has_value();
    }
    constexpr double kTolerance = 1e-3; // of a unit vector: 0.06°, the jitter that scanners write
    return length(first->row - second->row) < kTolerance && length(first->column - second->column) < kTolerance;
}

struct Group {
    Aspects aspects;
    std::vector<Piece> pieces;
};

std::vector<Group> groupsOf(std::vector<Piece> pieces)
{
    std::vector<Group> groups;
    std::multimap<Aspects, std::size_t> index;
    for (auto& piece : pieces) {
        const Aspects aspects = aspectsOf(piece);
        const auto [begin, end] = index.equal_range(aspects);
        const auto found = std::find_if(
            begin, end, [&](const auto& entry) { return sameOrientation(groups[entry.second].pieces.front(), piece); });
        if (found == end) {
            index.emplace(aspects, groups.size());
            groups.push_back({aspects, {std::move(piece)}});
        } else {
            groups[found->second].pieces.push_back(std::move(piece));
        }
    }
    return groups;
}

/// Which aspects differ between the groups.
std::array<bool, std::tuple_size_v<Aspects>> differing(const std::vector<Group>& groups)
{
    std::array<bool, std::tuple_size_v<Aspects>> differ{};
    for (const auto& group : groups) {
        for (std::size_t i = 0; i < differ.size(); ++i) {
            differ[i] = differ[i] || group.aspects[i] != groups.front().aspects[i];
        }
    }
    return differ;
}

bool haveMixedOrientations(const std::vector<Group>& groups)
{
    return std::any_of(groups.begin(), groups.end(), [&](const Group& group) {
        return !sameOrientation(group.pieces.front(), groups.front().pieces.front());
    });
}

std::string joined(const std::string& first, const std::string& second)
{
    return first.empty() || second.empty() ? first + second : first + ", " + second;
}

std::string orientationName(const Piece& piece)
{
    const auto& orientation = piece.frame->header.orientation;
    return orientation ? "rows to " + letterOf(orientation->row) + ", columns to " + letterOf(orientation->column)
                       : "no orientation";
}

/// An aspect in words without UIDs.
std::string aspectName(const std::vector<Group>& groups, const Group& group, std::size_t aspect)
{
    if (aspect == kFrameOfReference) {
        std::vector<std::string> uids;
        for (const auto& other : groups) {
            if (std::find(uids.begin(), uids.end(), other.aspects[aspect]) == uids.end()) {
                uids.push_back(other.aspects[aspect]);
            }
        }
        const auto at = std::find(uids.begin(), uids.end(), group.aspects[aspect]) - uids.begin();
        return "frame of reference " + std::to_string(at + 1);
    }
    if (aspect == kClip && !group.aspects[aspect].empty()) {
        return "clip " + std::to_string(group.pieces.front().header->instanceNumber);
    }
    return group.aspects[aspect];
}

std::vector<std::string> groupKeys(const std::vector<Group>& groups)
{
    const auto differ = differing(groups);
    const bool mixed = haveMixedOrientations(groups);
    std::vector<std::string> keys;
    for (const auto& group : groups) {
        std::string key = mixed ? orientationName(group.pieces.front()) : "";
        for (std::size_t i = 0; i < differ.size(); ++i) {
            key = differ[i] ? joined(key, aspectName(groups, group, i)) : key;
        }
        keys.push_back(key);
    }
    return keys;
}

// --- then: repeats of one position

double heightOf(const Piece& piece, Vec3 normal)
{
    return dot(*piece.frame->header.position, normal);
}

/// Pieces of one position each, in the order of the positions.
using Clusters = std::vector<std::vector<Piece>>;

Clusters clustersOf(std::vector<Piece> pieces)
{
    const auto& orientation = *pieces.front().frame->header.orientation;
    const Vec3 normal = cross(orientation.row, orientation.column);
    std::stable_sort(pieces.begin(), pieces.end(),
                     [&](const Piece& a, const Piece& b) { return heightOf(a, normal) < heightOf(b, normal); });
    const double tolerance = 0.02 * std::min(0.5, pieces.front().frame->header.spacing[0]);
    Clusters clusters;
    for (auto& piece : pieces) {
        if (clusters.empty() || heightOf(piece, normal) - heightOf(clusters.back().front(), normal) > tolerance) {
            clusters.emplace_back();
        }
        clusters.back().push_back(std::move(piece));
    }
    return clusters;
}

struct Criterion {
    std::string_view name;
    std::string (*value)(const Piece&);
};

const std::array<Criterion, 9>& criteria()
{
    static const std::array<Criterion, 9> all{{
        {"time", [](const Piece& p) { return p.frame->header.repeat.temporalIndex; }},
        {"echo", [](const Piece& p) { return p.frame->header.repeat.echoNumber; }},
        {"echo", [](const Piece& p) { return p.frame->header.repeat.echoTime; }},
        {"b-value", [](const Piece& p) { return p.frame->header.repeat.bValue; }},
        {"acquisition", [](const Piece& p) { return p.frame->header.repeat.acquisition; }},
        {"time", [](const Piece& p) { return p.frame->header.repeat.acquisitionTime; }},
        {"time", [](const Piece& p) { return p.frame->header.repeat.triggerTime; }},
        {"time", [](const Piece& p) { return p.frame->header.repeat.contentTime; }},
        {"repeat",
         [](const Piece& p) {
             // Frames of one file have one instance number: the frame tells them apart.
             return std::to_string(p.header->instanceNumber) + "." + std::to_string(1'000'000 + p.frame->header.frame);
         }},
    }};
    return all;
}

struct ValueLess {
    bool operator()(const std::string& a, const std::string& b) const
    {
        const auto x = number(a);
        const auto y = number(b);
        return x && y && *x != *y ? *x < *y : a < b;
    }
    static std::optional<double> number(const std::string& text)
    {
        double value = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
        return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size() ? std::optional(value)
                                                                                   : std::nullopt;
    }
};

bool tellsApart(const Criterion& criterion, const Clusters& clusters)
{
    return std::all_of(clusters.begin(), clusters.end(), [&](const std::vector<Piece>& cluster) {
        std::set<std::string> values;
        return cluster.size() == 1 || std::all_of(cluster.begin(), cluster.end(), [&](const Piece& piece) {
                   const std::string value = criterion.value(piece);
                   return !value.empty() && values.insert(value).second;
               });
    });
}

std::size_t mostRepeats(const Clusters& clusters)
{
    std::size_t most = 1;
    for (const auto& cluster : clusters) {
        most = std::max(most, cluster.size());
    }
    return most;
}

std::vector<Piece> flattened(Clusters clusters)
{
    std::vector<Piece> all;
    for (auto& cluster : clusters) {
        std::move(cluster.begin(), cluster.end(), std::back_inserter(all));
    }
    return all;
}

/// By value where there are as few values as repeats (echo 1, echo 2); else by rank at each position (each slice has a
/// time of its own).
std::vector<Part> splitBy(const Criterion& criterion, Clusters clusters)
{
    std::set<std::string, ValueLess> values;
    for (const auto& cluster : clusters) {
        for (const auto& piece : cluster) {
            values.insert(criterion.value(piece));
        }
    }
    const bool byValue = &criterion != &criteria().back() && values.size() <= mostRepeats(clusters);
    std::map<std::string, Part, ValueLess> parts;
    for (auto& cluster : clusters) {
        std::stable_sort(cluster.begin(), cluster.end(), [&](const Piece& a, const Piece& b) {
            return ValueLess{}(criterion.value(a), criterion.value(b));
        });
        for (std::size_t i = 0; i < cluster.size(); ++i) {
            const std::string value = byValue ? criterion.value(cluster[i]) : std::to_string(i + 1);
            Part& part = parts[value];
            part.key = std::string(criterion.name) + " " + (value.empty() ? "none" : value);
            part.pieces.push_back(std::move(cluster[i]));
        }
    }
    std::vector<Part> all;
    for (auto& [value, part] : parts) {
        all.push_back(std::move(part));
    }
    return all;
}

std::vector<Part> splitRepeats(std::vector<Piece> pieces)
{
    Clusters clusters = clustersOf(std::move(pieces));
    const std::size_t positions = clusters.size();
    const auto repeated = static_cast<std::size_t>(
        std::count_if(clusters.begin(), clusters.end(), [](const auto& cluster) { return cluster.size() > 1; }));
    if (repeated == 0) {
        return {Part{.pieces = flattened(std::move(clusters))}};
    }
    const auto found = std::find_if(criteria().begin(), criteria().end(),
                                    [&](const Criterion& criterion) { return tellsApart(criterion, clusters); });
    const Criterion& criterion = found == criteria().end() ? criteria().back() : *found;
    const bool onlyNumbers = &criterion == &criteria().back();
    auto parts = splitBy(criterion, std::move(clusters));
    for (auto& part : parts) {
        part.repeated = onlyNumbers ? repeated : 0;
        part.positions = positions;
    }
    return parts;
}

bool isPlaced(const Group& group)
{
    const FrameHeader& header = group.pieces.front().frame->header;
    return header.position && header.orientation;
}

/// Keys must tell parts apart at each scan again.
void makeUnique(std::vector<Part>& parts)
{
    std::map<std::string, int> seen;
    for (auto& part : parts) {
        const int count = ++seen[part.key];
        if (count > 1) {
            part.key = joined(part.key, "part " + std::to_string(count));
        }
    }
}

} // namespace

std::vector<Part> splitSeries(std::vector<Piece> pieces, std::size_t copies)
{
    auto groups = groupsOf(std::move(pieces));
    const auto keys = groupKeys(groups);
    const bool mixed = haveMixedOrientations(groups);
    std::vector<Part> all;
    for (std::size_t g = 0; g < groups.size(); ++g) {
        auto parts = isPlaced(groups[g]) ? splitRepeats(std::move(groups[g].pieces))
                                         : std::vector<Part>{{.pieces = std::move(groups[g].pieces)}};
        for (auto& part : parts) {
            part.key = joined(keys[g], part.key);
            part.copies = copies;
            part.mixedOrientations = mixed;
            all.push_back(std::move(part));
        }
    }
    makeUnique(all);
    return all;
}

} // namespace icmoe
