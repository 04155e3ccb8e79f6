#include "inference/weights/SamStructure.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace icmoe::weights {
namespace {

constexpr int kEmbedding = 256; // values a token of prompts and decoder
constexpr int kMlpRatio = 4;
const std::string kEncoder = "image_encoder.";

struct NamedShape {
    std::string_view name;
    VitShape shape;
};

const std::vector<NamedShape>& publishedShapes()
{
    static const std::vector<NamedShape> shapes = {{"vit_b", {12, 768, 12, {2, 5, 8, 11}}},
                                                   {"vit_l", {24, 1024, 16, {5, 11, 17, 23}}},
                                                   {"vit_h", {32, 1280, 16, {7, 15, 23, 31}}}};
    return shapes;
}

tl::unexpected<Error> unknown(std::string what, std::string where = {})
{
    return fail(ErrorCode::weightsUnknown, "this is no checkpoint of Segment Anything: " + std::move(what),
                std::move(where), "Give a published checkpoint of SAM (ViT-B, L or H) or MedSAM (ViT-B)");
}

std::string text(const std::vector<std::int64_t>& shape)
{
    std::string all;
    for (const auto side : shape) {
        all += (all.empty() ? "" : " x ") + std::to_string(side);
    }
    return all.empty() ? "a scalar" : all;
}

/// Collects names and shapes of modules under their prefixes.
class Expectation {
public:
    void add(const std::string& name, std::vector<std::int64_t> shape) { m_list.push_back({name, std::move(shape)}); }
    /// A module with weight and bias.
    void module(const std::string& prefix, std::vector<std::int64_t> weight, std::int64_t bias)
    {
        add(prefix + ".weight", std::move(weight));
        add(prefix + ".bias", {bias});
    }
    void linear(const std::string& prefix, std::int64_t in, std::int64_t out) { module(prefix, {out, in}, out); }
    void norm(const std::string& prefix, std::int64_t width) { module(prefix, {width}, width); }
    std::vector<ExpectedTensor> take() { return std::move(m_list); }

private:
    std::vector<ExpectedTensor> m_list;
};

void addImageEncoder(Expectation& list, const VitShape& shape)
{
    const std::int64_t width = shape.width;
    const std::int64_t grid = shape.grid();
    list.add(kEncoder + "pos_embed", {1, grid, grid, width});
    list.module(kEncoder + "patch_embed.proj", {width, 3, VitShape::kPatch, VitShape::kPatch}, width);
    for (int n = 0; n < shape.depth; ++n) {
        const auto block = kEncoder + "blocks." + std::to_string(n) + ".";
        const std::int64_t distances = 2 * (shape.isGlobal(n) ? grid : shape.window) - 1;
        list.norm(block + "norm1", width);
        list.add(block + "attn.rel_pos_h", {distances, width / shape.heads});
        list.add(block + "attn.rel_pos_w", {distances, width / shape.heads});
        list.linear(block + "attn.qkv", width, 3 * width);
        list.linear(block + "attn.proj", width, width);
        list.norm(block + "norm2", width);
        list.linear(block + "mlp.lin1", width, kMlpRatio * width);
        list.linear(block + "mlp.lin2", kMlpRatio * width, width);
    }
    list.add(kEncoder + "neck.0.weight", {kEmbedding, width, 1, 1});
    list.norm(kEncoder + "neck.1", kEmbedding);
    list.add(kEncoder + "neck.2.weight", {kEmbedding, kEmbedding, 3, 3});
    list.norm(kEncoder + "neck.3", kEmbedding);
}

void addPromptEncoder(Expectation& list)
{
    const std::string root = "prompt_encoder.";
    list.add(root + "pe_layer.positional_encoding_gaussian_matrix", {2, kEmbedding / 2});
    for (int n = 0; n < 4; ++n) {
        list.add(root + "point_embeddings." + std::to_string(n) + ".weight", {1, kEmbedding});
    }
    list.add(root + "not_a_point_embed.weight", {1, kEmbedding});
    list.add(root + "no_mask_embed.weight", {1, kEmbedding});
    list.module(root + "mask_downscaling.0", {4, 1, 2, 2}, 4);
    list.norm(root + "mask_downscaling.1", 4);
    list.module(root + "mask_downscaling.3", {16, 4, 2, 2}, 16);
    list.norm(root + "mask_downscaling.4", 16);
    list.module(root + "mask_downscaling.6", {kEmbedding, 16, 1, 1}, kEmbedding);
}

void addAttention(Expectation& list, const std::string& prefix, std::int64_t inner)
{
    for (const char* part : {".q_proj", ".k_proj", ".v_proj"}) {
        list.linear(prefix + part, kEmbedding, inner);
    }
    list.linear(prefix + ".out_proj", inner, kEmbedding);
}

void addPerceptron(Expectation& list, const std::string& prefix, std::int64_t out)
{
    list.linear(prefix + ".layers.0", kEmbedding, kEmbedding);
    list.linear(prefix + ".layers.1", kEmbedding, kEmbedding);
    list.linear(prefix + ".layers.2", kEmbedding, out);
}

void addMaskDecoder(Expectation& list)
{
    const std::string root = "mask_decoder.";
    const std::string transformer = root + "transformer.";
    for (int n = 0; n < 2; ++n) {
        const auto layer = transformer + "layers." + std::to_string(n) + ".";
        addAttention(list, layer + "self_attn", kEmbedding);
        addAttention(list, layer + "cross_attn_token_to_image", kEmbedding / 2);
        addAttention(list, layer + "cross_attn_image_to_token", kEmbedding / 2);
        for (int k = 1; k <= 4; ++k) {
            list.norm(layer + "norm" + std::to_string(k), kEmbedding);
        }
        list.linear(layer + "mlp.lin1", kEmbedding, 2048);
        list.linear(layer + "mlp.lin2", 2048, kEmbedding);
    }
    addAttention(list, transformer + "final_attn_token_to_image", kEmbedding / 2);
    list.norm(transformer + "norm_final_attn", kEmbedding);
    list.add(root + "iou_token.weight", {1, kEmbedding});
    list.add(root + "mask_tokens.weight", {4, kEmbedding});
    list.module(root + "output_upscaling.0", {kEmbedding, 64, 2, 2}, 64);
    list.norm(root + "output_upscaling.1", 64);
    list.module(root + "output_upscaling.3", {64, 32, 2, 2}, 32);
    for (int n = 0; n < 4; ++n) {
        addPerceptron(list, root + "output_hypernetworks_mlps." + std::to_string(n), 32);
    }
    addPerceptron(list, root + "iou_prediction_head", 4);
}

using ByName = std::map<std::string_view, const TensorEntry*>;

ByName byName(const TensorTable& tensors)
{
    ByName named;
    for (const auto& tensor : tensors) {
        named.emplace(tensor.name, &tensor);
    }
    return named;
}

/// The shape of a tensor, empty where it is missing or has another number of sides.
std::vector<std::int64_t> shapeOf(const ByName& named, const std::string& name, std::size_t sides)
{
    const auto found = named.find(name);
    return found != named.end() && found->second->shape.size() == sides ? found->second->shape
                                                                        : std::vector<std::int64_t>{};
}

Status compare(const TensorTable& tensors, const VitShape& shape)
{
    auto named = byName(tensors);
    for (const auto& expected : expectedSamTensors(shape)) {
        const auto found = named.find(expected.name);
        if (found == named.end()) {
            return unknown("a tensor is missing", expected.name);
        }
        if (found->second->type != ElementType::f32 || found->second->shape != expected.shape) {
            return unknown("a tensor is " + text(found->second->shape) + " where float32 of " + text(expected.shape) +
                               " was expected",
                           expected.name);
        }
        named.erase(found);
    }
    if (!named.empty()) {
        return unknown("it has a tensor that does not belong there", std::string(named.begin()->first));
    }
    return {};
}

} // namespace

bool VitShape::isGlobal(int block) const
{
    return std::binary_search(globalBlocks.begin(), globalBlocks.end(), block);
}

const VitShape* samShape(std::string_view variant)
{
    const auto& shapes = publishedShapes();
    const auto found = std::find_if(shapes.begin(), shapes.end(), [&](const auto& one) { return one.name == variant; });
    return found != shapes.end() ? &found->shape : nullptr;
}

Result<VitShape> readVitShape(const TensorTable& tensors)
{
    constexpr std::int64_t kMost = 1 << 16; // beyond any encoder, and safe to compute with
    const auto named = byName(tensors);
    const auto position = shapeOf(named, kEncoder + "pos_embed", 4);
    if (position.empty() || position[0] != 1 || position[1] != position[2] || position[1] < 1 || position[1] > kMost ||
        position[3] < 1 || position[3] > kMost) {
        return unknown("it has no square table of positions", kEncoder + "pos_embed");
    }
    VitShape shape;
    shape.side = static_cast<int>(position[1]) * VitShape::kPatch;
    shape.width = static_cast<int>(position[3]);
    std::int64_t headWidth = 0;
    for (;; ++shape.depth) {
        const auto name = kEncoder + "blocks." + std::to_string(shape.depth) + ".attn.rel_pos_h";
        const auto distances = shapeOf(named, name, 2);
        if (distances.empty()) {
            break;
        }
        headWidth = shape.depth == 0 ? distances[1] : headWidth;
        if (headWidth < 1 || distances[1] != headWidth || shape.width % headWidth != 0) {
            return unknown("the heads of its blocks do not fit its width", name);
        }
        if (distances[0] != 2 * shape.window - 1) {
            shape.globalBlocks.push_back(shape.depth);
        }
    }
    if (shape.depth == 0) {
        return unknown("it has no blocks with relative positions", kEncoder + "blocks.0.attn.rel_pos_h");
    }
    shape.heads = static_cast<int>(shape.width / headWidth);
    return shape;
}

std::vector<ExpectedTensor> expectedSamTensors(const VitShape& shape)
{
    Expectation list;
    addImageEncoder(list, shape);
    addPromptEncoder(list);
    addMaskDecoder(list);
    return list.take();
}

Result<std::string_view> recogniseSam(const TensorTable& tensors)
{
    const auto shape = readVitShape(tensors);
    if (!shape) {
        return fail(shape.error());
    }
    for (const auto& published : publishedShapes()) {
        if (published.shape == *shape) {
            if (auto same = compare(tensors, *shape); !same) {
                return fail(same.error());
            }
            return published.name;
        }
    }
    return unknown("an encoder of " + std::to_string(shape->depth) + " blocks with " + std::to_string(shape->width) +
                   " values and " + std::to_string(shape->heads) + " heads on " + std::to_string(shape->side) +
                   " pixels is none of ViT-B, L and H");
}

Status checkFinite(const TensorTable& tensors)
{
    constexpr std::uint32_t kExponent = 0x7f800000; // all ones: infinite or no number
    for (const auto& tensor : tensors) {
        if (tensor.type != ElementType::f32) {
            continue;
        }
        std::uint32_t broken = 0;
        for (std::size_t n = 0; n + 4 <= tensor.bytes.size(); n += 4) {
            std::uint32_t bits = 0;
            std::memcpy(&bits, tensor.bytes.data() + n, 4);
            broken |= (bits & kExponent) == kExponent ? 1U : 0U;
        }
        if (broken != 0) {
            return fail(ErrorCode::weightsCorrupt, "the weights hold a value that is no finite number", tensor.name,
                        "Fetch the file again");
        }
    }
    return {};
}

} // namespace icmoe::weights
