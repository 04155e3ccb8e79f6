#pragma once

#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace icmoe::test {

/// Recorded values beside ours.
struct Difference {
    double largest = 0;
    double relativeL2 = 0;
    double cosine = 1;
};

/// What a script recorded: reference.json names it, reference.bin holds its samples.
class RecordedReference {
public:
    /// `name`: a folder of tests/data.
    explicit RecordedReference(const std::string& name = "litemedsam")
    {
        const std::string folder = ICMOE_TEST_DATA "/" + name + "/";
        std::ifstream(folder + "reference.json") >> m_index;
        std::ifstream file(folder + "reference.bin", std::ios::binary);
        m_values.resize(m_index.at("values").get<std::size_t>());
        file.read(reinterpret_cast<char*>(m_values.data()),
                  static_cast<std::streamsize>(m_values.size() * sizeof(float)));
        EXPECT_TRUE(file.good());
    }
    const nlohmann::json& index() const { return m_index; }

    /// `tensor` has the recorded shape, in its order.
    Difference compare(const nlohmann::json& entry, const at::Tensor& tensor) const
    {
        const auto ours = tensor.to(at::kFloat).contiguous().flatten();
        const auto total = static_cast<std::uint64_t>(ours.numel());
        std::uint64_t expected = 1;
        for (const auto& side : entry.at("shape")) {
            expected *= side.get<std::uint64_t>();
        }
        EXPECT_EQ(total, expected);
        const auto samples = entry.at("samples").get<std::uint64_t>();
        const auto offset = entry.at("offset").get<std::size_t>();
        const float* values = ours.data_ptr<float>();
        Difference result;
        double squared = 0;
        double norm = 0;
        double ourNorm = 0;
        double product = 0;
        auto state = m_index.at("seed").get<std::uint64_t>();
        for (std::uint64_t n = 0; n < samples; ++n) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            const auto at = samples == total ? n : (state >> 33) % total;
            const double theirs = m_values.at(offset + n);
            const double mine = values[at];
            result.largest = std::max(result.largest, std::abs(mine - theirs));
            squared += (mine - theirs) * (mine - theirs);
            norm += theirs * theirs;
            ourNorm += mine * mine;
            product += mine * theirs;
        }
        result.relativeL2 = norm > 0 ? std::sqrt(squared / norm) : std::sqrt(squared);
        result.cosine = norm > 0 && ourNorm > 0 ? product / std::sqrt(norm * ourNorm) : 1;
        // the whole tensor, by its statistics
        const auto wide = ours.to(at::kDouble);
        const double l2 = wide.norm().item<double>();
        m_statistics = std::abs(l2 - entry.at("l2").get<double>()) / std::max(entry.at("l2").get<double>(), 1e-12);
        return result;
    }
    /// Relative difference of the whole tensor's L2 norm, of the last compare().
    double statistics() const { return m_statistics; }

private:
    nlohmann::json m_index;
    std::vector<float> m_values;
    mutable double m_statistics = 0;
};

/// [H, W, C] → [1, C, H, W], the order of the reference's pictures.
inline at::Tensor channelsFirst(const at::Tensor& picture)
{
    return picture.permute({2, 0, 1}).unsqueeze(0).contiguous();
}

} // namespace icmoe::test
