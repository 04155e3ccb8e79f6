#pragma once

#include "inference/training/VoteTraining.h"

#include <string>
#include <vector>

namespace icmoe::training {

/// What the voices said at one moment of a session, with its truth, kept small.
struct KeptBallot {
    Ballot ballot; ///< logits, maps and embedding in fp16
    NetworkGrid grid;
    at::Tensor truth;    ///< fp16 [256, 256], area under the object
    at::Tensor features; ///< [V, kVoiceFeatures]
    at::Tensor dice;     ///< [V] of each voice on the slice's own grid
    std::string picture;
    std::string set;
    bool isOfKnownSet = false; ///< VotePool::isOfKnownSets
    const TrainingObject* object = nullptr;
    std::vector<std::string> names;
};

/// Masks that competed: what the judge learns from where no ballot is kept.
struct JudgedVoices {
    at::Tensor features; ///< [V, kVoiceFeatures]
    at::Tensor dice;     ///< [V]
    std::string picture;
    std::string set;
};

/// One ballot after the opening and one after the last click; of the clicks between them what the judge sees.
struct Session {
    std::vector<KeptBallot> ballots;
    std::vector<JudgedVoices> between;
};

/// The ballot in fp32.
[[nodiscard]] Ballot unpacked(const KeptBallot& kept);

/// Simulated sessions of one pool: an opening prompt, then clicks where one of the voices was wrong, half of the times
/// the best one, which is nearest to what a vote would say. The same number is the same session. In a folder, those
/// that were played are kept (mode 0600), so that a stopped run goes on and several processes can share the work.
class VoteSessions {
public:
    /// Everything outlives it. `folder`: made where it is missing; empty: nothing is kept.
    VoteSessions(const VotePool& pool, ViewLibrary& library, const VoteOptions& options, std::filesystem::path folder);

    /// Errors of the library and of the disk.
    [[nodiscard]] Result<Session> play(int number);
    [[nodiscard]] bool isKept(int number) const;

private:
    struct Start {
        TrainingCase one;
        Random random{0};
    };
    [[nodiscard]] Start startOf(int number) const;
    [[nodiscard]] std::filesystem::path fileOf(int number) const;
    [[nodiscard]] Result<Session> played(Start start) const;
    [[nodiscard]] Result<KeptBallot> begun(const TrainingCase& one) const;
    [[nodiscard]] JudgedVoices judgedVoices(const Hearing& hearing, const PictureContext& picture, const Ballot& ballot,
                                            const TrainingCase& one) const;
    Status keep(int number, const Session& session) const;
    [[nodiscard]] Result<Session> recalled(int number) const;
    [[nodiscard]] Result<KeptBallot> recalledBallot(const TensorFile& file, int number, const std::string& prefix,
                                                    const TrainingCase& one) const;
    [[nodiscard]] std::string key() const;

    const VotePool& m_pool;
    ViewLibrary& m_library;
    const VoteOptions& m_options;
    const CaseSampler m_sampler;
    const std::filesystem::path m_folder;
};

} // namespace icmoe::training
