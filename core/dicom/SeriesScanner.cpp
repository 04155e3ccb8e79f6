#include "core/dicom/ByteSource.h"
#include "core/dicom/InstanceHeader.h"
#include "core/dicom/ParallelFor.h"
#include "core/dicom/SeriesBuilder.h"
#include "core/formats/ImageFile.h"
#include "core/study/Scan.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <unistd.h>
#include <variant>

namespace icmoe {
namespace {

namespace fs = std::filesystem;

struct Other {};
using Finding = std::variant<Other, std::shared_ptr<const InstanceHeader>, Study, Error>;

bool mayRead(const fs::path& folder)
{
    return ::faccessat(AT_FDCWD, folder.c_str(), R_OK | X_OK, AT_EACCESS) == 0;
}

Refusal closedFolder(const fs::path& folder)
{
    return {folder,
            {ErrorCode::permissionDenied, "the folder cannot be read", folder.string(), "Check its permissions"}};
}

/// Files under the given paths, sorted, each once. A DICOMDIR in a folder is left out: its files are found by
/// themselves.
Result<std::vector<fs::path>> filesUnder(const std::vector<fs::path>& paths, const std::stop_token& stop,
                                         std::vector<Refusal>& refusals)
{
    std::set<fs::path> files;
    for (const auto& path : paths) {
        std::error_code error;
        const auto status = fs::status(path, error);
        if (!fs::exists(status)) {
            return fail(ErrorCode::notFound, "no such file or folder", path.string(), "Check the path");
        }
        if (!fs::is_directory(status)) {
            files.insert(path.lexically_normal());
            continue;
        }
        if (!mayRead(path)) {
            refusals.push_back(closedFolder(path));
            continue;
        }
        fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error);
        for (; at != fs::recursive_directory_iterator(); at.increment(error)) {
            if (stop.stop_requested()) {
                return fail(ErrorCode::cancelled, "the scan was cancelled");
            }
            std::error_code ignored;
            if (at->is_directory(ignored) && !mayRead(at->path())) {
                refusals.push_back(closedFolder(at->path()));
                at.disable_recursion_pending();
            } else if (at->is_regular_file(ignored) && at->path().filename() != "DICOMDIR") {
                files.insert(at->path().lexically_normal());
            }
        }
    }
    return std::vector<fs::path>(files.begin(), files.end());
}

Finding lookAtImageFile(const fs::path& path)
{
    auto study = describeImageFile(path);
    if (study) {
        return std::move(*study);
    }
    if (study.error().code == ErrorCode::unknownFormat) {
        return Other{};
    }
    return study.error();
}

Finding lookAt(const fs::path& path)
{
    std::array<std::byte, 160> start{};
    auto source = openFileSource(path);
    if (!source) {
        return source.error();
    }
    const std::size_t got = (*source)->read(start);
    source->reset();
    if (!looksLikeDicom(std::span(start).first(got))) {
        return lookAtImageFile(path);
    }
    auto header = readHeader(path);
    if (!header) {
        return header.error();
    }
    return std::make_shared<const InstanceHeader>(std::move(*header));
}

/// A referenced file of a DICOMDIR: components joined by '\', below the folder of the DICOMDIR, never outside. On
/// case-sensitive disks copies of a disc may be in lower case.
std::optional<fs::path> referencedFile(const fs::path& folder, const std::string& components)
{
    fs::path path = folder;
    fs::path lower = folder;
    std::size_t at = 0;
    while (at <= components.size()) {
        const std::size_t end = std::min(components.find('\\', at), components.size());
        std::string part = components.substr(at, end - at);
        if (part.empty() || part == "." || part == ".." || part.find('/') != std::string::npos) {
            return std::nullopt;
        }
        path /= part;
        std::transform(part.begin(), part.end(), part.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        lower /= part;
        at = end + 1;
    }
    return fs::exists(path) || !fs::exists(lower) ? path : lower;
}

class Scanner {
public:
    explicit Scanner(const ScanOptions& options)
        : m_options(options)
    {
    }

    Result<ScanResult> scan(const std::vector<fs::path>& paths)
    {
        auto files = filesUnder(paths, m_options.stop, m_result.refusals);
        if (!files) {
            return fail(files.error());
        }
        look(*files);
        if (const auto more = referencedFiles(*files); !more.empty()) {
            look(more);
        }
        if (m_options.stop.stop_requested()) {
            return fail(ErrorCode::cancelled, "the scan was cancelled");
        }
        auto studies = buildStudies(std::move(m_headers));
        m_result.studies.insert(m_result.studies.begin(), std::make_move_iterator(studies.begin()),
                                std::make_move_iterator(studies.end()));
        return std::move(m_result);
    }

private:
    void look(const std::vector<fs::path>& files)
    {
        std::vector<Finding> findings(files.size());
        std::mutex mutex;
        m_total += files.size();
        parallelFor(files.size(), m_options.threads, m_options.stop, [&](std::size_t i) {
            findings[i] = lookAt(files[i]);
            const std::lock_guard lock(mutex);
            ++m_done;
            if (m_options.progress) {
                m_options.progress({.done = m_done, .total = m_total});
            }
        });
        for (std::size_t i = 0; i < files.size(); ++i) {
            sort(files[i], std::move(findings[i]));
        }
    }

    void sort(const fs::path& file, Finding finding)
    {
        if (std::holds_alternative<Other>(finding)) {
            m_result.others.push_back(file);
        } else if (auto* const error = std::get_if<Error>(&finding)) {
            m_result.refusals.push_back({file, std::move(*error)});
        } else if (auto* const study = std::get_if<Study>(&finding)) {
            m_result.studies.push_back(std::move(*study));
        } else {
            sortObject(file, std::get<std::shared_ptr<const InstanceHeader>>(finding));
        }
    }

    void sortObject(const fs::path& file, const std::shared_ptr<const InstanceHeader>& header)
    {
        if (header->kind == ObjectKind::segmentation) {
            m_result.segmentations.push_back(file);
        } else if (header->kind == ObjectKind::directory) {
            m_directories.push_back({file, header->referencedFiles});
        } else {
            m_headers.push_back(header);
        }
    }

    /// Files that DICOMDIRs name and that were not looked at yet.
    std::vector<fs::path> referencedFiles(const std::vector<fs::path>& known)
    {
        std::set<fs::path> files;
        for (const auto& [directory, names] : m_directories) {
            for (const auto& name : names) {
                const auto path = referencedFile(directory.parent_path(), name);
                if (!path) {
                    m_result.refusals.push_back(
                        {directory,
                         {ErrorCode::malformedFile, "a file outside of the DICOMDIR's folder is named",
                          whereTag(directory.string(), 0x0004, 0x1500), "Open the files themselves"}});
                } else if (!std::binary_search(known.begin(), known.end(), path->lexically_normal())) {
                    files.insert(path->lexically_normal());
                }
            }
        }
        return {files.begin(), files.end()};
    }

    struct Directory {
        fs::path file;
        std::vector<std::string> names;
    };
    const ScanOptions& m_options;
    ScanResult m_result;
    std::vector<std::shared_ptr<const InstanceHeader>> m_headers;
    std::vector<Directory> m_directories;
    std::size_t m_done = 0;
    std::size_t m_total = 0;
};

} // namespace

Result<ScanResult> scan(const std::vector<std::filesystem::path>& paths, const ScanOptions& options)
{
    return Scanner(options).scan(paths);
}

} // namespace icmoe
