#pragma once

#include "inference/training/VoteSessions.h"

#include <map>
#include <string>
#include <vector>

namespace icmoe::training {

struct ScoreOptions {
    int steps = 2000;
    std::uint64_t seed = 1;
    std::string name; ///< of the draws
};

/// A ScoreNetwork that tells the Dice of masks by their features, from lists of masks that compete: of each list the
/// features [M, F] and the Dice [M].
[[nodiscard]] NamedTensors fitScores(const std::vector<at::Tensor>& features, const std::vector<at::Tensor>& dice,
                                     const ScoreOptions& options);

/// Which lists a judge must not have learned from when it scores a ballot for the vote's training: those of the same
/// picture, and where the experts do not know its data set, all of the set, as it will be with pictures of a new
/// domain. So the vote meets scores that are as good as they will be.
class JudgeFolds {
public:
    static constexpr std::size_t kOfPictures = 4;
    static constexpr std::size_t kOfSets = 6;
    static constexpr std::size_t kCount = kOfPictures + kOfSets;

    explicit JudgeFolds(const std::vector<JudgedVoices>& lists);
    [[nodiscard]] std::size_t of(const KeptBallot& kept) const;
    [[nodiscard]] bool isIn(std::size_t fold, const JudgedVoices& list) const;

private:
    [[nodiscard]] std::size_t ofSet(const std::string& set) const;
    std::map<std::string, std::size_t> m_ofSet;
};

/// The judge that a pack holds, from all lists.
[[nodiscard]] NamedTensors fitJudge(const std::vector<JudgedVoices>& lists, const ScoreOptions& options);
/// Gives every ballot the scores of a judge that has learned without its fold; leaves them where nothing else is left
/// to learn from.
void scoreUnseen(const std::vector<JudgedVoices>& lists, const ScoreOptions& options, std::vector<KeptBallot>& ballots);
/// Scores of one judge.
void score(const NamedTensors& judge, std::vector<KeptBallot>& ballots);

} // namespace icmoe::training
