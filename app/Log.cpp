#include "app/Log.h"

#include "core/base/AtomicFile.h"
#include "core/base/Sha256.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/spdlog.h>

#include <random>
#include <regex>

namespace icmoe::app {

namespace {

constexpr std::size_t kFileBytes = std::size_t{1} << 20;
constexpr std::size_t kFiles = 3;

struct Log {
    std::shared_ptr<spdlog::logger> logger;
    std::string key;
};

Log& theLog()
{
    static Log log;
    return log;
}

std::string shortHash(std::string_view text, std::string_view key)
{
    Sha256 hash; // the key has a fixed length, and only a prefix is shown: a plain keyed prefix hash is enough
    hash.update(key);
    hash.update(text);
    return "#" + hash.hex().substr(0, 10);
}

/// Words with a slash are paths.
std::string withoutPaths(const std::string& text, std::string_view key)
{
    static const std::regex path(R"(\S*/\S*)");
    std::string result;
    std::size_t last = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), path), end; it != end; ++it) {
        const auto begin = static_cast<std::size_t>(it->position());
        result += text.substr(last, begin - last) + shortHash(it->str(), key);
        last = begin + static_cast<std::size_t>(it->length());
    }
    return result + text.substr(last);
}

std::string tagsOf(const std::string& text)
{
    static const std::regex tag(R"(\([0-9a-fA-F]{4},[0-9a-fA-F]{4}\))");
    std::string tags;
    for (std::sregex_iterator it(text.begin(), text.end(), tag), end; it != end; ++it) {
        tags += " " + it->str();
    }
    return tags;
}

std::string readOrMakeKey(const std::filesystem::path& file)
{
    if (const auto bytes = readWholeFile(file, 64); bytes && bytes->size() == 64) {
        return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
    }
    std::random_device random;
    std::string seed;
    for (int n = 0; n < 8; ++n) {
        seed += std::to_string(random());
    }
    const std::string key = sha256(std::as_bytes(std::span(seed.data(), seed.size())));
    (void)writeFileAtomically(file, std::as_bytes(std::span(key.data(), key.size())), {.replace = true, .mode = 0600});
    return key;
}

} // namespace

void openLog(const DataFolder& folder)
{
    try {
        std::filesystem::create_directories(folder.log());
        std::filesystem::permissions(folder.log(), std::filesystem::perms::owner_all);
        auto sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>((folder.log() / "icmoe.log").string(),
                                                                           kFileBytes, kFiles);
        theLog().key = readOrMakeKey(folder.log() / "key");
        theLog().logger = std::make_shared<spdlog::logger>("icmoe", std::move(sink));
        theLog().logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
        theLog().logger->flush_on(spdlog::level::info);
    } catch (const std::exception&) {
        theLog().logger.reset();
    }
}

std::string redacted(const Error& error, std::string_view key)
{
    std::string line(name(error.code));
    line += tagsOf(error.where) + tagsOf(error.message);
    if (!error.where.empty()) {
        line += " at " + shortHash(error.where, key);
    }
    if (!error.hint.empty()) {
        line += ": " + withoutPaths(error.hint, key);
    }
    return line;
}

void logError(const Error& error)
{
    if (theLog().logger) {
        theLog().logger->error("{}", redacted(error, theLog().key));
    }
}

void logEvent(std::string_view words)
{
    if (theLog().logger) {
        theLog().logger->info("{}", words);
    }
}

} // namespace icmoe::app
