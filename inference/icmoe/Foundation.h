#pragma once

#include "inference/Engine.h"
#include "inference/icmoe/Council.h"
#include "inference/weights/ModelCatalogue.h"
#include "inference/weights/SamStructure.h"
#include "inference/weights/WeightsFile.h"

#include <memory>
#include <string>

namespace icmoe {

/// The published network that experts build on, frozen: LiteMedSAM, SAM or MedSAM, with its own way of preparing
/// pictures. One thread.
class Foundation {
public:
    /// LiteMedSAM.
    Foundation(const weights::WeightsFile& file, Precision precision, at::Device device = at::kCPU);
    /// SAM or MedSAM, whose encoder has these measures. It keeps no fine detail, so pictures come without taps.
    Foundation(const std::shared_ptr<const weights::WeightsFile>& file, const weights::Model& model,
               const weights::VitShape& shape, Precision precision, at::Device device = at::kCPU);
    /// The model of that name (weights/ModelCatalogue.h). invalidArgument for another name; errors of loadWeights().
    [[nodiscard]] static Result<std::unique_ptr<Foundation>> load(const std::vector<std::filesystem::path>& folders,
                                                                  const std::string& model, Precision precision,
                                                                  at::Device device = at::kCPU);

    [[nodiscard]] const NetworkWeights& weights() const { return m_weights; }
    /// Where it computes.
    [[nodiscard]] at::Device device() const { return m_weights.device(); }
    [[nodiscard]] const std::string& sha256() const { return m_sha256; }
    [[nodiscard]] int preprocessingVersion() const;
    [[nodiscard]] bool hasTaps() const { return m_family == Family::liteMedSam; }
    [[nodiscard]] PromptConvention convention() const;
    [[nodiscard]] int encodeSteps() const { return m_encoder->steps(); }

    /// How a slice lies on the experts' 256 × 256 grid.
    [[nodiscard]] NetworkGrid gridOf(const SliceImage& image) const;
    struct Input {
        NetworkGrid grid;
        std::vector<float> values; ///< for the encoder
        at::Tensor image;          ///< uint8 [3, 256, 256], as PictureFeatures::image
    };
    /// emptyInput, invalidArgument (channels, or fewer bytes than the size needs).
    [[nodiscard]] Result<Input> prepare(const SliceImage& image) const;
    /// Nothing when a step said so.
    [[nodiscard]] std::optional<PictureFeatures> encode(const Input& input, const TapProjection& taps,
                                                        const ImageEncoder::Step& step);
    void addTo(TapStatistics& statistics, const Input& input) { statistics.add(*m_encoder, input.values); }

private:
    enum class Family { liteMedSam, sam, medSam };
    const Family m_family;
    const NetworkWeights m_weights;
    const std::string m_sha256;
    const std::unique_ptr<ImageEncoder> m_encoder;
};

} // namespace icmoe
