#pragma once

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace icmoe::test {

/// Where tests look for the weights: $ICMOE_WEIGHTS, then third_party/weights, where the installer puts them.
inline std::vector<std::filesystem::path> weightFolders()
{
    std::vector<std::filesystem::path> folders;
    if (const char* folder = std::getenv("ICMOE_WEIGHTS")) {
        folders.emplace_back(folder);
    }
    folders.push_back(std::filesystem::path(ICMOE_SOURCE_DIR) / "third_party/weights");
    return folders;
}

inline bool hasWeights()
{
    for (const auto& folder : weightFolders()) {
        if (std::filesystem::exists(folder / "lite_medsam.safetensors")) {
            return true;
        }
    }
    return false;
}

} // namespace icmoe::test

/// First line of a test that needs the weights; in CI a skip is a failure.
#define ICMOE_NEEDS_WEIGHTS()                                                                                          \
    if (!icmoe::test::hasWeights()) {                                                                                  \
        GTEST_SKIP() << "lite_medsam.safetensors is not in third_party/weights: run installer/setup";                  \
    }                                                                                                                  \
    static_assert(true)
