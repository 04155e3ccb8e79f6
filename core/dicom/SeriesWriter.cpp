#include "core/dicom/SeriesWriter.h"

#include "core/base/AtomicFile.h"
#include "core/dicom/Uid.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace icmoe {
namespace {

/// A DS value: at most 16 characters.
std::string decimal(double value)
{
    std::array<char, 40> text{};
    value = value == 0 ? 0 : value; // no "-0"
    for (int digits = 15; digits > 0; --digits) {
        if (std::snprintf(text.data(), text.size(), "%.*g", digits, value) <= 16) {
            break;
        }
    }
    return text.data();
}

std::string decimals(std::initializer_list<double> values)
{
    std::string text;
    for (const double value : values) {
        text += (text.empty() ? "" : "\\") + decimal(value);
    }
    return text;
}

std::string vectors(Vec3 a, Vec3 b)
{
    return decimals({a.x, a.y, a.z, b.x, b.y, b.z});
}

/// Fills one data set; remembers the first failure.
class Filler {
public:
    explicit Filler(DcmDataset& dataset)
        : m_dataset(dataset)
    {
    }
    void text(const DcmTagKey& tag, const std::string& value)
    {
        keep(m_dataset.putAndInsertString(tag, value.c_str()));
    }
    void optionalText(const DcmTagKey& tag, const std::string& value)
    {
        if (!value.empty()) {
            text(tag, value);
        }
    }
    void number(const DcmTagKey& tag, int value)
    {
        keep(m_dataset.putAndInsertUint16(tag, static_cast<Uint16>(value)));
    }
    void edit(const AttributeEdit& edit)
    {
        const DcmTagKey tag(edit.group, edit.element);
        if (edit.value) {
            text(tag, *edit.value);
        } else {
            m_dataset.findAndDeleteElement(tag);
        }
    }
    void keep(OFCondition condition)
    {
        if (m_condition.good()) {
            m_condition = condition;
        }
    }
    [[nodiscard]] OFCondition condition() const { return m_condition; }

private:
    DcmDataset& m_dataset;
    OFCondition m_condition = EC_Normal;
};

void fillPatientAndStudy(Filler& fill, const SeriesTexts& texts)
{
    fill.text(DCM_SpecificCharacterSet, "ISO_IR 192");
    fill.text(DCM_PatientName, texts.patientName);
    fill.text(DCM_PatientID, texts.patientId);
    fill.text(DCM_PatientBirthDate, texts.birthDate);
    fill.text(DCM_PatientSex, texts.sex);
    fill.text(DCM_StudyInstanceUID, uidFromText(texts.uidSeed + "/study"));
    fill.text(DCM_StudyID, texts.studyId);
    fill.text(DCM_StudyDate, texts.studyDate);
    fill.text(DCM_StudyTime, texts.studyTime);
    fill.text(DCM_ReferringPhysicianName, "");
    fill.text(DCM_AccessionNumber, "");
    fill.optionalText(DCM_StudyDescription, texts.studyDescription);
}

void fillSeries(Filler& fill, const SeriesTexts& texts)
{
    fill.text(DCM_Modality, texts.modality);
    fill.text(DCM_SeriesInstanceUID, uidFromText(texts.uidSeed + "/series"));
    fill.text(DCM_SeriesNumber, std::to_string(texts.seriesNumber));
    if (texts.bodyPart.empty()) {
        fill.text(DCM_Laterality, ""); // asked for where the body part does not tell
    }
    fill.text(DCM_PatientPosition, "HFS");
    fill.text(DCM_Manufacturer, texts.manufacturer);
    fill.optionalText(DCM_SeriesDescription, texts.seriesDescription);
    fill.optionalText(DCM_ProtocolName, texts.protocolName);
    fill.optionalText(DCM_BodyPartExamined, texts.bodyPart);
    if (texts.frameOfReference) {
        fill.text(DCM_FrameOfReferenceUID, uidFromText(texts.uidSeed + "/frame of reference"));
        fill.text(DCM_PositionReferenceIndicator, "");
    }
}

void fillPlane(Filler& fill, const Geometry& geometry, int k)
{
    const Vec3 position = geometry.positions()[static_cast<std::size_t>(k)];
    fill.text(DCM_PixelSpacing, decimals({geometry.spacingJ(), geometry.spacingI()}));
    fill.text(DCM_ImageOrientationPatient, vectors(geometry.rowDirection(), geometry.columnDirection()));
    fill.text(DCM_ImagePositionPatient, decimals({position.x, position.y, position.z}));
    fill.text(DCM_SliceThickness, decimal(geometry.spacingK()));
}

void fillModality(Filler& fill, const SeriesTexts& texts, const Rescale& rescale)
{
    fill.text(DCM_ImageType, texts.imageType);
    fill.text(DCM_AcquisitionNumber, "1");
    if (texts.modality == "CT") {
        fill.text(DCM_KVP, "120");
    } else {
        fill.text(DCM_ScanningSequence, "GR");
        fill.text(DCM_SequenceVariant, "NONE");
        fill.text(DCM_ScanOptions, "");
        fill.text(DCM_MRAcquisitionType, "3D");
        fill.text(DCM_RepetitionTime, "");
        fill.text(DCM_EchoTime, "");
        fill.text(DCM_EchoTrainLength, "");
    }
    if (texts.modality == "CT" || rescale != Rescale{}) {
        fill.text(DCM_RescaleIntercept, decimal(rescale.intercept));
        fill.text(DCM_RescaleSlope, decimal(rescale.slope));
    }
    if (texts.modality == "CT") {
        fill.text(DCM_RescaleType, "HU");
    }
}

void fillPixels(Filler& fill, DcmDataset& dataset, const Volume& volume, int k)
{
    const auto& description = volume.description();
    const bool isSigned = volume.type() == SampleType::s16;
    fill.number(DCM_SamplesPerPixel, 1);
    fill.text(DCM_PhotometricInterpretation, description.inverted ? "MONOCHROME1" : "MONOCHROME2");
    fill.number(DCM_Rows, volume.size().height);
    fill.number(DCM_Columns, volume.size().width);
    fill.number(DCM_BitsAllocated, 16);
    fill.number(DCM_BitsStored, 16);
    fill.number(DCM_HighBit, 15);
    fill.number(DCM_PixelRepresentation, isSigned ? 1 : 0);
    if (!description.windows.empty()) {
        fill.text(DCM_WindowCenter, decimal(description.windows.front().level));
        fill.text(DCM_WindowWidth, decimal(description.windows.front().width));
    }
    if (description.paddingValue) {
        const DcmTag tag(DCM_PixelPaddingValue, DcmVR(isSigned ? EVR_SS : EVR_US));
        fill.keep(isSigned ? dataset.putAndInsertSint16(tag, static_cast<Sint16>(*description.paddingValue))
                           : dataset.putAndInsertUint16(tag, static_cast<Uint16>(*description.paddingValue)));
    }
    const auto bytes = volume.sliceBytes(k);
    std::vector<Uint16> words(static_cast<std::size_t>(volume.size().width) *
                              static_cast<std::size_t>(volume.size().height));
    if (volume.type() == SampleType::u8) {
        std::transform(bytes.begin(), bytes.end(), words.begin(),
                       [](std::byte b) { return std::to_integer<Uint16>(b); });
    } else {
        std::memcpy(words.data(), bytes.data(), bytes.size());
    }
    fill.keep(dataset.putAndInsertUint16Array(DcmTag(DCM_PixelData, DcmVR(EVR_OW)), words.data(), words.size()));
}

OFCondition fillInstance(DcmDataset& dataset, const Volume& volume, const SeriesTexts& texts, const InstancePlan& plan)
{
    Filler fill(dataset);
    const bool isCt = texts.modality == "CT";
    fill.text(DCM_SOPClassUID, isCt ? UID_CTImageStorage : UID_MRImageStorage);
    fill.text(DCM_SOPInstanceUID, uidFromText(texts.uidSeed + "/instance " + std::to_string(plan.instanceNumber)));
    fillPatientAndStudy(fill, texts);
    fillSeries(fill, texts);
    fill.text(DCM_InstanceNumber, std::to_string(plan.instanceNumber));
    fill.text(DCM_ContentDate, texts.studyDate);
    fill.text(DCM_ContentTime, texts.studyTime);
    fillModality(fill, texts, volume.rescale(plan.slice));
    fillPlane(fill, volume.geometry(), plan.slice);
    fillPixels(fill, dataset, volume, plan.slice);
    for (const auto& edit : plan.edits) {
        fill.edit(edit);
    }
    return fill.condition();
}

Status writeInstance(const Volume& volume, const SeriesTexts& texts, const InstancePlan& plan,
                     const std::filesystem::path& path)
{
    DcmFileFormat format;
    OFCondition done = fillInstance(*format.getDataset(), volume, texts, plan);
    if (done.bad()) {
        return fail(ErrorCode::invalidArgument, std::string("an attribute could not be set: ") + done.text(),
                    path.string());
    }
    auto file = AtomicFile::create(path, {.replace = false, .mode = 0600});
    if (!file) {
        return fail(file.error());
    }
    done = format.saveFile(file->temporaryPath().c_str(), EXS_LittleEndianExplicit);
    if (done.bad()) {
        return fail(ErrorCode::writeFailed, std::string("the file could not be written: ") + done.text(), path.string(),
                    "Check the free space and the permissions of the folder");
    }
    return file->commit();
}

std::vector<InstancePlan> wholePlan(int depth)
{
    std::vector<InstancePlan> plan;
    for (int k = 0; k < depth; ++k) {
        std::array<char, 32> name{};
        std::snprintf(name.data(), name.size(), "%04d.dcm", k + 1);
        plan.push_back({.slice = k, .instanceNumber = k + 1, .fileName = name.data(), .edits = {}});
    }
    return plan;
}

Status checkInput(const Volume& volume, const SeriesTexts& texts, const std::vector<InstancePlan>& plan)
{
    const SampleType type = volume.type();
    if (type != SampleType::u8 && type != SampleType::s16 && type != SampleType::u16) {
        return fail(ErrorCode::unsupportedPixels,
                    "only u8, s16 and u16 voxels can be written as a DICOM series, found " + std::string(name(type)));
    }
    if (texts.modality != "CT" && texts.modality != "MR") {
        return fail(ErrorCode::invalidArgument, "expected the modality CT or MR, found \"" + texts.modality + "\"");
    }
    for (const auto& instance : plan) {
        if (instance.slice < 0 || instance.slice >= volume.size().depth || !volume.isLoaded(instance.slice)) {
            return fail(ErrorCode::invalidArgument, "slice " + std::to_string(instance.slice) + " is not there");
        }
    }
    return {};
}

} // namespace

Result<std::vector<std::filesystem::path>> writeDicomSeries(const Volume& volume, const SeriesTexts& texts,
                                                            const std::filesystem::path& folder,
                                                            const std::vector<InstancePlan>& givenPlan)
{
    const auto plan = givenPlan.empty() ? wholePlan(volume.size().depth) : givenPlan;
    if (auto checked = checkInput(volume, texts, plan); !checked) {
        return fail(checked.error());
    }
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) {
        return fail(ErrorCode::writeFailed, "the folder cannot be made: " + error.message(), folder.string(),
                    "Choose another folder");
    }
    std::vector<std::filesystem::path> files;
    for (const auto& instance : plan) {
        const auto path = folder / instance.fileName;
        if (auto written = writeInstance(volume, texts, instance, path); !written) {
            return fail(written.error());
        }
        files.push_back(path);
    }
    return files;
}

} // namespace icmoe
