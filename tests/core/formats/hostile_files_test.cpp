// The fuzz target's corpus as an ordinary test, with a bounded number of fixed mutations.

#include "FormatFiles.h"
#include "tests/support/TestSupport.h"

#include "../../fuzz/grid_files_target.h"

#include <gtest/gtest.h>
#include <random>

namespace icmoe {
namespace {

TEST(HostileFiles, CorpusAndItsMutations_AreReadOrRefused)
{
    std::mt19937 random(20261122);
    const auto below = [&random](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
    int files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(ICMOE_SOURCE_DIR) + "/tests/fuzz/corpus/grid_files")) {
        const auto bytes = test::readBytes(entry.path());
        const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
        const std::vector<std::uint8_t> seed(first, first + bytes.size());
        test::readHostileGridFile(seed);
        ++files;
        for (int n = 0; n < 300; ++n) {
            auto mutant = seed;
            for (std::size_t change = 0; change <= below(4); ++change) {
                mutant[below(mutant.size())] = static_cast<std::uint8_t>(random());
            }
            if (n % 5 == 0) {
                mutant.resize(below(mutant.size()));
            }
            test::readHostileGridFile(mutant);
        }
    }
    EXPECT_GE(files, 10);
}

} // namespace
} // namespace icmoe
