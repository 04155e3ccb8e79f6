#pragma once

#include "app/cli/Command.h"
#include "core/engine/Prompt.h"

#include <string>
#include <vector>

namespace icmoe::app {

/// The prompts of a command line, as they were written.
struct PromptOptions {
    std::vector<std::string> boxes;     ///< "x0,y0,x1,y1"
    std::vector<std::string> points;    ///< "x,y[,+|-]"
    std::vector<std::string> scribbles; ///< "FILE.png[,+|-]"
    std::vector<std::string> lassos;    ///< "x,y x,y …"
    std::filesystem::path mask;

    [[nodiscard]] bool empty() const
    {
        return boxes.empty() && points.empty() && scribbles.empty() && lassos.empty() && mask.empty();
    }
};

/// Adds --box, --point, --scribble, --lasso, --mask; what cannot be read is wrong usage.
void addPromptOptions(CLI::App& command, PromptOptions& options);

/// Reads the text of one shape (slice pixels). invalidArgument with what was expected.
[[nodiscard]] Result<BoxPrompt> parseBox(const std::string& text);
[[nodiscard]] Result<PointPrompt> parsePoint(const std::string& text);
[[nodiscard]] Result<LassoPrompt> parseLasso(const std::string& text);

/// A scribble picture: values above 0 are the stroke, one prompt for each connected piece, walked along.
/// geometryMismatch where it has another size than the slice; emptyInput where it is empty; limitExceeded where it is a
/// region and no stroke; errors of reading.
[[nodiscard]] Result<std::vector<ScribblePrompt>> readScribble(const std::filesystem::path& file, bool inside,
                                                               int width, int height);

/// Everything but the mask, on one slice.
[[nodiscard]] Result<std::vector<Prompt>> makePrompts(const PromptOptions& options, Plane plane, int slice, int width,
                                                      int height);

} // namespace icmoe::app
