// Segment Anything rebuilt here against PyPI's segment-anything, with weights that are a function of their names
// (tests/data/sam/make_reference.py): pre-processing of SAM and MedSAM, image encoder, prompts, masks and the way back.
#include "RecordedReference.h"
#include "ReferencePictures.h"
#include "inference/sam/FilterResize.h"
#include "inference/sam/MaskDecoder.h"
#include "inference/sam/NetworkWeights.h"
#include "inference/sam/PromptEncoder.h"
#include "inference/sam/SamPreprocess.h"
#include "inference/sam/VitImageEncoder.h"
#include "tests/support/NamedWeights.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <chrono>
#include <ctime>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <zlib.h>

using namespace icmoe;
using nlohmann::json;
using test::channelsFirst;

namespace {

const test::RecordedReference& reference()
{
    static const test::RecordedReference recorded("sam");
    return recorded;
}

std::uint32_t crc(const std::vector<std::uint8_t>& bytes)
{
    return static_cast<std::uint32_t>(::crc32_z(0, bytes.data(), bytes.size()));
}

at::Tensor picture(const std::vector<float>& values)
{
    return channelsFirst(at::from_blob(const_cast<float*>(values.data()), {kSamSide, kSamSide, 3}, at::kFloat).clone());
}

/// Depth 4, width 64, two heads, a 16 × 16 grid: windows reach beyond it, two blocks see all of it.
weights::VitShape smallShape()
{
    return {4, 64, 2, {1, 3}, 256};
}

std::vector<float> smallInput()
{
    std::vector<float> values;
    for (int y = 0; y < 256; ++y) {
        for (int x = 0; x < 256; ++x) {
            for (const int value : {(x * 3 + y * 5) % 97, (x * x + y) % 89, (x * y) % 101}) {
                values.push_back(static_cast<float>(value / 50.0 - 1.0));
            }
        }
    }
    return values;
}

/// `distances`: rows of the global blocks' tables of relative positions.
NetworkWeights smallWeights(std::int64_t distances)
{
    test::NamedTensors tensors;
    for (auto tensor : weights::expectedSamTensors(smallShape())) {
        if (tensor.shape.front() == 31) {
            tensor.shape.front() = distances;
        }
        tensors.add(tensor);
    }
    return NetworkWeights(tensors.table());
}

using Taps = std::map<std::string, at::Tensor>;

at::Tensor encode(ImageEncoder& encoder, const std::vector<float>& input, Taps* taps = nullptr)
{
    int calls = 0;
    const auto embedding = encoder.encode(
        input.data(), [&] { return ++calls > 0; },
        [&](std::string_view name, const at::Tensor& value) {
            if (taps != nullptr) {
                taps->emplace(name, value.clone());
            }
        });
    EXPECT_EQ(calls, encoder.steps());
    return embedding.value();
}

void expectTaps(const json& entry, const Taps& taps, double relative)
{
    for (const auto& [name, expected] : entry.at("encoder").items()) {
        const auto difference = reference().compare(expected, taps.at(name).unsqueeze(0));
        EXPECT_LE(difference.relativeL2, relative) << name;
        EXPECT_LE(reference().statistics(), relative) << name;
    }
}

/// Embeddings of a random network reach 4, those of a trained one 1: the limits of engine.md, relative to that.
void expectEmbedding(const json& entry, const at::Tensor& embedding, std::int64_t grid)
{
    const auto difference = reference().compare(entry.at("embedding"), channelsFirst(embedding.view({grid, grid, -1})));
    EXPECT_LE(difference.largest, 1e-4);
    EXPECT_LE(difference.relativeL2, 2e-5);
    EXPECT_LE(reference().statistics(), 2e-5);
    std::cout << "embedding max " << difference.largest << ", relative L2 " << difference.relativeL2 << '\n';
}

/// A box of network pixels as logits of a mask prompt.
at::Tensor maskOf(const std::vector<double>& box)
{
    std::vector<float> values;
    for (int y = 0; y < kSamMaskSide; ++y) {
        for (int x = 0; x < kSamMaskSide; ++x) {
            const bool isInside = x >= box[0] / 4 && x <= box[2] / 4 && y >= box[1] / 4 && y <= box[3] / 4;
            values.push_back(isInside ? 6.0F : -6.0F);
        }
    }
    return at::tensor(values).view({1, 1, kSamMaskSide, kSamMaskSide});
}

double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

TEST(SamParity, Preprocessing_OfSam_EqualsPillowBitForBit)
{
    for (const auto& entry : reference().index().at("pictures")) {
        SCOPED_TRACE(entry.at("name"));
        const auto image = test::referencePicture(entry.at("name"));
        ASSERT_TRUE(image);
        EXPECT_EQ(crc(image->pixels), entry.at("picture_crc32").get<std::uint32_t>());
        const auto input = prepareSam(*image, SamRecipe::sam);
        ASSERT_TRUE(input);
        EXPECT_EQ(input->grid.usedHeight, entry.at("resized").at(0));
        EXPECT_EQ(input->grid.usedWidth, entry.at("resized").at(1));
        EXPECT_EQ(crc(input->resized.pixels), entry.at("resized_crc32").get<std::uint32_t>());
        EXPECT_LE(reference().compare(entry.at("input"), picture(input->values)).largest, 2.5e-7);
    }
}

TEST(SamParity, Preprocessing_OfMedSam_StaysWithinOneLevelOfScikitImage)
{
    for (const auto& entry : reference().index().at("pictures")) {
        SCOPED_TRACE(entry.at("name"));
        auto input = prepareSam(*test::referencePicture(entry.at("name")), SamRecipe::medsam);
        ASSERT_TRUE(input);
        const auto bytes = at::from_blob(input->resized.pixels.data(), {kSamSide, kSamSide, 3}, at::kByte);
        const auto difference = reference().compare(entry.at("medsam_resized"), bytes);
        EXPECT_LE(difference.largest, 1.0);
        EXPECT_LE(reference().compare(entry.at("medsam_input"), picture(input->values)).largest, 1.01 / 128);
        std::cout << entry.at("name") << ": largest difference " << difference.largest << ", relative L2 "
                  << difference.relativeL2 << '\n';
    }
}

TEST(SamParity, SmallEncoder_StaysWithinTheLimitsAtEveryBlock)
{
    const at::InferenceMode guard;
    Taps taps;
    const auto embedding =
        encode(*makeVitImageEncoder(smallWeights(31), smallShape(), at::kFloat), smallInput(), &taps);
    expectTaps(reference().index().at("small"), taps, 1e-5);
    expectEmbedding(reference().index().at("small"), embedding, 16);
}

TEST(SamParity, RelativePositionsOfAnotherSize_AreStretchedAsTheReferenceDoes)
{
    const at::InferenceMode guard;
    Taps taps;
    const auto embedding =
        encode(*makeVitImageEncoder(smallWeights(127), smallShape(), at::kFloat), smallInput(), &taps);
    expectTaps(reference().index().at("small_interpolated"), taps, 1e-5);
    expectEmbedding(reference().index().at("small_interpolated"), embedding, 16);
}

TEST(SamParity, EncoderInBf16_StaysClose)
{
    const at::InferenceMode guard;
    const auto weights = smallWeights(31);
    const auto exact = encode(*makeVitImageEncoder(weights, smallShape(), at::kFloat), smallInput());
    const auto rounded = encode(*makeVitImageEncoder(weights, smallShape(), at::kBFloat16), smallInput());
    EXPECT_GE(at::cosine_similarity(exact.flatten(), rounded.flatten(), 0).item<double>(), 0.99);
}

TEST(SamParity, EncodingThatIsAbandoned_StopsAtAnyStep)
{
    const at::InferenceMode guard;
    const auto encoder = makeVitImageEncoder(smallWeights(31), smallShape(), at::kFloat);
    const auto input = smallInput();
    for (int last = 1; last <= encoder->steps(); ++last) {
        int calls = 0;
        EXPECT_FALSE(encoder->encode(input.data(), [&] { return ++calls < last; }));
        EXPECT_EQ(calls, last);
    }
}

TEST(SamParity, VitB_AnswersEveryKindOfPromptAsTheReference)
{
    const at::InferenceMode guard;
    const auto start = std::chrono::steady_clock::now();
    const auto& shape = *weights::samShape("vit_b");
    const auto& entry = reference().index().at("vit_b");
    const NetworkWeights weights(test::NamedTensors::of(shape).table());
    const auto encoder = makeVitImageEncoder(weights, shape, at::kFloat);
    const PromptEncoder prompts(weights, encoder->side());
    const MaskDecoder decoder(weights, prompts.densePosition());
    const auto image = *test::referencePicture(entry.at("picture"));
    const auto input = prepareSam(image, SamRecipe::sam).value();
    std::cout << "weights ready after " << secondsSince(start) << " s\n";

    Taps taps;
    const auto encodeStart = std::chrono::steady_clock::now();
    const auto clockStart = std::clock(); // of all threads: what a busy machine does not change
    const auto embedding = encode(*encoder, input.values, &taps);
    std::cout << "encoded in " << secondsSince(encodeStart) << " s on " << at::get_num_threads() << " threads, "
              << static_cast<double>(std::clock() - clockStart) / CLOCKS_PER_SEC << " s of processor time\n";
    expectTaps(entry, taps, 2e-5);
    expectEmbedding(entry, embedding, 64);
    const auto dense = channelsFirst(prompts.densePosition().view({64, 64, 256}));
    EXPECT_LE(reference().compare(entry.at("dense_pe"), dense).largest, 3e-5);

    const auto numbers = [](const json& list) { return list.get<std::vector<double>>(); };
    const auto box = numbers(entry.at("box"));
    const auto click = numbers(entry.at("point"));
    const auto boxes = at::tensor(box, at::kFloat).view({1, 4});
    const auto one = at::tensor(click, at::kFloat).view({1, 1, 2});
    const auto two = at::cat({one, at::tensor({box[0] + 9, box[1] + 14}, at::kFloat).view({1, 1, 2})}, 1);
    const auto mask = maskOf(box);
    for (const auto& answer : entry.at("prompts")) {
        const auto kind = answer.at("kind").get<std::string>();
        SCOPED_TRACE(kind);
        const bool hasBox = kind.starts_with("box");
        std::vector<at::Tensor> sparse;
        if (kind == "two points") {
            sparse.push_back(prompts.points(two, at::tensor({1.0F, 0.0F}).view({1, 2}), true));
        } else if (kind.find("point") != std::string::npos) {
            sparse.push_back(prompts.points(one, at::ones({1, 1}), !hasBox));
        }
        if (hasBox) {
            sparse.push_back(prompts.boxes(boxes));
        }
        const auto tokens = at::cat(sparse, 1);
        EXPECT_LE(reference().compare(answer.at("sparse"), tokens).largest, 3e-5);
        const bool hasMask = kind == "box+mask";
        const auto map = hasMask ? prompts.masks(mask) : prompts.noMask().expand({1, 4096, 256});
        EXPECT_LE(reference().compare(answer.at("dense"), channelsFirst(map.view({64, 64, 256}))).largest,
                  hasMask ? 1e-5 : 0);
        const auto decoded = decoder.decode(decoder.prepare(embedding.unsqueeze(0) + map), tokens);
        const auto logits = decoder.masks(decoded, 0, 0, 4);
        const auto difference = reference().compare(answer.at("logits"), logits.unsqueeze(0));
        EXPECT_LE(difference.largest, 1e-3);
        EXPECT_LE(difference.relativeL2, 5e-5);
        for (int n = 0; n < 4; ++n) {
            EXPECT_NEAR(decoded.iou[0][n].item<double>(), answer.at("iou").at(static_cast<std::size_t>(n)), 1e-4);
        }
        std::cout << kind << ": logits max " << difference.largest << ", relative L2 " << difference.relativeL2 << '\n';

        const auto first = logits[0].contiguous();
        for (const bool isMedSam : {false, true}) {
            const std::string prefix = isMedSam ? "medsam_" : "";
            const auto grid = SamGrid::of(isMedSam ? SamRecipe::medsam : SamRecipe::sam, image.width, image.height);
            auto full = resampleSamLogits(first.const_data_ptr<float>(), grid);
            auto values = at::from_blob(full.data(), {1, 1, image.height, image.width}, at::kFloat);
            if (isMedSam) {
                values = values + 0.5;
            }
            EXPECT_LE(reference().compare(answer.at(prefix + "full"), values).largest, 1e-3) << prefix;
            const auto inside = std::count_if(full.begin(), full.end(), [](float v) { return v > 0; });
            EXPECT_LE(std::abs(inside - answer.at(prefix + "mask_pixels").get<std::ptrdiff_t>()),
                      answer.at(prefix + "undecided_pixels").get<std::ptrdiff_t>())
                << prefix;
        }
    }
    std::cout << "everything took " << secondsSince(start) << " s\n";
}

TEST(FilterResize, PictureOfTheSameSize_IsUnchanged)
{
    const BytePicture given{3, 2, 1, {1, 250, 3, 4, 50, 6}};
    EXPECT_EQ(resizeBilinear(given, 3, 2).pixels, given.pixels);
    EXPECT_EQ(resizeCubic(given, 3, 2).pixels, given.pixels);
}

TEST(FilterResize, OnePixelAndFlatPictures_StayFlat)
{
    for (const auto& given : {BytePicture{1, 1, 3, {7, 7, 7}}, BytePicture{2, 1, 3, {7, 7, 7, 7, 7, 7}}}) {
        for (const auto& resized : {resizeBilinear(given, 5, 4), resizeCubic(given, 5, 4)}) {
            EXPECT_EQ(resized.pixels, std::vector<std::uint8_t>(60, 7));
        }
    }
}

TEST(SamGrid, PixelsThatAreNotSquare_AreSeenAsSquaresBySam)
{
    const auto square = SamGrid::of(SamRecipe::sam, 300, 200);
    EXPECT_EQ(square.usedWidth, 1024);
    EXPECT_EQ(square.usedHeight, 683);
    const auto tall = SamGrid::of(SamRecipe::sam, 300, 200, 1.0, 3.0); // 300 × 600 mm
    EXPECT_EQ(tall.usedWidth, 512);
    EXPECT_EQ(tall.usedHeight, 1024);
    EXPECT_DOUBLE_EQ(tall.scaleY(), 5.12);
    const auto stretched = SamGrid::of(SamRecipe::medsam, 300, 200, 1.0, 3.0);
    EXPECT_EQ(stretched.usedWidth, 1024);
    EXPECT_EQ(stretched.usedHeight, 1024);
    EXPECT_EQ(SamGrid::of(SamRecipe::sam, 5000, 1).usedHeight, 1);
}
