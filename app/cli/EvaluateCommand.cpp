#include "app/cli/EngineSession.h"
#include "core/evaluation/CaseList.h"
#include "core/evaluation/Report.h"
#include "core/mask/Strokes.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace icmoe::app {

namespace {

using evaluation::CaseScore;
using evaluation::Protocol;
using nlohmann::json;

struct EvaluateOptions {
    std::vector<std::filesystem::path> data;
    std::string protocol;
    EngineChoice engine;
    bool cases = false;
    std::size_t most = evaluation::kMostCases;
};

/// The picture that was asked about last: cases of one picture follow each other.
class PictureReader {
public:
    Result<std::shared_ptr<const SliceImage>> read(const evaluation::Case& one)
    {
        if (!m_image || one.pictureName() != m_name) {
            auto image = evaluation::loadPicture(one);
            if (!image) {
                return image;
            }
            m_image = std::move(*image);
            m_name = one.pictureName();
        }
        return m_image;
    }

private:
    std::string m_name;
    std::shared_ptr<const SliceImage> m_image;
};

/// Real strokes: the mean over annotators. Where a case has none: one stroke through the object's middle.
Result<CaseScore> playScribbles(const evaluation::Case& one, const evaluation::Ask& ask)
{
    if (one.scribbles.empty()) {
        return evaluation::playScribbles(one.truth, {{strokeThrough(one.truth), true}}, ask);
    }
    CaseScore mean{{}, {0.0}, 0, {}};
    for (const auto& file : one.scribbles) {
        auto strokes = evaluation::readScribbles(file, one.truth.width(), one.truth.height());
        if (!strokes) {
            return fail(strokes.error());
        }
        const auto score = evaluation::playScribbles(one.truth, std::move(*strokes), ask);
        if (!score) {
            return fail(score.error());
        }
        mean.dice.front() += score->dice.front() / double(one.scribbles.size());
        mean.seconds += score->seconds / double(one.scribbles.size());
        mean.quality.insert(mean.quality.end(), score->quality.begin(), score->quality.end());
    }
    return mean;
}

Result<std::vector<CaseScore>> play(const std::vector<evaluation::Case>& cases, const Protocol& protocol,
                                    EngineSession& engine, const ProgressFunction& progress)
{
    std::vector<CaseScore> scores;
    PictureReader pictures;
    for (const evaluation::Case& one : cases) {
        const auto image = pictures.read(one);
        if (!image) {
            return fail(image.error());
        }
        const auto ask = [&](std::vector<Prompt> prompts) {
            for (Prompt& prompt : prompts) {
                prompt.plane = (*image)->plane;
                prompt.slice = (*image)->slice;
            }
            return engine.ask(*image, std::move(prompts));
        };
        auto score = protocol.kind == Protocol::Kind::box        ? evaluation::playBox(one.truth, ask)
                     : protocol.kind == Protocol::Kind::scribble ? playScribbles(one, ask)
                                                                 : evaluation::playClicks(one.truth, protocol, ask);
        if (!score) {
            return fail(score.error());
        }
        score->picture = one.pictureName();
        scores.push_back(std::move(*score));
        if (progress) {
            progress({scores.size(), cases.size()});
        }
    }
    return scores;
}

json casesToJson(const std::vector<evaluation::Case>& cases, const std::vector<CaseScore>& scores)
{
    json list = json::array();
    for (std::size_t n = 0; n < scores.size(); ++n) {
        list.push_back({{"picture", cases[n].picture.filename().string()},
                        {"slice", cases[n].slice},
                        {"value", cases[n].value},
                        {"area_px", cases[n].truth.area()},
                        {"dice", scores[n].dice}});
    }
    return list;
}

json reportOf(const std::vector<evaluation::Case>& cases, const std::vector<CaseScore>& scores,
              const Protocol& protocol, bool eachCase)
{
    auto report = evaluation::toJson(scores, protocol);
    if (protocol.kind == Protocol::Kind::scribble) {
        report["drawn_strokes"] =
            std::count_if(cases.begin(), cases.end(), [](const auto& one) { return one.scribbles.empty(); });
    }
    if (eachCase) {
        report["cases"] = casesToJson(cases, scores);
    }
    return report;
}

std::string toText(const json& report)
{
    std::ostringstream text;
    text << std::fixed << std::setprecision(3);
    for (const auto& [name, set] : report["sets"].items()) {
        text << std::left << std::setw(28) << name << " n " << set["n"] << "  Dice " << set["mean_dice"].get<double>()
             << "  [" << set["ci95"][0].get<double>() << ", " << set["ci95"][1].get<double>() << "]  "
             << set["seconds_per_case"].get<double>() << " s a case";
        for (const char* percent : {"85", "90"}) {
            const auto key = std::string("noc") + percent;
            if (set.contains(key)) {
                text << "  NoC" << percent << ' ' << set[key].get<double>()
                     << " (never: " << 100 * set[key + "_never"].get<double>() << " %)";
            }
        }
        text << '\n';
    }
    text << "mean over sets " << report["mean_dice"].get<double>() << '\n';
    return text.str();
}

Status evaluate(const EvaluateOptions& options, const CommandContext& context)
{
    const Protocol protocol = *evaluation::parseProtocol(options.protocol);
    const auto sets = evaluation::findSets(options.data);
    if (!sets) {
        return fail(sets.error());
    }
    EngineChoice choice = options.engine;
    choice.keepEmbeddings = false;
    choice.guarantees = choice.experts != "none"; // "none": what the base says, without the program's help
    const auto engine = EngineSession::open(context, choice);
    if (!engine) {
        return fail(engine.error());
    }
    json report{{"protocol", options.protocol},
                {"model", options.engine.model},
                {"experts", options.engine.experts},
                {"without", options.engine.without},
                {"sets", json::object()},
                {"mean_dice", 0.0},
                {"bootstrap", {{"resamples", 2000}, {"seed", 1}, {"unit", "picture"}}}};
    double sum = 0;
    std::vector<evaluation::QualityPair> quality;
    for (const evaluation::SetFolder& set : *sets) {
        auto cases = evaluation::listCases(set, context.stop);
        if (!cases) {
            return fail(cases.error());
        }
        *cases = evaluation::spread(std::move(*cases), options.most);
        const auto scores = play(*cases, protocol, **engine, context.console.progress(set.name));
        context.console.endProgress();
        if (!scores) {
            return fail(scores.error());
        }
        // two folders of one set (train and val) stay apart
        const std::string name =
            report["sets"].contains(set.name) ? set.name + "/" + set.path.filename().string() : set.name;
        report["sets"][name] = reportOf(*cases, *scores, protocol, options.cases);
        for (const auto& score : *scores) {
            quality.insert(quality.end(), score.quality.begin(), score.quality.end());
        }
        sum += report["sets"][name]["mean_dice"].get<double>();
        context.console.detail(name + " done");
    }
    report["mean_dice"] = sum / double(sets->size());
    report["reliability"] = evaluation::toJson(evaluation::reliabilityOf(quality));
    context.console.result(report, toText(report));
    return {};
}

} // namespace

void addEvaluateCommand(CommandTable& table)
{
    auto options = std::make_shared<EvaluateOptions>();
    CLI::App& command = table.add("evaluate", "Dice of the engine on labelled pictures",
                                  [options](const CommandContext& context) { return evaluate(*options, context); });
    command.add_option("--data", options->data, "Sets: folders with images and labels, or folders above them")
        ->required()
        ->type_name("DIR");
    command.add_option("--protocol", options->protocol, "box, clicks:N, noc or scribble")
        ->required()
        ->check(CLI::Validator(
            [](const std::string& text) {
                const auto protocol = evaluation::parseProtocol(text);
                return protocol ? std::string() : protocol.error().message;
            },
            ""));
    addEngineOptions(command, options->engine);
    command.add_option("--most", options->most, "Cases of a set, evenly over its list")
        ->check(CLI::Range(std::size_t{1}, evaluation::kMostCases))
        ->capture_default_str();
    command.add_flag("--cases", options->cases, "Also each case's Dice (with --json)");
}

} // namespace icmoe::app
