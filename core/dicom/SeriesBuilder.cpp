#include "core/dicom/SeriesBuilder.h"

#include "core/dicom/SeriesHealth.h"
#include "core/dicom/SeriesSplit.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace icmoe {
namespace {

using Headers = std::vector<std::shared_ptr<const InstanceHeader>>;

std::string folderOf(const InstanceHeader& header)
{
    return header.stored->file.parent_path().string();
}

std::string studyKey(const InstanceHeader& header)
{
    return header.studyUid.empty() ? "folder " + header.patientId + "/" + folderOf(header) : header.studyUid;
}

std::string seriesKey(const InstanceHeader& header)
{
    return header.seriesUid.empty() ? "folder " + folderOf(header) : header.seriesUid;
}

/// Frames of a series' files, without files that are there twice.
std::vector<Piece> piecesOf(const Headers& headers, std::size_t& copies)
{
    std::set<std::string> seen;
    std::vector<Piece> pieces;
    for (const auto& header : headers) {
        if (!header->sopInstanceUid.empty() && !seen.insert(header->sopInstanceUid).second) {
            ++copies;
            continue;
        }
        for (const auto& frame : header->frames) {
            pieces.push_back({header, std::make_shared<const StoredFrame>(StoredFrame{header->stored, frame})});
        }
    }
    return pieces;
}

Instance instanceOf(const Piece& piece)
{
    const InstanceHeader& header = *piece.header;
    Instance instance;
    instance.file = header.stored->file;
    instance.frame = piece.frame->header.frame;
    instance.sopClassUid = header.sopClassUid;
    instance.sopInstanceUid = header.sopInstanceUid;
    instance.transferSyntaxUid = header.stored->scan.transferSyntaxUid;
    instance.instanceNumber = header.instanceNumber;
    instance.columns = header.stored->format.columns;
    instance.rows = header.stored->format.rows;
    instance.framesInFile = header.stored->scan.frames;
    instance.position = piece.frame->header.position;
    instance.stored = piece.frame;
    return instance;
}

Series seriesOf(const Part& part)
{
    const InstanceHeader& first = *part.pieces.front().header;
    Series series;
    series.format = SourceFormat::dicom;
    series.uid = first.seriesUid;
    series.splitKey = part.key;
    series.frameOfReferenceUid = first.frameOfReferenceUid;
    series.modality = first.modality.empty() ? "OT" : first.modality;
    series.description = first.seriesDescription;
    series.bodyPart = first.bodyPart;
    series.sequence = first.protocol.empty() ? first.sequenceName : first.protocol;
    series.number = first.seriesNumber;
    std::vector<std::shared_ptr<const StoredFrame>> frames;
    for (const auto& piece : part.pieces) {
        series.instances.push_back(instanceOf(piece));
        frames.push_back(piece.frame);
    }
    series.geometry = geometryOf(frames);
    series.health = healthOf(part, series.geometry);
    return series;
}

Study studyOf(const InstanceHeader& first)
{
    Study study;
    study.uid = first.studyUid;
    study.patientName = first.patientName;
    study.patientId = first.patientId;
    study.patientSex = first.patientSex;
    study.birthDate = first.birthDate;
    study.accession = first.accession;
    study.date = first.studyDate;
    study.description = first.studyDescription;
    return study;
}

bool isBefore(const std::shared_ptr<const InstanceHeader>& a, const std::shared_ptr<const InstanceHeader>& b)
{
    return std::tie(a->seriesNumber, a->instanceNumber, a->stored->file) <
           std::tie(b->seriesNumber, b->instanceNumber, b->stored->file);
}

std::vector<Headers> grouped(const Headers& headers, std::string (*key)(const InstanceHeader&))
{
    std::vector<Headers> groups;
    std::map<std::string, std::size_t> index;
    for (const auto& header : headers) {
        const auto [at, isNew] = index.emplace(key(*header), groups.size());
        if (isNew) {
            groups.emplace_back();
        }
        groups[at->second].push_back(header);
    }
    return groups;
}

} // namespace

std::vector<Study> buildStudies(Headers headers)
{
    std::sort(headers.begin(), headers.end(), isBefore);
    std::vector<Study> studies;
    for (const auto& ofStudy : grouped(headers, studyKey)) {
        Study study = studyOf(*ofStudy.front());
        for (const auto& ofSeries : grouped(ofStudy, seriesKey)) {
            std::size_t copies = 0;
            auto pieces = piecesOf(ofSeries, copies);
            for (const auto& part : splitSeries(std::move(pieces), copies)) {
                study.series.push_back(seriesOf(part));
            }
        }
        studies.push_back(std::move(study));
    }
    return studies;
}

std::optional<Geometry> geometryOf(const std::vector<std::shared_ptr<const StoredFrame>>& frames)
{
    const StoredFrame& first = *frames.front();
    const bool placed = first.header.position.has_value() && first.header.orientation.has_value();
    Geometry::Parameters parameters;
    parameters.size = {first.file->format.columns, first.file->format.rows, static_cast<int>(frames.size())};
    parameters.spacingI = first.header.spacing[1];
    parameters.spacingJ = first.header.spacing[0];
    parameters.spacingSource = first.header.spacingSource;
    parameters.singleSliceThickness = first.header.thickness > 0 ? first.header.thickness : 1;
    parameters.placedInPatient = placed;
    if (placed) {
        parameters.rowDirection = first.header.orientation->row;
        parameters.columnDirection = first.header.orientation->column;
    }
    for (const auto& frame : frames) {
        const Vec3 stacked{0, 0, parameters.singleSliceThickness * static_cast<double>(parameters.positions.size())};
        parameters.positions.push_back(placed ? frame->header.position.value_or(stacked) : stacked);
    }
    auto geometry = Geometry::make(std::move(parameters));
    return geometry ? std::optional(std::move(*geometry)) : std::nullopt;
}

} // namespace icmoe
