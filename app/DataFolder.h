#pragma once

#include "core/base/Result.h"
#include "inference/Engine.h"

#include <filesystem>
#include <vector>

namespace icmoe::app {

/// Where this user's annotations, weights, caches and log are. A value.
class DataFolder {
public:
    /// `chosen`: --data-dir; empty: $XDG_DATA_HOME/icmoe, else ~/.local/share/icmoe. A folder that is missing is made
    /// with mode 0700, the default one is kept at it. writeFailed, permissionDenied.
    [[nodiscard]] static Result<DataFolder> open(const std::filesystem::path& chosen);

    [[nodiscard]] const std::filesystem::path& root() const { return m_root; }
    [[nodiscard]] std::filesystem::path database() const { return m_root / "annotations.sqlite"; }
    [[nodiscard]] std::filesystem::path weights() const { return m_root / "weights"; }
    [[nodiscard]] std::filesystem::path embeddings() const { return m_root / "cache" / "embeddings"; }
    [[nodiscard]] std::filesystem::path log() const { return m_root / "log"; }
    [[nodiscard]] std::filesystem::path packs() const { return m_root / "packs"; }
    /// Weights, expert packs and caches of this folder, then weights and packs beside the program.
    [[nodiscard]] EngineOptions engineOptions(int threads) const;

private:
    explicit DataFolder(std::filesystem::path root)
        : m_root(std::move(root))
    {
    }
    std::filesystem::path m_root;
};

/// The folder of the running program.
[[nodiscard]] std::filesystem::path programFolder();
/// Read-only defaults: beside the program, then where an installed program keeps them.
[[nodiscard]] std::vector<std::filesystem::path> defaultFolders(const char* name);

} // namespace icmoe::app
