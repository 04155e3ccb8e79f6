#include "app/cli/AnnotationScript.h"

#include <algorithm>

namespace icmoe::app {

namespace {

using nlohmann::json;

/// nlohmann throws on wrong types; perform() translates.
Point2 pointFrom(const json& value)
{
    return {value.at(0).get<double>(), value.at(1).get<double>()};
}

std::vector<Point2> pathFrom(const json& value)
{
    std::vector<Point2> path;
    for (const json& point : value) {
        path.push_back(pointFrom(point));
    }
    return path;
}

/// For PNG files, which hold one slice.
std::optional<int> sliceOf(const json& request)
{
    return request.contains("slice") ? std::optional(request["slice"].get<int>()) : std::nullopt;
}

std::optional<CombineMode> modeFrom(const std::string& name)
{
    if (name == "replace") {
        return CombineMode::replace;
    }
    if (name == "add") {
        return CombineMode::add;
    }
    return name == "subtract" ? std::optional(CombineMode::subtract) : std::nullopt;
}

} // namespace

const AnnotationScript::Entry AnnotationScript::kActions[] = {
    {"file.open", "open", &AnnotationScript::open, false},
    {"label.add", "", &AnnotationScript::addLabel, true},
    {"label.rename", "", &AnnotationScript::renameLabel, true},
    {"label.lock", "", &AnnotationScript::lockLabel, true},
    {"label.select", "", &AnnotationScript::selectLabel, true},
    {"prompt.box", "", &AnnotationScript::box, true},
    {"prompt.point", "", &AnnotationScript::point, true},
    {"prompt.scribble", "", &AnnotationScript::scribble, true},
    {"prompt.lasso", "", &AnnotationScript::lasso, true},
    {"prompt.label", "", &AnnotationScript::label, true},
    {"prompt.clear", "", &AnnotationScript::clearPrompts, true},
    {"proposal.next", "", &AnnotationScript::nextCandidate, true},
    {"proposal.accept", "accept", &AnnotationScript::accept, true},
    {"proposal.discard", "discard", &AnnotationScript::clearPrompts, true},
    {"mask.paint", "paint", &AnnotationScript::paint, true},
    {"mask.erase", "erase", &AnnotationScript::erase, true},
    {"edit.undo", "undo", &AnnotationScript::undo, true},
    {"edit.redo", "redo", &AnnotationScript::redo, true},
    {"file.import", "import", &AnnotationScript::import, true},
    {"file.export", "export", &AnnotationScript::exportTo, true},
    {"document.state", "state", &AnnotationScript::state, true},
};

AnnotationScript::AnnotationScript(const CommandContext& context, std::filesystem::path database, EngineChoice engine)
    : m_context(context)
    , m_database(std::move(database))
    , m_choice(std::move(engine))
{
}

Result<json> AnnotationScript::perform(const json& request)
{
    if (!request.is_object() || !request.contains("action") || !request["action"].is_string()) {
        return fail(ErrorCode::invalidArgument, "expected a JSON object with an \"action\"", {},
                    "Write lines like {\"action\": \"file.open\", \"path\": \"…\"}");
    }
    const auto id = request["action"].get<std::string>();
    const auto entry = std::find_if(std::begin(kActions), std::end(kActions),
                                    [&](const Entry& e) { return id == e.id || id == e.shortId; });
    if (entry == std::end(kActions) || id.empty()) {
        return fail(ErrorCode::invalidArgument, "there is no action \"" + id + "\"", {}, "See icmoe annotate --help");
    }
    if (entry->needsSeries && !m_session) {
        return fail(ErrorCode::invalidArgument, "no series is open", {},
                    "Begin with {\"action\": \"file.open\", \"path\": \"…\"}");
    }
    try {
        return (this->*entry->action)(request);
    } catch (const json::exception& exception) {
        return fail(ErrorCode::invalidArgument, "the arguments of " + id + " are not as expected: " + exception.what());
    }
}

Result<json> AnnotationScript::open(const json& request)
{
    auto opened = openSeries(request.at("path").get<std::string>(), request.value("series", ""), m_context);
    if (!opened) {
        return fail(opened.error());
    }
    m_session.reset(); // two connections would lock each other out
    auto session = AnnotationSession::open(m_database, std::move(*opened));
    if (!session) {
        return fail(session.error());
    }
    m_session.emplace(std::move(*session));
    m_prompts.clear();
    m_proposal.reset();
    const auto& labels = m_session->segmentation().labels().labels();
    m_label = labels.empty() ? 0 : labels.front().id;
    return state(request);
}

Result<json> AnnotationScript::state(const json&)
{
    const Size3 size = m_session->opened().volume->size();
    json labels = json::array();
    for (const Label& label : m_session->segmentation().labels().labels()) {
        labels.push_back(labelAsJson(label.id));
    }
    return json{{"series", identityOf(m_session->opened()).seriesUid},
                {"size", {size.width, size.height, size.depth}},
                {"labels", std::move(labels)},
                {"prompts", m_prompts.size()},
                {"proposal", m_proposal.has_value()}};
}

json AnnotationScript::labelAsJson(LabelId id) const
{
    const Label* label = m_session->segmentation().labels().find(id);
    const Mask& mask = m_session->segmentation().mask(id);
    return {{"label", id},
            {"name", label != nullptr ? label->name : ""},
            {"locked", label != nullptr && label->locked},
            {"voxels", mask.voxelCount()},
            {"ml", mask.millilitres(m_session->opened().volume->geometry())}};
}

Result<json> AnnotationScript::addLabel(const json& request)
{
    LabelSet labels = m_session->segmentation().labels();
    const auto name = request.at("name").get<std::string>();
    const auto id = labels.add(name);
    if (!id) {
        return fail(id.error());
    }
    const auto revision = m_session->changeLabels(name + " added", *id, std::move(labels));
    if (!revision) {
        return fail(revision.error());
    }
    m_label = *id;
    return json{{"label", *id}, {"revision", *revision}};
}

Result<json> AnnotationScript::renameLabel(const json& request)
{
    LabelSet labels = m_session->segmentation().labels();
    const Label* found = labels.find(request.at("label").get<LabelId>());
    const auto name = request.at("name").get<std::string>();
    if (found == nullptr) {
        return fail(ErrorCode::notFound, "there is no such label", "label " + request["label"].dump());
    }
    if (name.empty() || (labels.findByName(name) != nullptr && labels.findByName(name) != found)) {
        return fail(ErrorCode::invalidArgument, "a label needs a name of its own", name);
    }
    Label label = *found;
    const std::string step = label.name + " renamed";
    label.name = name;
    labels.put(label);
    const auto revision = m_session->changeLabels(step, label.id, std::move(labels));
    return revision ? Result<json>(json{{"label", label.id}, {"revision", *revision}}) : fail(revision.error());
}

Result<json> AnnotationScript::lockLabel(const json& request)
{
    LabelSet labels = m_session->segmentation().labels();
    const Label* found = labels.find(request.at("label").get<LabelId>());
    if (found == nullptr) {
        return fail(ErrorCode::notFound, "there is no such label", "label " + request["label"].dump());
    }
    Label label = *found;
    label.locked = request.value("locked", true);
    labels.put(label);
    const auto revision =
        m_session->changeLabels(label.name + (label.locked ? " locked" : " unlocked"), label.id, std::move(labels));
    return revision ? Result<json>(json{{"label", label.id}, {"revision", *revision}}) : fail(revision.error());
}

Result<json> AnnotationScript::selectLabel(const json& request)
{
    const json& wanted = request.at("label");
    const LabelSet& labels = m_session->segmentation().labels();
    const Label* label =
        wanted.is_string() ? labels.findByName(wanted.get<std::string>()) : labels.find(wanted.get<LabelId>());
    if (label == nullptr) {
        return fail(ErrorCode::notFound, "there is no such label", "label " + wanted.dump());
    }
    m_label = label->id;
    return labelAsJson(m_label);
}

Result<LabelId> AnnotationScript::activeLabel()
{
    if (m_session->segmentation().labels().find(m_label) == nullptr) {
        return fail(ErrorCode::invalidArgument, "no label is chosen", {},
                    "Begin with {\"action\": \"label.add\", \"name\": \"…\"}");
    }
    return m_label;
}

const std::string& AnnotationScript::activeName() const
{
    return m_session->segmentation().labels().find(m_label)->name;
}

SlicePlane AnnotationScript::planeOf(const json& request) const
{
    const auto plane = planeFromName(request.value("plane", "axial"));
    return {m_session->opened().volume->geometry(), plane.value_or(Plane::axial)};
}

Result<json> AnnotationScript::ask(const json& request, decltype(Prompt::shape) shape)
{
    const SlicePlane plane = planeOf(request);
    const int slice = request.at("slice").get<int>();
    const Volume& volume = *m_session->opened().volume;
    const auto image = cutSlice(volume, plane.plane(), slice, engineRange(volume, request.value("preset", "abdomen")));
    if (!image) {
        return fail(image.error());
    }
    std::vector<Prompt> prompts = m_prompts;
    if (!prompts.empty() && (prompts.front().slice != slice || prompts.front().plane != plane.plane())) {
        prompts.clear(); // prompts belong to one slice: going on to another one begins anew
    }
    Prompt prompt;
    prompt.id = prompts.size() + 1;
    prompt.plane = plane.plane();
    prompt.slice = slice;
    prompt.shape = std::move(shape);
    if (std::holds_alternative<LabelPrompt>(prompt.shape)) {
        std::erase_if(prompts, [](const Prompt& p) { return std::holds_alternative<LabelPrompt>(p.shape); });
    }
    prompts.push_back(std::move(prompt));
    std::vector<Prompt> asked = prompts;
    addLabelName(request, asked);
    if (auto sound = checkPrompts(asked, plane.width(), plane.height()); !sound) {
        return fail(sound.error());
    }
    if (!m_engine) {
        auto engine = EngineSession::open(m_context, m_choice);
        if (!engine) {
            return fail(engine.error());
        }
        m_engine = std::move(*engine);
    }
    auto proposal = m_engine->ask(*image, std::move(asked));
    if (!proposal) {
        return fail(proposal.error());
    }
    m_prompts = std::move(prompts);
    m_proposal = std::move(*proposal);
    m_candidate = 0;
    return proposalAsJson();
}

void AnnotationScript::addLabelName(const json& request, std::vector<Prompt>& prompts) const
{
    const bool named = std::any_of(prompts.begin(), prompts.end(), [](const Prompt& prompt) {
        return std::holds_alternative<LabelPrompt>(prompt.shape);
    });
    const Label* label = m_session->segmentation().labels().find(m_label);
    if (!named && label != nullptr && request.value("label_name", true)) {
        prompts.push_back(labelPrompt(prompts.front().plane, prompts.front().slice, label->name));
    }
}

json AnnotationScript::proposalAsJson() const
{
    const Candidate& candidate = m_proposal->candidates[m_candidate];
    json answer{{"candidate", m_candidate},
                {"candidates", m_proposal->candidates.size()},
                {"voter", candidate.voter},
                {"predicted_iou", candidate.predictedIou},
                {"area_px", candidate.mask.area()},
                {"seconds", {{"encode", m_proposal->encodeSeconds}, {"decode", m_proposal->decodeSeconds}}},
                {"notice", m_proposal->notice}};
    if (m_proposal->vote) {
        answer["vote"] = toJson(*m_proposal->vote);
    }
    return answer;
}

Result<json> AnnotationScript::box(const json& request)
{
    const json& b = request.at("box");
    return ask(request,
               BoxPrompt{b.at(0).get<double>(), b.at(1).get<double>(), b.at(2).get<double>(), b.at(3).get<double>()});
}

Result<json> AnnotationScript::point(const json& request)
{
    return ask(request, PointPrompt{pointFrom(request.at("point")), request.value("inside", true)});
}

Result<json> AnnotationScript::scribble(const json& request)
{
    return ask(request, ScribblePrompt{pathFrom(request.at("path")), request.value("inside", true)});
}

Result<json> AnnotationScript::lasso(const json& request)
{
    return ask(request, LassoPrompt{pathFrom(request.at("polygon"))});
}

Result<json> AnnotationScript::label(const json& request)
{
    const auto label = activeLabel();
    if (!label) {
        return fail(label.error());
    }
    return ask(request, LabelPrompt{request.value("name", activeName())});
}

Result<json> AnnotationScript::clearPrompts(const json&)
{
    m_prompts.clear();
    m_proposal.reset();
    return json::object();
}

Result<json> AnnotationScript::nextCandidate(const json&)
{
    if (!m_proposal) {
        return fail(ErrorCode::invalidArgument, "there is no proposal", {}, "Give a prompt first");
    }
    m_candidate = (m_candidate + 1) % m_proposal->candidates.size();
    return proposalAsJson();
}

Result<json> AnnotationScript::accept(const json& request)
{
    if (!m_proposal) {
        return fail(ErrorCode::invalidArgument, "there is no proposal to accept", {}, "Give a prompt first");
    }
    const auto label = activeLabel();
    if (!label) {
        return fail(label.error());
    }
    const auto mode = modeFrom(request.value("mode", "replace"));
    if (!mode) {
        return fail(ErrorCode::invalidArgument, "a mode is replace, add or subtract", request["mode"].dump());
    }
    const SliceMask& mask = m_proposal->candidates[m_candidate].mask;
    StepRecord step;
    step.kind = StepKind::accept;
    step.label = *label;
    step.name = activeName() + (mask.empty() ? ": examined, nothing there" : " accepted");
    step.proposal = mask;
    step.prompts = m_proposal->prompts;
    step.engine = m_proposal->engine;
    step.preview = m_proposal->isPreview;
    if (m_candidate == 0) { // the vote is about the first one
        step.vote = m_proposal->vote;
    }
    step.imageKey = m_proposal->imageKey;
    step.author = request.value("author", "");
    step.clicks = static_cast<int>(m_prompts.size());
    const SlicePlane plane(m_session->opened().volume->geometry(), m_proposal->plane);
    const auto revision = m_session->combine(std::move(step), plane, m_proposal->slice, mask, *mode);
    if (!revision) {
        return fail(revision.error());
    }
    m_prompts.clear();
    m_proposal.reset();
    json answer = labelAsJson(*label);
    answer["revision"] = *revision;
    return answer;
}

Result<json> AnnotationScript::stroke(const json& request, bool erase)
{
    const auto label = activeLabel();
    if (!label) {
        return fail(label.error());
    }
    const SlicePlane plane = planeOf(request);
    const int slice = request.at("slice").get<int>();
    if (slice < 0 || slice >= plane.count()) {
        return fail(ErrorCode::outOfRange, "the series has slices 0 to " + std::to_string(plane.count() - 1),
                    "slice " + std::to_string(slice));
    }
    const double radius = request.at("radius_mm").get<double>();
    if (!(radius > 0)) {
        return fail(ErrorCode::invalidArgument, "a radius is above 0 mm", request["radius_mm"].dump());
    }
    const auto path = pathFrom(request.at("path"));
    StepRecord step;
    step.kind = erase ? StepKind::erase : StepKind::paint;
    step.label = *label;
    step.name = activeName() + (erase ? " erased" : " brushed");
    step.author = request.value("author", "");
    step.strokes = 1;
    const SliceMask region =
        strokeMask(plane.width(), plane.height(), path, radius / plane.spacingX(), radius / plane.spacingY());
    const auto revision =
        m_session->combine(std::move(step), plane, slice, region, erase ? CombineMode::subtract : CombineMode::add);
    if (!revision) {
        return fail(revision.error());
    }
    json answer = labelAsJson(*label);
    answer["revision"] = *revision;
    return answer;
}

Result<json> AnnotationScript::paint(const json& request)
{
    return stroke(request, false);
}

Result<json> AnnotationScript::erase(const json& request)
{
    return stroke(request, true);
}

Result<json> AnnotationScript::changed(const Result<std::optional<RevisionId>>& revision)
{
    if (!revision) {
        return fail(revision.error());
    }
    return json{{"changed", revision->has_value()}, {"revision", revision->has_value() ? json(**revision) : json()}};
}

Result<json> AnnotationScript::undo(const json&)
{
    return changed(m_session->undo());
}

Result<json> AnnotationScript::redo(const json&)
{
    return changed(m_session->redo());
}

Result<json> AnnotationScript::import(const json& request)
{
    const std::filesystem::path path = request.at("path").get<std::string>();
    ImportOptions options;
    options.resample = request.value("resample", false);
    options.plane = planeOf(request).plane();
    options.slice = sliceOf(request);
    options.stop = m_context.stop;
    const OpenedSeries& opened = m_session->opened();
    const auto masks = importMasks(path, opened.series, opened.volume->geometry(), options);
    if (!masks) {
        return fail(masks.error());
    }
    const auto revision = m_session->import(masks->segmentation, path.filename().string() + " imported");
    return revision ? Result<json>(json{{"revision", *revision}, {"notices", masks->notices}}) : fail(revision.error());
}

Result<json> AnnotationScript::exportTo(const json& request)
{
    const std::filesystem::path path = request.at("path").get<std::string>();
    const auto format = request.contains("format") ? maskFormatFromName(request["format"].get<std::string>())
                                                   : maskFormatFromEnding(path);
    if (!format) {
        return fail(ErrorCode::unknownFormat, "neither the path's ending nor \"format\" tells a format", path.string(),
                    "Use .dcm, .nii.gz, .nrrd or .png");
    }
    const auto algorithms = algorithmsOf(m_session->store(), m_session->key());
    if (!algorithms) {
        return fail(algorithms.error());
    }
    ExportOptions options;
    options.replace = request.value("force", false);
    options.resample = request.value("resample", false);
    options.algorithm = *algorithms;
    options.plane = planeOf(request).plane();
    options.slice = sliceOf(request);
    options.stop = m_context.stop;
    const OpenedSeries& opened = m_session->opened();
    auto written =
        exportSegmentation(m_session->segmentation(), opened.series, opened.volume->geometry(), path, *format, options);
    return written ? Result<json>(json{{"path", path.string()}}) : fail(written.error());
}

} // namespace icmoe::app
