#include "app/cli/SeriesChoice.h"

namespace icmoe::app {

namespace {

struct Found {
    const Study* study;
    const Series* series;
};

std::vector<Found> allSeries(const ScanResult& result)
{
    std::vector<Found> all;
    for (const Study& study : result.studies) {
        for (const Series& series : study.series) {
            all.push_back({&study, &series});
        }
    }
    return all;
}

bool fits(const Found& found, std::size_t number, const std::string& choice)
{
    return choice.empty() || choice == std::to_string(number) || choice == found.series->uid ||
           choice == idOf(*found.series);
}

std::string listed(const std::vector<Found>& all)
{
    std::string text;
    for (std::size_t n = 0; n < all.size(); ++n) {
        text += (n == 0 ? "" : "; ") + std::to_string(n + 1) + " " + all[n].series->displayName();
    }
    return text;
}

Result<Found> choose(const std::vector<Found>& all, const std::string& choice, const std::filesystem::path& path,
                     const ScanResult& result)
{
    if (all.empty()) {
        if (!result.refusals.empty()) {
            return fail(result.refusals.front().error);
        }
        return fail(ErrorCode::emptyInput, "no picture was found", path.string(),
                    "Give a DICOM folder or an image file");
    }
    std::vector<Found> fitting;
    for (std::size_t n = 0; n < all.size(); ++n) {
        if (fits(all[n], n + 1, choice)) {
            fitting.push_back(all[n]);
        }
    }
    if (fitting.empty()) {
        return fail(ErrorCode::notFound, "no series \"" + choice + "\" among: " + listed(all), path.string(),
                    "Choose one with --series");
    }
    if (fitting.size() > 1) {
        return fail(ErrorCode::invalidArgument, std::to_string(fitting.size()) + " series fit: " + listed(fitting),
                    path.string(), "Choose one with --series (its number in icmoe list, or its UID)");
    }
    return fitting.front();
}

} // namespace

void addSliceOptions(CLI::App& command, std::string& plane, int& slice)
{
    command.add_option("--plane", plane, "PNG: the plane of its slice")
        ->check(CLI::IsMember({"axial", "sagittal", "coronal", "acquisition"}))
        ->capture_default_str();
    command.add_option("--slice", slice, "PNG: the slice, from 0")->type_name("K")->check(CLI::NonNegativeNumber);
}

std::string idOf(const Series& series)
{
    return series.splitKey.empty() ? series.uid : series.uid + "/" + series.splitKey;
}

Result<ScanResult> scanPaths(const std::vector<std::filesystem::path>& paths, const CommandContext& context)
{
    ScanOptions options;
    options.progress = context.console.progress("Looking at files");
    options.stop = context.stop;
    options.threads = context.options.threads;
    auto result = scan(paths, options);
    context.console.endProgress();
    return result;
}

Result<OpenedSeries> openSeries(const std::filesystem::path& path, const std::string& choice,
                                const CommandContext& context)
{
    auto scanned = scanPaths({path}, context);
    if (!scanned) {
        return fail(scanned.error());
    }
    const auto chosen = choose(allSeries(*scanned), choice, path, *scanned);
    if (!chosen) {
        return fail(chosen.error());
    }
    OpenedSeries opened{*chosen->study, *chosen->series, nullptr};
    opened.study.series.clear();
    LoadOptions options;
    options.progress = context.console.progress("Reading slices");
    options.stop = context.stop;
    options.threads = context.options.threads;
    std::optional<Error> broken;
    std::mutex mutex;
    options.sliceFailed = [&](int, const Error& error) {
        const std::lock_guard lock(mutex);
        broken = broken.value_or(error);
    };
    auto volume = loadVolume(opened.series, options);
    context.console.endProgress();
    if (!volume) {
        return fail(volume.error());
    }
    if (broken) { // a picture with holes must not be exported or measured as if it were whole
        return fail(*broken);
    }
    opened.volume = std::move(*volume);
    return opened;
}

} // namespace icmoe::app
