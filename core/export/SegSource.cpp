#include "core/export/SegSource.h"

#include "core/dicom/Dcmtk.h"
#include "core/dicom/PreScan.h"
#include "core/dicom/Uid.h"

#include <algorithm>

namespace icmoe {
namespace {

Result<std::unique_ptr<DcmDataset>> readAttributes(const std::filesystem::path& path)
{
    initializeDcmtk();
    if (const auto scanned = preScan(path); !scanned) {
        return fail(scanned.error());
    }
    DcmFileFormat file;
    // Values above 4 KiB (pixels) stay on the disk.
    const OFCondition loaded = file.loadFile(path.c_str(), EXS_Unknown, EGL_noChange, 4096);
    if (loaded.bad()) {
        return fail(ErrorCode::malformedFile, std::string("the source cannot be read: ") + loaded.text(),
                    path.string());
    }
    std::unique_ptr<DcmDataset> dataset(file.getAndRemoveDataset());
    const std::string characters = textOf(*dataset, DCM_SpecificCharacterSet);
    if (!characters.empty() && characters != "ISO_IR 192" && dataset->convertToUTF8().bad()) {
        // Bytes of an unknown set cannot stand beside UTF-8; what is not ASCII is masked.
        for (const auto& tag : {DCM_PatientName, DCM_PatientID, DCM_ReferringPhysicianName, DCM_StudyID,
                                DCM_StudyDescription, DCM_AccessionNumber}) {
            std::string text = textOf(*dataset, tag);
            std::replace_if(
                text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; }, '?');
            if (dataset->tagExists(tag)) {
                dataset->putAndInsertString(tag, text.c_str());
            }
        }
    }
    return dataset;
}

} // namespace

std::string textOf(DcmItem& item, const DcmTagKey& tag)
{
    OFString text;
    if (item.findAndGetOFStringArray(tag, text).bad()) {
        return {};
    }
    const auto first = text.find_first_not_of(' ');
    return first == OFString_npos ? std::string{}
                                  : std::string(text.c_str() + first, text.find_last_not_of(' ') - first + 1);
}

Result<SegSource> readSegSource(const Series& series, const Geometry& geometry)
{
    if (series.format != SourceFormat::dicom) {
        return fail(ErrorCode::sourceNotDicom, "a DICOM SEG refers to DICOM images, and the source is none",
                    series.description, "Export as NIfTI, NRRD or PNG instead");
    }
    const auto depth = static_cast<std::size_t>(geometry.size().depth);
    if (series.instances.size() != depth || depth == 0) {
        return fail(ErrorCode::invalidArgument, "the series has " + std::to_string(series.instances.size()) +
                                                    " instances for " + std::to_string(depth) + " slices");
    }
    SegSource source;
    std::string allUids;
    for (const Instance& instance : series.instances) {
        if (instance.sopInstanceUid.empty() || instance.sopClassUid.empty()) {
            return fail(ErrorCode::missingAttribute, "the source has no SOP class or instance UID to refer to",
                        instance.file.string() + ", tag (0008,0018)", "Export as NIfTI or NRRD instead");
        }
        source.frames.push_back(
            {instance.sopClassUid, instance.sopInstanceUid, instance.framesInFile > 1 ? instance.frame + 1 : 0});
        allUids += instance.sopInstanceUid + "\n";
    }
    auto attributes = readAttributes(series.instances.front().file);
    if (!attributes) {
        return fail(attributes.error());
    }
    source.attributes = std::move(*attributes);
    source.studyUid = textOf(*source.attributes, DCM_StudyInstanceUID);
    source.seriesUid = textOf(*source.attributes, DCM_SeriesInstanceUID);
    if (source.studyUid.empty()) {
        source.studyUid = uidFromText("study of\n" + allUids);
    }
    if (source.seriesUid.empty()) {
        source.seriesUid = uidFromText("series of\n" + allUids);
    }
    if (geometry.placedInPatient()) {
        source.frameOfReferenceUid = textOf(*source.attributes, DCM_FrameOfReferenceUID);
        if (source.frameOfReferenceUid.empty()) {
            source.frameOfReferenceUid = uidFromText("frame of reference of\n" + allUids);
        }
    }
    return source;
}

} // namespace icmoe
