#pragma once

#include "inference/weights/SamStructure.h"

#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string_view>
#include <vector>

namespace icmoe::test {

/// Made-up weights that are the same in every language: each value is a function of its tensor's name and its place
/// (weight() of tests/data/sam/make_reference.py, bit for bit).
inline std::vector<float> namedWeight(std::string_view name, const std::vector<std::int64_t>& shape)
{
    std::uint64_t key = 0xcbf29ce484222325ULL; // FNV-1a
    for (const char c : name) {
        key = (key ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
    }
    const auto product = [](auto first, auto last) {
        return std::accumulate(first, last, std::int64_t{1}, std::multiplies<>());
    };
    double middle = 0;
    double scale = 0.05;
    if (shape.size() == 1 && name.ends_with("weight")) {
        middle = 1;
        scale = 0.1;
    } else if (name.ends_with("pos_embed")) {
        scale = 0.5;
    } else if (name.ends_with("gaussian_matrix")) {
        scale = 1.5;
    } else if (shape.size() > 1) {
        const bool isTransposed = name.find("output_upscaling") != std::string_view::npos;
        const auto fanIn = isTransposed ? shape[0] : product(shape.begin() + 1, shape.end());
        scale = std::sqrt(3.0 / static_cast<double>(fanIn));
    }
    std::vector<float> values(static_cast<std::size_t>(product(shape.begin(), shape.end())));
    std::uint64_t counter = key;
    for (float& value : values) {
        counter += 0x9e3779b97f4a7c15ULL; // SplitMix64
        std::uint64_t z = counter;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        z ^= z >> 31;
        const float unit = static_cast<float>(z >> 40) * 0x1p-23F - 1.0F;
        const float part = static_cast<float>(scale) * unit; // rounded before it is added
        value = static_cast<float>(middle) + part;
    }
    return values;
}

/// Tensors of those weights in memory, as a file's would be.
class NamedTensors {
public:
    void add(const weights::ExpectedTensor& tensor)
    {
        m_values.push_back(namedWeight(tensor.name, tensor.shape));
        m_table.push_back(
            {tensor.name, weights::ElementType::f32, tensor.shape, std::as_bytes(std::span(m_values.back()))});
    }
    /// Everything in a checkpoint with that image encoder.
    static NamedTensors of(const weights::VitShape& shape)
    {
        NamedTensors tensors;
        for (const auto& tensor : weights::expectedSamTensors(shape)) {
            tensors.add(tensor);
        }
        return tensors;
    }
    [[nodiscard]] const weights::TensorTable& table() const { return m_table; }

private:
    std::vector<std::vector<float>> m_values; // moving a vector leaves its values where they are
    weights::TensorTable m_table;
};

} // namespace icmoe::test
