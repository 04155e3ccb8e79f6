#pragma once

#include "app/cli/AnnotationSession.h"
#include "app/cli/EngineSession.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace icmoe::app {

/// Performs the actions of `icmoe annotate`: one JSON object an action, `{"action": id, …arguments}`. An action that
/// changes annotations is in the database when perform() returns. Slice indices start at 0, points are slice pixels [x,
/// y].
///
/// file.open path [series] · label.add name · label.rename label name · label.lock label locked · label.select label ·
/// prompt.box slice plane box [x0, y0, x1, y1] · prompt.point slice plane point inside · prompt.scribble slice plane
/// path inside · prompt.lasso slice plane polygon · prompt.label slice plane [name] · prompt.clear · proposal.next ·
/// proposal.accept [mode] [candidate] · proposal.discard · mask.paint and mask.erase slice plane path radius_mm ·
/// edit.undo · edit.redo · file.import path · file.export path [format] [force] · document.state. Short forms: open,
/// accept, discard, paint, erase, undo, redo, import, export.
///
/// As in the window the active label's name is a prompt too; `label_name` false leaves it out.
class AnnotationScript {
public:
    AnnotationScript(const CommandContext& context, std::filesystem::path database, EngineChoice engine);

    /// What the action answers besides "ok". invalidArgument: unknown action, missing or wrong arguments; errors of the
    /// action itself.
    [[nodiscard]] Result<nlohmann::json> perform(const nlohmann::json& request);

private:
    using json = nlohmann::json;
    using Action = Result<json> (AnnotationScript::*)(const json&);
    struct Entry {
        const char* id;
        const char* shortId;
        Action action;
        bool needsSeries;
    };
    static const Entry kActions[];

    Result<json> open(const json& request);
    Result<json> addLabel(const json& request);
    Result<json> renameLabel(const json& request);
    Result<json> lockLabel(const json& request);
    Result<json> selectLabel(const json& request);
    Result<json> box(const json& request);
    Result<json> point(const json& request);
    Result<json> scribble(const json& request);
    Result<json> lasso(const json& request);
    Result<json> label(const json& request);
    Result<json> clearPrompts(const json& request);
    Result<json> nextCandidate(const json& request);
    Result<json> accept(const json& request);
    Result<json> paint(const json& request);
    Result<json> erase(const json& request);
    Result<json> undo(const json& request);
    Result<json> redo(const json& request);
    Result<json> import(const json& request);
    Result<json> exportTo(const json& request);
    Result<json> state(const json& request);

    Result<json> ask(const json& request, decltype(Prompt::shape) shape);
    Result<json> stroke(const json& request, bool erase);
    Result<json> changed(const Result<std::optional<RevisionId>>& revision);
    [[nodiscard]] SlicePlane planeOf(const json& request) const;
    [[nodiscard]] json proposalAsJson() const;
    [[nodiscard]] json labelAsJson(LabelId label) const;
    [[nodiscard]] const std::string& activeName() const;
    void addLabelName(const json& request, std::vector<Prompt>& prompts) const;
    Result<LabelId> activeLabel();

    const CommandContext& m_context;
    const std::filesystem::path m_database;
    const EngineChoice m_choice;
    std::optional<AnnotationSession> m_session;
    std::unique_ptr<EngineSession> m_engine; ///< loaded with the first prompt
    LabelId m_label = 0;                     ///< 0: none chosen
    std::vector<Prompt> m_prompts;
    std::optional<Proposal> m_proposal;
    std::size_t m_candidate = 0;
};

} // namespace icmoe::app
