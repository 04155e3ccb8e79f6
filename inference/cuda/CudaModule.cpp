#include "inference/cuda/CudaModule.h"

#include "inference/cuda/VoteTwin.h"

#include <array>
#include <atomic>
#include <dlfcn.h>
#include <system_error>

namespace icmoe::cuda {
namespace {

constexpr const char* kModuleFile = "libicmoe_cuda.so";
constexpr const char* kModuleEntry = "icmoe_cuda_module";

template<typename Function>
Function symbol(void* library, const char* name)
{
    return reinterpret_cast<Function>(::dlsym(library, name));
}

std::atomic<bool>& deviceFailed()
{
    static std::atomic<bool> failed = false;
    return failed;
}

VoteDevice choose()
{
    const auto onProcessor = [](const std::string& reason) {
        return VoteDevice{voteOnProcessor, false, "vote on the processor: " + reason};
    };
    const auto driver = findDriver();
    if (!driver.reason.empty()) {
        return onProcessor(driver.reason);
    }
    const auto module = loadModule(modulePath());
    if (module.entry == nullptr) {
        return onProcessor(module.reason);
    }
    if (module.entry->deviceCount() < 1) { // a driver older than the module's CUDA, say
        return onProcessor("the CUDA runtime finds no device that it can use");
    }
    return {module.entry->voteFromHost, true, "vote on " + driver.device};
}

} // namespace

Driver findDriver()
{
    Driver found;
    // stays loaded: a driver that has made its threads cannot be taken out again
    void* const library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        found.reason = "no driver";
        return found;
    }
    const auto initialise = symbol<int (*)(unsigned)>(library, "cuInit");
    const auto version = symbol<int (*)(int*)>(library, "cuDriverGetVersion");
    const auto count = symbol<int (*)(int*)>(library, "cuDeviceGetCount");
    const auto device = symbol<int (*)(int*, int)>(library, "cuDeviceGet");
    const auto name = symbol<int (*)(char*, int, int)>(library, "cuDeviceGetName");
    if (initialise == nullptr || version == nullptr || count == nullptr || device == nullptr || name == nullptr) {
        found.reason = "libcuda.so.1 is not a driver that this program knows";
        return found;
    }
    (void)version(&found.version); // answers before cuInit
    if (const int error = initialise(0); error != 0) {
        constexpr int kNoDevice = 100;
        found.reason =
            error == kNoDevice ? "no device" : "the driver does not start (error " + std::to_string(error) + ")";
        return found;
    }
    if (count(&found.devices) != 0 || found.devices < 1) {
        found.devices = 0;
        found.reason = "no device";
        return found;
    }
    int first = 0;
    std::array<char, 128> text = {};
    if (device(&first, 0) == 0 && name(text.data(), static_cast<int>(text.size()) - 1, first) == 0) {
        found.device = text.data();
    }
    if (found.device.empty()) {
        found.device = "a CUDA device";
    }
    return found;
}

Module loadModule(const std::filesystem::path& file)
{
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) {
        return {nullptr, "built without the CUDA module (nvcc was not there)"};
    }
    void* const library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        const char* const why = ::dlerror();
        return {nullptr, "the CUDA module does not load: " + std::string(why != nullptr ? why : "no reason given")};
    }
    const auto refuse = [&](std::string reason) {
        ::dlclose(library);
        return Module{nullptr, std::move(reason)};
    };
    const auto entry = symbol<IcmoeCudaModuleEntry>(library, kModuleEntry);
    const auto* const module = entry != nullptr ? entry() : nullptr;
    if (module == nullptr) {
        return refuse(file.filename().string() + " is not this program's CUDA module");
    }
    if (module->version != ICMOE_CUDA_VERSION) {
        return refuse("the CUDA module is of version " + std::to_string(module->version) + ", this program needs " +
                      std::to_string(ICMOE_CUDA_VERSION));
    }
    if (module->size != static_cast<int>(sizeof(IcmoeCudaModule)) || module->deviceCount == nullptr ||
        module->errorText == nullptr || module->vote == nullptr || module->voteFromHost == nullptr) {
        return refuse("the CUDA module is incomplete");
    }
    return {module, {}};
}

std::filesystem::path modulePath()
{
    ::Dl_info place = {};
    if (::dladdr(reinterpret_cast<void*>(&findDriver), &place) == 0 || place.dli_fname == nullptr) {
        return kModuleFile;
    }
    std::error_code ignored;
    const auto self = std::filesystem::absolute(place.dli_fname, ignored);
    return self.parent_path() / kModuleFile;
}

const VoteDevice& voteDevice()
{
    static const VoteDevice device = choose();
    return device;
}

int vote(const IcmoeVoteInput& input, const IcmoeVoteOutput& output)
{
    const auto& device = voteDevice();
    if (device.onDevice && input.voices <= ICMOE_CUDA_MOST_VOICES && !deviceFailed()) {
        const int error = device.vote(&input, &output, nullptr);
        if (error == ICMOE_VOTE_DONE || error == ICMOE_VOTE_INVALID) {
            return error;
        }
        deviceFailed() = true; // memory or driver: the user gets the answer all the same
    }
    return voteOnProcessor(&input, &output, nullptr);
}

} // namespace icmoe::cuda
