#include "PretendDevice.h"

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <cstring>
#include <map>
#include <mutex>
#include <sys/mman.h>
#include <unistd.h>

namespace icmoe::test {
namespace {

constexpr auto kKey = c10::DispatchKeySet(c10::DispatchKey::PrivateUse1);

/// Every block is mapped twice: where tensors point to, without any access, and where the operators get it.
class Memory final : public c10::Allocator {
public:
    c10::DataPtr allocate(std::size_t size) override
    {
        const std::size_t bytes = (size / kPage + 1) * kPage;
        const std::lock_guard lock(m_mutex);
        if (auto kept = m_free.extract(bytes)) { // fresh pages cost more than the arithmetic
            const auto [shown, block] = kept.mapped();
            m_blocks[shown] = block;
            return {shown, shown, &Memory::release, pretendDevice()};
        }
        const int file = ::memfd_create("pretend", 0);
        TORCH_CHECK(file >= 0 && ::ftruncate(file, static_cast<::off_t>(bytes)) == 0, "no memory");
        void* const shown = ::mmap(nullptr, bytes, PROT_NONE, MAP_SHARED, file, 0);
        void* const real = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        ::close(file);
        TORCH_CHECK(shown != MAP_FAILED && real != MAP_FAILED, "no memory");
        m_blocks[static_cast<std::byte*>(shown)] = {static_cast<std::byte*>(real), bytes};
        return {shown, shown, &Memory::release, pretendDevice()};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &Memory::release; }
    void copy_data(void* to, const void* from, std::size_t bytes) const override
    {
        std::memcpy(real(to), real(from), bytes);
    }
    [[nodiscard]] std::byte* real(const void* shown) const
    {
        const std::lock_guard lock(m_mutex);
        auto found = m_blocks.upper_bound(static_cast<std::byte*>(const_cast<void*>(shown)));
        TORCH_CHECK(found != m_blocks.begin(), "this is not the pretended device's memory");
        --found;
        return found->second.first + (static_cast<const std::byte*>(shown) - found->first);
    }
    static Memory& instance()
    {
        static auto* const memory = new Memory; // as long as the last tensor
        return *memory;
    }

private:
    static void release(void* shown)
    {
        auto& self = instance();
        const std::lock_guard lock(self.m_mutex);
        const auto found = self.m_blocks.find(static_cast<std::byte*>(shown));
        self.m_free.emplace(found->second.second, *found);
        self.m_blocks.erase(found);
    }

    static constexpr std::size_t kPage = 4096;
    using Block = std::pair<std::byte*, std::size_t>; ///< where it is real, and its size
    mutable std::mutex m_mutex;
    std::map<std::byte*, Block> m_blocks; ///< by where they are shown
    std::multimap<std::size_t, std::pair<std::byte*, Block>> m_free;
};

struct Guard final : c10::impl::DeviceGuardImplInterface {
    c10::DeviceType type() const override { return c10::kPrivateUse1; }
    c10::Device exchangeDevice(c10::Device device) const override { return device; }
    c10::Device getDevice() const override { return pretendDevice(); }
    void setDevice(c10::Device) const override {}
    void uncheckedSetDevice(c10::Device) const noexcept override {}
    c10::Stream getStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, pretendDevice()); }
    c10::Stream exchangeStream(c10::Stream stream) const override { return stream; }
    c10::DeviceIndex deviceCount() const noexcept override { return 1; }
    void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
    void block(void*, const c10::Stream&) const override {}
    bool queryEvent(void*) const override { return true; }
    void destroyEvent(void*, c10::DeviceIndex) const noexcept override {}
};

bool isPretended(const at::Tensor& tensor)
{
    return tensor.device().type() == c10::kPrivateUse1;
}

/// The tensor's values as a tensor of the processor, sharing its memory.
at::Tensor opened(const at::Tensor& tensor)
{
    if (!isPretended(tensor) || tensor.numel() == 0) {
        return isPretended(tensor) ? at::empty(tensor.sizes(), tensor.scalar_type()) : tensor;
    }
    auto* const values = Memory::instance().real(tensor.const_data_ptr());
    return at::from_blob(values, tensor.sizes(), tensor.strides(), tensor.scalar_type());
}

at::Tensor empty(at::IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>,
                 std::optional<at::Device>, std::optional<bool>, std::optional<at::MemoryFormat> format)
{
    return at::detail::empty_generic(size, &Memory::instance(), kKey, c10::dtype_or_default(type), format);
}
at::Tensor emptyStrided(at::IntArrayRef size, at::IntArrayRef stride, std::optional<at::ScalarType> type,
                        std::optional<at::Layout>, std::optional<at::Device>, std::optional<bool>)
{
    return at::detail::empty_strided_generic(size, stride, &Memory::instance(), kKey, c10::dtype_or_default(type));
}
at::Tensor& copy(at::Tensor& self, const at::Tensor& from, bool)
{
    opened(self).copy_(opened(from));
    return self;
}
at::Tensor copyFrom(const at::Tensor& from, const at::Tensor& to, bool)
{
    opened(to).copy_(opened(from));
    return to;
}
const at::Tensor& resized(const at::Tensor& self, at::IntArrayRef size, std::optional<at::MemoryFormat>)
{
    if (self.sizes() != size) {
        const auto other = empty(size, self.scalar_type(), {}, {}, {}, {});
        self.unsafeGetTensorImpl()->set_storage_keep_dtype(other.storage());
        self.unsafeGetTensorImpl()->set_sizes_and_strides(other.sizes(), other.strides(), 0);
    }
    return self;
}
at::Tensor copyFromAndResize(const at::Tensor& from, const at::Tensor& to)
{
    return copyFrom(from, resized(to, from.sizes(), {}), false);
}
at::Scalar item(const at::Tensor& self)
{
    return opened(self).item();
}

void checkPlaces(const std::string& op, const std::vector<at::Tensor>& tensors)
{
    for (const auto& tensor : tensors) {
        TORCH_CHECK(!tensor.defined() || tensor.dim() == 0 || isPretended(tensor), op, " gets tensors of two devices");
    }
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef outputPadding, std::int64_t groups)
{
    const auto offset = bias.value_or(at::Tensor());
    checkPlaces("convolution", {input, weight, offset});
    return at::convolution(opened(input), opened(weight), offset.defined() ? opened(offset) : offset, stride, padding,
                           dilation, transposed, outputPadding, groups)
        .to(pretendDevice());
}
std::tuple<at::Tensor, at::Tensor, at::Tensor> convolutionBackward(const at::Tensor& gradient, const at::Tensor& input,
                                                                   const at::Tensor& weight, at::IntArrayRef stride,
                                                                   at::IntArrayRef padding, at::IntArrayRef dilation,
                                                                   bool transposed, at::IntArrayRef outputPadding,
                                                                   std::int64_t groups, std::array<bool, 3> wanted)
{
    checkPlaces("convolution_backward", {gradient, input, weight});
    const auto sizes = at::IntArrayRef(weight.sizes()).slice(transposed ? 1 : 0, 1);
    auto [ofInput, ofWeight, ofBias] =
        at::convolution_backward(opened(gradient), opened(input), opened(weight), sizes, stride, padding, dilation,
                                 transposed, outputPadding, groups, wanted);
    const auto moved = [](const at::Tensor& x) { return x.defined() ? x.to(pretendDevice()) : x; };
    return {moved(ofInput), moved(ofWeight), moved(ofBias)};
}

/// The operator on the processor. Numbers may come from anywhere; whatever has a dimension has to lie here.
void onProcessor(const c10::OperatorHandle& op, torch::jit::Stack* stack)
{
    const auto check = [&](const at::Tensor& tensor) { checkPlaces(op.schema().name(), {tensor}); };
    const auto count = op.schema().arguments().size();
    for (std::size_t n = stack->size() - count; n < stack->size(); ++n) {
        const auto& value = (*stack)[n];
        if (value.isTensor()) {
            check(value.toTensor());
        } else if (value.isTensorList()) {
            for (const auto& tensor : value.toTensorVector()) {
                check(tensor);
            }
        } else if (value.isOptionalTensorList()) {
            for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorList()) {
                check(tensor.value_or(at::Tensor()));
            }
        }
    }
    at::native::cpu_fallback(op, stack);
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library)
{
    library.impl("empty.memory_format", &empty);
    library.impl("empty_strided", &emptyStrided);
    library.impl("copy_", &copy);
    library.impl("_copy_from", &copyFrom);
    library.impl("_copy_from_and_resize", &copyFromAndResize);
    library.impl("resize_", &resized);
    library.impl("convolution_overrideable", &convolution);
    library.impl("convolution_backward_overrideable", &convolutionBackward);
    library.impl("_local_scalar_dense", &item);
    library.impl("as_strided", &at::native::as_strided_tensorimpl);
    library.impl("unfold", &at::native::unfold);
    library.impl("view", &at::native::view);
    library.impl("_reshape_alias", &at::native::_reshape_alias);
}
TORCH_LIBRARY_IMPL(_, PrivateUse1, library)
{
    library.fallback(torch::CppFunction::makeFromBoxedFunction<&onProcessor>());
}

C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard)

struct Hooks final : at::PrivateUse1HooksInterface {
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return true; }
    bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
};

/// Only where a test asks for it: LibTorch then takes it for the machine's one accelerator.
void registerOnce()
{
    static const bool done = [] {
        static Hooks hooks;
        c10::SetAllocator(c10::kPrivateUse1, &Memory::instance());
        c10::register_privateuse1_backend("pretended");
        at::RegisterPrivateUse1HooksInterface(&hooks);
        return true;
    }();
    static_cast<void>(done);
}

} // namespace

at::Device pretendDevice()
{
    registerOnce();
    return {c10::kPrivateUse1, 0};
}

} // namespace icmoe::test
