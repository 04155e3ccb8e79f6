#pragma once

#include "core/engine/Prompt.h"
#include "inference/sam/BoxHypotheses.h"
#include "inference/sam/SamPreprocess.h"

#include <optional>
#include <string>
#include <vector>

namespace icmoe {

/// A click in pixels of the network's 1024 × 1024 picture.
struct SamPoint {
    Point2 at;
    bool isInside = true;
    bool operator==(const SamPoint&) const = default;
};

/// What the network is asked at once.
struct SamQuestion {
    std::vector<SamPoint> points;
    std::optional<NetworkBox> box; ///< in pixels of the 1024 × 1024 picture
    std::vector<float> mask;       ///< logits on the 256 × 256 grid; empty: none

    /// A single positive click, which can mean a part, a thing or the whole of it.
    [[nodiscard]] bool isOneClick() const;
};

/// What the prompts of one object become. Answers to several questions are united, those to guesses compete.
struct SamQuestions {
    std::vector<SamQuestion> parts;
    bool areGuesses = false;
    std::string notice; ///< for the annotator, empty where everything was used as meant
};

/// Reads checked prompts in canonical order. SAM was trained on clicks, boxes and its own earlier masks: it gets those,
/// strokes as clicks along them, lassos through their boxes. MedSAM was trained on boxes alone: everything becomes
/// boxes, as for LiteMedSAM. invalidArgument where nothing says what is inside.
[[nodiscard]] Result<SamQuestions> askSam(const std::vector<Prompt>& prompts, const SamGrid& grid);

} // namespace icmoe
