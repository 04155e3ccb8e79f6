#include "app/EngineLibraryLoader.h"

#include "app/DataFolder.h"
#include "core/base/OpenMpWaiting.h"

#include <dlfcn.h>

namespace icmoe::app {

namespace {

constexpr const char* kFile = "libicmoe_inference.so";
constexpr const char* kHint = "Install the program again, or build the target icmoe_inference";

Result<const EngineLibrary*> open(const std::filesystem::path& file)
{
    chooseOpenMpWaiting();
    // RTLD_LOCAL: what LibTorch brings with it (OpenMP, protobuf) stays its own
    void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* why = ::dlerror();
        return fail(ErrorCode::engineUnavailable, std::string("the engine cannot be loaded: ") + (why ? why : "?"),
                    file.string(), kHint);
    }
    const auto entry = reinterpret_cast<EngineLibraryEntry>(::dlsym(library, "icmoe_engine_library"));
    const EngineLibrary* engine = entry != nullptr ? entry() : nullptr;
    if (engine == nullptr || engine->createService == nullptr || engine->createSegmenter == nullptr ||
        engine->describe == nullptr || engine->importWeights == nullptr) {
        return fail(ErrorCode::engineUnavailable, "the engine belongs to another version of the program", file.string(),
                    kHint);
    }
    return engine;
}

Result<const EngineLibrary*> find()
{
    const auto folder = programFolder();
    for (const auto& candidate : {folder / kFile, folder / ".." / "lib" / "icmoe" / kFile}) {
        std::error_code ignored;
        if (std::filesystem::exists(candidate, ignored)) {
            return open(candidate);
        }
    }
    return fail(ErrorCode::engineUnavailable, std::string(kFile) + " is not beside the program", folder.string(),
                kHint);
}

} // namespace

Result<const EngineLibrary*> loadEngineLibrary()
{
    static const Result<const EngineLibrary*> library = find();
    return library;
}

} // namespace icmoe::app
