#include "inference/icmoe/Foundation.h"

#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/SamPreprocess.h"
#include "inference/sam/VitImageEncoder.h"

#include <ATen/ATen.h>

namespace icmoe {
namespace {

constexpr int kSamStep = kSamSide / kNetworkSide;

/// What went into SAM's encoder at the experts' size, the used part from 0 to 255.
at::Tensor pictureOf(const SamInput& input, const NetworkGrid& grid)
{
    const auto values = at::from_blob(const_cast<float*>(input.values.data()), {kSamSide, kSamSide, 3});
    const auto small = at::avg_pool2d(values.permute({2, 0, 1}).contiguous(), kSamStep); // 3×256×256
    auto picture = at::zeros({3, kNetworkSide, kNetworkSide}, at::kByte);
    const auto used = [&](const at::Tensor& x) { return x.slice(1, 0, grid.usedHeight).slice(2, 0, grid.usedWidth); };
    const auto shown = used(small);
    const auto least = shown.min();
    used(picture).copy_(((shown - least) * (255 / (shown.max() - least).clamp_min(1e-6))).round());
    return picture;
}

} // namespace

Foundation::Foundation(const weights::WeightsFile& file, Precision precision, at::Device device)
    : m_family(Family::liteMedSam)
    , m_weights(NetworkWeights(file.tensors).on(device))
    , m_sha256(file.sha256)
    , m_encoder(fastestImageEncoder(m_weights, precision))
{
}

Foundation::Foundation(const std::shared_ptr<const weights::WeightsFile>& file, const weights::Model& model,
                       const weights::VitShape& shape, Precision precision, at::Device device)
    : m_family(model.family == "medsam" ? Family::medSam : Family::sam)
    , m_weights(NetworkWeights(file).on(device))
    , m_sha256(file->sha256)
    , m_encoder(makeVitImageEncoder(m_weights, shape, precision == Precision::bf16 ? at::kBFloat16 : at::kFloat))
{
}

Result<std::unique_ptr<Foundation>> Foundation::load(const std::vector<std::filesystem::path>& folders,
                                                     const std::string& model, Precision precision, at::Device device)
{
    const auto* known = weights::findModel(model);
    const auto* shape = known != nullptr ? weights::samShape(known->variant) : nullptr;
    if (known == nullptr || (shape == nullptr && known->family != "litemedsam")) {
        return fail(ErrorCode::invalidArgument, "there is no model " + model, {},
                    "Use litemedsam, sam-vit-b, sam-vit-l, sam-vit-h or medsam-vit-b");
    }
    auto file = weights::loadWeights(folders, *known);
    if (!file) {
        return fail(file.error());
    }
    if (shape == nullptr) {
        return std::make_unique<Foundation>(*file, precision, device);
    }
    return std::make_unique<Foundation>(std::make_shared<const weights::WeightsFile>(std::move(*file)), *known, *shape,
                                        precision, device);
}

int Foundation::preprocessingVersion() const
{
    return m_family == Family::liteMedSam ? kPreprocessingVersion : kSamPreprocessingVersion;
}

PromptConvention Foundation::convention() const
{
    // half a pixel of the picture that the network sees
    return m_family == Family::liteMedSam ? PromptConvention{} : PromptConvention{0.5 / kSamStep, BoxCorners::exact};
}

NetworkGrid Foundation::gridOf(const SliceImage& image) const
{
    if (m_family == Family::medSam) { // it stretches every picture
        return {image.width, image.height, kNetworkSide, kNetworkSide, kNetworkSide, kNetworkSide};
    }
    return NetworkGrid::of(image.width, image.height, image.spacingX, image.spacingY);
}

Result<Foundation::Input> Foundation::prepare(const SliceImage& image) const
{
    Input input;
    input.grid = gridOf(image);
    if (m_family == Family::liteMedSam) {
        auto own = icmoe::prepare(image);
        if (!own) {
            return fail(own.error());
        }
        const auto values = at::from_blob(own->values.data(), {kNetworkSide, kNetworkSide, 3});
        input.image = (values * 255).round().to(at::kByte).permute({2, 0, 1}).contiguous();
        input.values = std::move(own->values);
        return input;
    }
    auto own = prepareSam(image, m_family == Family::sam ? SamRecipe::sam : SamRecipe::medsam);
    if (!own) {
        return fail(own.error());
    }
    input.image = pictureOf(*own, input.grid);
    input.values = std::move(own->values);
    return input;
}

std::optional<PictureFeatures> Foundation::encode(const Input& input, const TapProjection& taps,
                                                  const ImageEncoder::Step& step)
{
    return encodeFeatures(*m_encoder, input.values, input.image, hasTaps() ? &taps : nullptr, step);
}

} // namespace icmoe
