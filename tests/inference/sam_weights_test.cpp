// Checkpoints of SAM and MedSAM, which no hash is known for: their structure, and the hash that an import writes.
#include "CheckpointBuilder.h"
#include "inference/weights/Checkpoint.h"
#include "inference/weights/SamStructure.h"
#include "inference/weights/WeightsFile.h"
#include "tests/support/TestSupport.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <sstream>

using namespace icmoe;
using namespace icmoe::test;
using namespace icmoe::weights;

namespace {

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

std::vector<std::int64_t> numbers(std::string text, char separator)
{
    std::replace(text.begin(), text.end(), separator, ' ');
    std::istringstream stream(text);
    return {std::istream_iterator<std::int64_t>(stream), {}};
}

/// tests/data/sam/tensors.txt, the numbers of blocks written out.
std::map<std::string, Shapes> publishedTensors()
{
    std::ifstream file(ICMOE_TEST_DATA "/sam/tensors.txt");
    std::map<std::string, Shapes> variants;
    std::string variant;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('[')) {
            variant = line.substr(1, line.size() - 2);
            continue;
        }
        const auto blank = line.find(' ');
        const auto name = line.substr(0, blank);
        const auto shape = numbers(line.substr(blank + 1), 'x');
        const auto open = name.find('{');
        const auto close = name.find('}');
        if (open == std::string::npos) {
            variants[variant][name] = shape;
            continue;
        }
        for (const auto block : numbers(name.substr(open + 1, close - open - 1), ',')) {
            variants[variant][name.substr(0, open) + std::to_string(block) + name.substr(close + 1)] = shape;
        }
    }
    return variants;
}

/// Names and shapes without values.
TensorTable emptyTable(const VitShape& shape)
{
    TensorTable table;
    for (auto& tensor : expectedSamTensors(shape)) {
        table.push_back({std::move(tensor.name), ElementType::f32, std::move(tensor.shape), {}});
    }
    return table;
}

TensorEntry& entry(TensorTable& table, std::string_view name)
{
    return *std::find_if(table.begin(), table.end(), [&](const auto& one) { return one.name == name; });
}

Error recognitionError(const TensorTable& table)
{
    const auto variant = recogniseSam(table);
    EXPECT_FALSE(variant);
    return variant ? Error{} : variant.error();
}

} // namespace

TEST(SamStructure, TensorsOfBaseLargeAndHuge_AreThoseOfThePythonPackage)
{
    const auto published = publishedTensors();
    ASSERT_EQ(published.size(), 3U);
    for (const auto& [variant, tensors] : published) {
        ASSERT_NE(samShape(variant), nullptr) << variant;
        Shapes ours;
        for (const auto& tensor : expectedSamTensors(*samShape(variant))) {
            EXPECT_TRUE(ours.emplace(tensor.name, tensor.shape).second) << tensor.name;
        }
        EXPECT_EQ(ours, tensors) << variant;
        EXPECT_EQ(recogniseSam(emptyTable(*samShape(variant))), variant);
    }
    EXPECT_EQ(published.at("vit_b").size(), 314U);
    EXPECT_EQ(samShape("vit_g"), nullptr);
}

TEST(SamStructure, MeasuresOfAnEncoder_AreReadOffItsTensors)
{
    const VitShape small{4, 64, 2, {1, 3}, 256};
    EXPECT_EQ(readVitShape(emptyTable(small)), small);
    EXPECT_EQ(recognitionError(emptyTable(small)).code, ErrorCode::weightsUnknown);
    EXPECT_NE(recognitionError(emptyTable(small)).message.find("4 blocks with 64 values and 2 heads on 256 pixels"),
              std::string::npos);
}

TEST(SamStructure, TensorMissingTooMuchOrOfAnotherShape_IsNamed)
{
    const auto& shape = *samShape("vit_b");
    auto missing = emptyTable(shape);
    std::erase_if(missing, [](const auto& one) { return one.name == "mask_decoder.iou_token.weight"; });
    EXPECT_EQ(recognitionError(missing).where, "mask_decoder.iou_token.weight");
    EXPECT_EQ(recognitionError(missing).code, ErrorCode::weightsUnknown);

    auto extra = emptyTable(shape);
    extra.push_back({"mask_decoder.hf_token.weight", ElementType::f32, {1, 256}, {}});
    EXPECT_EQ(recognitionError(extra).where, "mask_decoder.hf_token.weight");

    auto bent = emptyTable(shape);
    entry(bent, "image_encoder.blocks.3.mlp.lin1.weight").shape = {768, 3072};
    EXPECT_EQ(recognitionError(bent).where, "image_encoder.blocks.3.mlp.lin1.weight");
    EXPECT_NE(recognitionError(bent).message.find("768 x 3072"), std::string::npos);

    auto wide = emptyTable(shape);
    entry(wide, "prompt_encoder.no_mask_embed.weight").type = ElementType::i64;
    EXPECT_EQ(recognitionError(wide).where, "prompt_encoder.no_mask_embed.weight");
}

TEST(SamStructure, EncodersThatCannotBe_AreRefused)
{
    const auto& shape = *samShape("vit_b");
    EXPECT_EQ(recognitionError({}).code, ErrorCode::weightsUnknown);
    for (const std::vector<std::int64_t>& position : std::vector<std::vector<std::int64_t>>{
             {1, 64, 63, 768}, {1, 64, 64}, {1, 0, 0, 768}, {1, 1LL << 40, 1LL << 40, 8}}) {
        auto table = emptyTable(shape);
        entry(table, "image_encoder.pos_embed").shape = position;
        EXPECT_EQ(recognitionError(table).where, "image_encoder.pos_embed");
    }
    auto heads = emptyTable(shape);
    entry(heads, "image_encoder.blocks.0.attn.rel_pos_h").shape = {27, 0};
    EXPECT_EQ(recognitionError(heads).where, "image_encoder.blocks.0.attn.rel_pos_h");
    entry(heads, "image_encoder.blocks.0.attn.rel_pos_h").shape = {27};
    EXPECT_EQ(recognitionError(heads).where, "image_encoder.blocks.0.attn.rel_pos_h");
}

TEST(SamStructure, ValuesThatAreNoNumbers_AreCorrupt)
{
    for (const float broken : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        const std::vector<float> values{0.0F, -0.0F, std::numeric_limits<float>::max(), broken};
        const auto bytes = std::as_bytes(std::span(values));
        EXPECT_TRUE(checkFinite({{"sound", ElementType::f32, {3}, bytes.first(12)}}));
        const auto checked = checkFinite({{"layer.weight", ElementType::f32, {4}, bytes}});
        ASSERT_FALSE(checked);
        EXPECT_EQ(checked.error().code, ErrorCode::weightsCorrupt);
        EXPECT_EQ(checked.error().where, "layer.weight");
    }
}

TEST(SamCheckpoint, WriterOnCuda_IsReadOnlyWhereAllowed)
{
    const auto written = [](const std::string& place) {
        TensorBend bend;
        bend.place = place;
        return asBytes(makeCheckpoint(bend));
    };
    EXPECT_TRUE(readCheckpoint(written("cuda:0"), WriterDevice::cpuOrCuda));
    EXPECT_TRUE(readCheckpoint(written("cpu"), WriterDevice::cpuOrCuda));
    EXPECT_FALSE(readCheckpoint(written("cuda:0")));
    for (const char* place : {"cuda:", "cuda:x", "cuda:10", "meta", ""}) {
        EXPECT_FALSE(readCheckpoint(written(place), WriterDevice::cpuOrCuda)) << place;
    }
}

TEST(SamCheckpoint, OtherFilesAndFamilies_AreRefusedAndNothingIsWritten)
{
    const TemporaryFolder folder;
    const auto write = [&](const std::string& name, const std::string& content) {
        std::ofstream(folder / name, std::ios::binary) << content;
        return folder / name;
    };
    const auto foreign = write("foreign.pth", makeCheckpoint());
    const auto old = write("old.pth", "\x80\x02\x8a\x0a");
    const auto noise = write("noise.bin", "neither a zip archive nor safetensors");
    for (const char* family : {"sam", "medsam"}) {
        EXPECT_EQ(importModel(foreign, family, folder / "weights").error().code, ErrorCode::weightsUnknown);
        EXPECT_EQ(importModel(noise, family, folder / "weights").error().code, ErrorCode::limitExceeded);
        EXPECT_EQ(importModel(old, family, folder / "weights").error().code, ErrorCode::unknownFormat);
        EXPECT_EQ(importModel(folder / "none", family, folder / "weights").error().code, ErrorCode::notFound);
    }
    EXPECT_EQ(importModel(foreign, "", folder / "weights").error().code, ErrorCode::weightsUnknown);
    EXPECT_FALSE(std::filesystem::exists(folder / "weights"));
    const auto missing = loadWeights({folder / "weights"}, *findModel("medsam-vit-b"));
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::weightsMissing);
    EXPECT_NE(missing.error().hint.find("--family medsam"), std::string::npos);
}

TEST(SamCheckpoint, MedSam_HasNoLargeVariant)
{
    EXPECT_EQ(findModel("medsam", "vit_b")->file, "medsam_vit_b.safetensors");
    EXPECT_EQ(findModel("medsam", "vit_l"), nullptr);
    EXPECT_EQ(findModel("sam-vit-x"), nullptr);
}
