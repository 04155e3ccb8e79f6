#pragma once

#include "core/base/Result.h"
#include "core/engine/Vote.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace icmoe {

/// Where networks compute: the first GPU where there is one, else the processor; or what was asked for.
enum class ComputeDevice { automatic, processor, cuda };

/// What IC-MoE's experts are trained from and how (engine.md 2.6).
struct TrainOptions {
    std::string model = "litemedsam";        ///< that the experts build on: a name of weights/ModelCatalogue.h
    std::vector<std::filesystem::path> data; ///< sets: folders with images and labels, or folders of such; may be empty
    std::vector<std::string> leftOut;        ///< sets by name that take no part in anything
    int variants = 2;                        ///< of each picture: as it is, and augmented
    int synthetic = 300;                     ///< scenes of drawn objects
    std::set<std::string> withoutScenes;     ///< ablation: kinds of difficulty that scenes lack (SyntheticScenes.h)
    std::map<std::string, std::string>
        classNames;                           ///< "mr_heart:1" to "Left ventricle"; the class itself where not named
    std::map<std::string, double> setWeights; ///< how often a set is drawn; 1 where it is not named
    std::filesystem::path work;               ///< features and states, so that a killed run goes on
    std::filesystem::path out;                ///< the pack; empty: only what `work` holds
    std::vector<std::string> phases;          ///< empty: all that make a pack, in their order
    std::map<std::string, int> steps;         ///< by phase
    double voteShare = 0.2;         ///< of the pictures: no expert sees them, the selector and the vote learn on them
    double contrast = 0.1;          ///< λ of the contrastive loss (phase semantic); 0 leaves it out
    double loadBalance = 0.01;      ///< λ of the adaptive experts' balance
    double labelConsistency = 0.1;  ///< λ of the vote's consistency with the labels
    double guard = 1;               ///< λ of what the vote makes worse than the base alone
    bool judge = true;              ///< ablation: all voices are scored for the vote
    bool lowRankOnly = false;       ///< ablation: basic experts of low-rank updates and tokens alone
    std::vector<VoterKind> without; ///< ablation: kinds that the vote is not taught to hear
    int batch = 8;
    double restyle = 0.1; ///< gain and offset of every channel of the cached features while experts learn; 0: none
    /// Packs of trainings that left data sets out: the vote also learns on those sets, with these experts.
    std::vector<std::filesystem::path> folds;
    std::filesystem::path from; ///< a pack whose experts new phases begin as; empty: from scratch
    std::uint64_t seed = 1;
    ComputeDevice device = ComputeDevice::automatic;
    int threads = 0;
    int worker = 0;  ///< of several processes that train the experts together; on one machine they may share `work`
    int workers = 1; ///< the first of them also does what follows the experts
    std::string meetingHost = "127.0.0.1"; ///< of the first one
    std::uint16_t meetingPort = 0;
    bool bf16 = false; ///< products in bfloat16, where the device has it; sums and parameters stay in fp32
    std::size_t cacheBytes = std::size_t{20} << 30;
    std::size_t memoryBytes = std::size_t{6} << 30;
    std::vector<std::filesystem::path> weightFolders; ///< as EngineOptions
};

struct TrainProgress {
    std::string phase; ///< "projections", "features", "basic", …
    int done = 0;
    int total = 0;
    std::string text; ///< figures of the step
};

struct TrainReport {
    std::filesystem::path pack; ///< empty where none was asked for
    std::string baseSha256;     ///< of the base's tensors, the same before and after
    std::size_t views = 0;
    std::size_t classes = 0;
};

using TrainObserver = std::function<void(const TrainProgress&)>;
/// Runs on the calling thread until it is done or told to stop (cancelled; what was reached is kept in `work`).
/// weightsMissing; errors of the data, of the disk; internal where the base's weights changed (they never may).
using TrainExperts = Result<TrainReport> (*)(const TrainOptions&, const TrainObserver&, std::stop_token);

} // namespace icmoe
