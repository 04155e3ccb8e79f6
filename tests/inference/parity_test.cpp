// The network rebuilt here against the published Python one: tensors after each stage and answers to five kinds of
// prompts (engine.md section 4). The values were recorded by tests/support/make_reference.py.
#include "RecordedReference.h"
#include "ReferencePictures.h"
#include "TestWeights.h"
#include "inference/sam/ImageEncoder.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/sam/MaskDecoder.h"
#include "inference/sam/NetworkWeights.h"
#include "inference/sam/Preprocess.h"
#include "inference/sam/PromptEncoder.h"
#include "inference/sam/kernels/EncoderKernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <zlib.h>

using namespace icmoe;
using nlohmann::json;
using test::channelsFirst;

namespace {

using Reference = test::RecordedReference;

struct Network {
    Network()
        : file(weights::loadLiteMedSam(test::weightFolders()).value())
        , weights(file.tensors)
        , prompts(weights)
        , decoder(weights, prompts.densePosition())
    {
    }
    weights::WeightsFile file;
    NetworkWeights weights;
    PromptEncoder prompts;
    MaskDecoder decoder;
};

struct Limit {
    double largest;
    double relativeL2;
};
const std::map<std::string, Limit> kTapLimits = {
    {"patch_embed", {1e-4, 1e-5}}, {"stage0", {3e-4, 1e-5}}, {"down0", {5e-4, 1e-5}}, {"stage1", {2e-4, 1e-5}},
    {"down1", {5e-4, 1e-5}},       {"stage2", {5e-5, 1e-5}}, {"down2", {1e-3, 2e-5}}, {"stage3", {2e-4, 2e-5}}};

void expectEncoderParity(ImageEncoder& encoder)
{
    const Reference reference;
    int seen = 0;
    for (const auto& entry : reference.index().at("pictures")) {
        const auto name = entry.at("name").get<std::string>();
        SCOPED_TRACE(name);
        const auto image = test::referencePicture(name);
        if (!image) {
            EXPECT_EQ(name, "colin27");
            std::cout << "without colin27: mricron-data is not installed\n";
            continue;
        }
        const auto input = prepare(*image).value();
        int calls = 0;
        std::map<std::string, at::Tensor> taps;
        const auto embedding = encoder.encode(
            input.values.data(), [&] { return ++calls > 0; },
            [&](std::string_view tap, const at::Tensor& value) { taps.emplace(tap, value.clone()); });
        ASSERT_TRUE(embedding);
        EXPECT_EQ(calls, encoder.steps());
        for (const auto& [tap, limit] : kTapLimits) {
            const auto& expected = entry.at("encoder").at(tap);
            const auto& value = taps.at(tap);
            const auto difference =
                reference.compare(expected, expected.at("shape").size() == 4 ? channelsFirst(value) : value);
            EXPECT_LE(difference.largest, limit.largest) << tap;
            EXPECT_LE(difference.relativeL2, limit.relativeL2) << tap;
            EXPECT_LE(reference.statistics(), limit.relativeL2) << tap;
        }
        const auto difference = reference.compare(entry.at("embedding"), channelsFirst(embedding->view({64, 64, 256})));
        EXPECT_LE(difference.largest, 5e-5);
        EXPECT_LE(difference.relativeL2, 2e-5);
        EXPECT_LE(reference.statistics(), 2e-5);
        std::cout << name << ": embedding max " << difference.largest << ", relative L2 " << difference.relativeL2
                  << '\n';
        ++seen;
    }
    EXPECT_GE(seen, 5);
}

std::uint32_t packedCrc(const std::vector<float>& logits)
{
    std::vector<Bytef> bits((logits.size() + 7) / 8, 0);
    for (std::size_t n = 0; n < logits.size(); ++n) {
        if (logits[n] > 0) {
            bits[n / 8] = static_cast<Bytef>(bits[n / 8] | (0x80U >> (n % 8)));
        }
    }
    return static_cast<std::uint32_t>(::crc32_z(0, bits.data(), bits.size()));
}

} // namespace

TEST(Parity, Preprocessing_EqualsTheReferenceBitForBit)
{
    const Reference reference;
    for (const auto& entry : reference.index().at("pictures")) {
        const auto name = entry.at("name").get<std::string>();
        SCOPED_TRACE(name);
        const auto image = test::referencePicture(name);
        if (!image) {
            continue;
        }
        EXPECT_EQ(::crc32_z(0, image->pixels.data(), image->pixels.size()),
                  entry.at("picture_crc32").get<std::uint32_t>());
        const auto input = prepare(*image);
        ASSERT_TRUE(input);
        EXPECT_EQ(input->grid.usedHeight, entry.at("resized").at(0));
        EXPECT_EQ(input->grid.usedWidth, entry.at("resized").at(1));
        EXPECT_EQ(::crc32_z(0, input->resized.pixels.data(), input->resized.pixels.size()),
                  entry.at("resized_crc32").get<std::uint32_t>());
        const auto values = at::from_blob(const_cast<float*>(input->values.data()), {256, 256, 3}, at::kFloat);
        EXPECT_LE(reference.compare(entry.at("input"), channelsFirst(values)).largest, 6e-8);
    }
}

TEST(Parity, TorchEncoderFp32_StaysWithinTheLimitsAtEveryStage)
{
    ICMOE_NEEDS_WEIGHTS();
    const at::InferenceMode guard;
    const Network network;
    expectEncoderParity(*makeTorchImageEncoder(network.weights, at::kFloat));
}

TEST(Parity, FusedEncoder_StaysWithinTheLimitsAtEveryStage)
{
    ICMOE_NEEDS_WEIGHTS();
    const at::InferenceMode guard;
    const Network network;
    expectEncoderParity(*makeFusedImageEncoder(network.weights));
}

TEST(Parity, EveryInstructionSetThatRunsHere_StaysWithinTheLimits)
{
    ICMOE_NEEDS_WEIGHTS();
    const at::InferenceMode guard;
    const Network network;
    for (const auto* kernels : {&genericKernels(), &avx2Kernels(), &avx512Kernels()}) {
        if (kernels == &bestKernels() || !canRun(*kernels)) {
            std::cout << kernels->name
                      << (canRun(*kernels) ? " has its own test\n" : " does not run on this processor\n");
            continue;
        }
        expectEncoderParity(*makeFusedImageEncoder(network.weights, *kernels));
    }
}

namespace {

/// The limits of a rounded encoder: its embedding points where the reference's does, and boxes get the same masks.
void expectBf16Parity(ImageEncoder& rounded, const Network& network)
{
    const Reference reference;
    const auto exact = makeFusedImageEncoder(network.weights);
    for (const auto& entry : reference.index().at("pictures")) {
        const auto name = entry.at("name").get<std::string>();
        SCOPED_TRACE(name);
        const auto image = test::referencePicture(name);
        if (!image) {
            continue;
        }
        const auto input = prepare(*image).value();
        const auto box = at::tensor(entry.at("box").get<std::vector<float>>()).view({1, 4});
        std::vector<at::Tensor> masks;
        for (auto* encoder : {exact.get(), &rounded}) {
            const auto embedding = encoder->encode(input.values.data(), [] { return true; }).value();
            if (encoder == &rounded) {
                const auto difference =
                    reference.compare(entry.at("embedding"), channelsFirst(embedding.view({64, 64, 256})));
                EXPECT_GE(difference.cosine, 0.99);
                EXPECT_LE(difference.relativeL2, 0.15);
                std::cout << name << ": cosine " << difference.cosine << ", relative L2 " << difference.relativeL2
                          << '\n';
            }
            const auto prepared = network.decoder.prepare((embedding + network.prompts.noMask()).unsqueeze(0));
            const auto decoded = network.decoder.decode(prepared, network.prompts.boxes(box));
            masks.push_back(network.decoder.masks(decoded, 0, 0, 1) > 0);
        }
        const auto area = masks[0].sum().item<double>();
        if (area >= 500) {
            const auto shared = (masks[0] & masks[1]).sum().item<double>();
            EXPECT_GE(2 * shared / (area + masks[1].sum().item<double>()), 0.95);
        }
    }
}

} // namespace

TEST(Parity, TorchEncoderBf16_KeepsDirectionAndMask)
{
    ICMOE_NEEDS_WEIGHTS();
    if (!hasBf16Hardware()) {
        GTEST_SKIP() << "this processor has neither AVX512-BF16 nor AMX";
    }
    const at::InferenceMode guard;
    const Network network;
    expectBf16Parity(*makeTorchImageEncoder(network.weights, at::kBFloat16), network);
}

TEST(Parity, FusedEncoderBf16_KeepsDirectionAndMask)
{
    ICMOE_NEEDS_WEIGHTS();
    if (!canRun(avx512Bf16Kernels())) {
        GTEST_SKIP() << "this processor lacks AVX512-BF16";
    }
    const at::InferenceMode guard;
    const Network network;
    expectBf16Parity(*makeFusedImageEncoder(network.weights, avx512Bf16Kernels()), network);
}

TEST(Parity, FusedEncoder_GivesTheSameBitsWithOneAndTwoThreads)
{
    ICMOE_NEEDS_WEIGHTS();
    const at::InferenceMode guard;
    const Network network;
    const auto input = prepare(*test::referencePicture("discs300x200")).value();
    const auto encoder = makeFusedImageEncoder(network.weights);
    const int before = at::get_num_threads();
    at::set_num_threads(1);
    const auto alone = encoder->encode(input.values.data(), [] { return true; }).value();
    at::set_num_threads(2);
    const auto together = encoder->encode(input.values.data(), [] { return true; }).value();
    at::set_num_threads(before);
    EXPECT_TRUE(at::equal(alone, together));
}

TEST(Parity, PromptsAndMasks_StayWithinTheLimits)
{
    ICMOE_NEEDS_WEIGHTS();
    const at::InferenceMode guard;
    const Network network;
    const Reference reference;
    const auto encoder = makeTorchImageEncoder(network.weights, at::kFloat);
    EXPECT_LE(reference
                  .compare(reference.index().at("dense_pe"),
                           channelsFirst(network.prompts.densePosition().view({64, 64, 256})))
                  .largest,
              3e-5);
    for (const auto& entry : reference.index().at("pictures")) {
        const auto name = entry.at("name").get<std::string>();
        const auto image = test::referencePicture(name);
        if (!image) {
            continue;
        }
        const auto input = prepare(*image).value();
        const auto embedding = encoder->encode(input.values.data(), [] { return true; }).value().unsqueeze(0);
        const auto box = at::tensor(entry.at("box").get<std::vector<float>>()).view({1, 4});
        const auto point = at::tensor(entry.at("point").get<std::vector<float>>()).view({1, 1, 2});
        const auto outside = box.slice(1, 0, 2).view({1, 1, 2}) + at::tensor({2.0F, 3.0F});
        for (const auto& prompt : entry.at("prompts")) {
            const auto kind = prompt.at("kind").get<std::string>();
            SCOPED_TRACE(name + " " + kind);
            const bool hasBox = kind.starts_with("box");
            std::vector<at::Tensor> sparse;
            if (kind == "point+negative") {
                sparse.push_back(network.prompts.points(at::cat({point, outside}, 1),
                                                        at::tensor({1.0F, 0.0F}).view({1, 2}), !hasBox));
            } else if (kind == "point" || kind == "box+point") {
                sparse.push_back(network.prompts.points(point, at::ones({1, 1}), !hasBox));
            }
            if (hasBox) {
                sparse.push_back(network.prompts.boxes(box));
            }
            auto dense = network.prompts.noMask().expand({1, 4096, 256});
            if (kind == "box+mask") {
                auto mask = at::full({256, 256}, -6.0F);
                const auto corner = entry.at("box").get<std::vector<double>>();
                mask.slice(0, static_cast<int>(corner[1]), static_cast<int>(corner[3]) + 1)
                    .slice(1, static_cast<int>(corner[0]), static_cast<int>(corner[2]) + 1)
                    .fill_(6.0F);
                dense = network.prompts.masks(mask.view({1, 1, 256, 256}));
            }
            EXPECT_LE(reference.compare(prompt.at("sparse"), at::cat(sparse, 1)).largest, 3e-5);
            EXPECT_LE(reference.compare(prompt.at("dense"), channelsFirst(dense.reshape({64, 64, 256}))).largest,
                      kind == "box+mask" ? 1e-5 : 0.0);
            const auto decoded = network.decoder.decode(network.decoder.prepare(embedding + dense), at::cat(sparse, 1));
            for (std::int64_t n = 0; n < 4; ++n) {
                EXPECT_NEAR(decoded.iou[0][n].item<float>(),
                            prompt.at("iou").at(static_cast<std::size_t>(n)).get<double>(), 1e-5);
            }
            const auto logits = network.decoder.masks(decoded, 0, 0, 4);
            const auto difference = reference.compare(prompt.at("logits"), logits.unsqueeze(0));
            EXPECT_LE(difference.largest, 1e-3);
            EXPECT_LE(difference.relativeL2, 1e-5);
            const auto full = resampleLogits(logits[0].contiguous().data_ptr<float>(), input.grid);
            const auto fullTensor =
                at::from_blob(const_cast<float*>(full.data()), {static_cast<std::int64_t>(full.size())}, at::kFloat);
            EXPECT_LE(reference.compare(prompt.at("full"), fullTensor).largest, 1e-3);
            const auto pixels = std::count_if(full.begin(), full.end(), [](float v) { return v > 0; });
            const auto undecided = prompt.at("undecided_pixels").get<std::int64_t>();
            EXPECT_LE(std::abs(pixels - prompt.at("mask_pixels").get<std::int64_t>()), undecided);
            if (undecided == 0) {
                EXPECT_EQ(packedCrc(full), prompt.at("mask_crc32").get<std::uint32_t>());
            }
        }
    }
}
