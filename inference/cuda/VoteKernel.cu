// The vote on a GPU: one thread a pixel; neighbouring threads read neighbouring pixels of every voice.
#include "inference/cuda/VoteKernel.h"

#include <cuda_runtime.h>

namespace {

constexpr int kMostVoices = ICMOE_CUDA_MOST_VOICES;
constexpr int kBlock = 128;
constexpr float kNoWeight = 1e-12F;

/// What a thread needs to know; by value, so that no copy to the device is due.
struct Question {
    const float* logits;
    const float* votes;
    int voices;
    int height;
    int width;
    int votesHeight;
    int votesWidth;
    int heaviest;
    unsigned kept; ///< one bit a voice
};

/// Where a pixel lies between two of the smaller grid's.
struct Between {
    int low;
    int high;
    float share; ///< of `high`
};

__device__ Between between(int place, int size, int votesSize)
{
    const int steps = 2 * size; // of a pixel of the smaller grid
    const int at = max((2 * place + 1) * votesSize - size, 0);
    return {at / steps, min(at / steps + 1, votesSize - 1), static_cast<float>(at % steps) / static_cast<float>(steps)};
}

__device__ float sigmoid(float z)
{
    const float e = expf(-fabsf(z));
    return (z >= 0 ? 1.0F : e) / (1 + e);
}

__global__ void __launch_bounds__(kBlock) voteKernel(Question q, IcmoeVoteOutput output)
{
    const int pixels = q.height * q.width;
    const int pixel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (pixel >= pixels) {
        return;
    }
    const Between y = between(pixel / q.width, q.height, q.votesHeight);
    const Between x = between(pixel % q.width, q.width, q.votesWidth);
    const int perVoice = q.votesHeight * q.votesWidth;
    const int upper = y.low * q.votesWidth;
    const int lower = y.high * q.votesWidth;
    // constant trip counts keep the array in registers
    float weight[kMostVoices];
    float most = -INFINITY;
#pragma unroll
    for (int v = 0; v < kMostVoices; ++v) {
        if (v < q.voices) {
            const float* of = q.votes + static_cast<long>(v) * perVoice;
            const float above = (1 - x.share) * __ldg(of + upper + x.low) + x.share * __ldg(of + upper + x.high);
            const float below = (1 - x.share) * __ldg(of + lower + x.low) + x.share * __ldg(of + lower + x.high);
            weight[v] = (1 - y.share) * above + y.share * below;
            most = fmaxf(most, weight[v]);
        }
    }
    float all = 0;
    float left = 0;
#pragma unroll
    for (int v = 0; v < kMostVoices; ++v) {
        if (v < q.voices) {
            const float e = expf(weight[v] - most);
            all += e;
            weight[v] = (q.kept >> v & 1U) != 0 ? e : 0.0F;
            left += weight[v];
        }
    }
    const bool spoken = left > kNoWeight * all;
    float p = 0;
    unsigned inside = 0;
#pragma unroll
    for (int v = 0; v < kMostVoices; ++v) {
        if (v < q.voices) {
            weight[v] = spoken ? weight[v] / left : (v == q.heaviest ? 1.0F : 0.0F);
            const long place = static_cast<long>(v) * pixels + pixel;
            const float z = __ldg(q.logits + place);
            p += weight[v] * sigmoid(z);
            inside |= (z >= 0 ? 1U : 0U) << v; // σ(z) ≥ ½
            output.weights[place] = weight[v];
        }
    }
    float same = 0;
#pragma unroll
    for (int v = 0; v < kMostVoices; ++v) {
        if (v < q.voices && ((inside >> v & 1U) != 0) == (p >= 0.5F)) {
            same += weight[v];
        }
    }
    output.p[pixel] = p;
    output.disagreement[pixel] = fminf(fmaxf(1 - same, 0.0F), 1.0F);
}

bool isComplete(const IcmoeVoteInput* in, const IcmoeVoteOutput* out)
{
    constexpr int kMost = ICMOE_CUDA_MOST_SIDE;
    return in != nullptr && out != nullptr && in->logits != nullptr && in->votes != nullptr && out->p != nullptr &&
           out->weights != nullptr && out->disagreement != nullptr && in->voices > 0 && in->height > 0 &&
           in->height <= kMost && in->width > 0 && in->width <= kMost && in->votesHeight > 0 &&
           in->votesHeight <= kMost && in->votesWidth > 0 && in->votesWidth <= kMost && in->heaviest >= 0 &&
           in->heaviest < in->voices;
}

int launch(const IcmoeVoteInput& in, unsigned kept, const IcmoeVoteOutput& out, cudaStream_t stream)
{
    const Question question = {in.logits,      in.votes,      in.voices,   in.height, in.width,
                               in.votesHeight, in.votesWidth, in.heaviest, kept};
    const int blocks = (in.height * in.width + kBlock - 1) / kBlock;
    voteKernel<<<static_cast<unsigned>(blocks), kBlock, 0, stream>>>(question, out);
    return static_cast<int>(cudaGetLastError());
}

/// ICMOE_VOTE_DONE and the bits of `flags`, which lie in the host's memory.
int readKept(const unsigned char* flags, int voices, unsigned& bits)
{
    if (flags == nullptr) {
        return ICMOE_VOTE_INVALID;
    }
    bits = 0;
    for (int v = 0; v < voices; ++v) {
        bits |= (flags[v] != 0 ? 1U : 0U) << v;
    }
    return bits != 0 ? ICMOE_VOTE_DONE : ICMOE_VOTE_INVALID;
}

int check(const IcmoeVoteInput* input, const IcmoeVoteOutput* output)
{
    if (!isComplete(input, output)) {
        return ICMOE_VOTE_INVALID;
    }
    return input->voices <= kMostVoices ? ICMOE_VOTE_DONE : ICMOE_VOTE_TOO_MANY_VOICES;
}

int vote(const IcmoeVoteInput* input, const IcmoeVoteOutput* output, void* stream)
{
    if (const int wrong = check(input, output); wrong != ICMOE_VOTE_DONE) {
        return wrong;
    }
    unsigned kept = 0;
    const int wrong = readKept(input->kept, input->voices, kept);
    return wrong != ICMOE_VOTE_DONE ? wrong : launch(*input, kept, *output, static_cast<cudaStream_t>(stream));
}

/// Device memory for one vote, given back on every way out.
class Room {
public:
    explicit Room(cudaStream_t stream)
        : m_stream(stream)
    {
    }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;
    ~Room()
    {
        if (m_memory != nullptr) {
            (void)cudaFreeAsync(m_memory, m_stream);
        }
    }
    cudaError_t take(size_t floats)
    {
        void* memory = nullptr;
        const cudaError_t error = cudaMallocAsync(&memory, floats * sizeof(float), m_stream);
        m_memory = static_cast<float*>(memory);
        return error;
    }
    [[nodiscard]] float* at(size_t offset) const { return m_memory + offset; }

private:
    cudaStream_t m_stream;
    float* m_memory = nullptr;
};

int voteFromHost(const IcmoeVoteInput* input, const IcmoeVoteOutput* output, void* stream)
{
    if (const int wrong = check(input, output); wrong != ICMOE_VOTE_DONE) {
        return wrong;
    }
    unsigned kept = 0;
    if (const int wrong = readKept(input->kept, input->voices, kept); wrong != ICMOE_VOTE_DONE) {
        return wrong;
    }
    auto* const queue = static_cast<cudaStream_t>(stream);
    const auto voices = static_cast<size_t>(input->voices);
    const size_t pixels = static_cast<size_t>(input->height) * static_cast<size_t>(input->width);
    const size_t votes = voices * static_cast<size_t>(input->votesHeight) * static_cast<size_t>(input->votesWidth);
    Room room(queue);
    cudaError_t error = room.take(2 * voices * pixels + 2 * pixels + votes);
    if (error != cudaSuccess) {
        (void)cudaGetLastError(); // or the next launch would report it
        return static_cast<int>(error);
    }
    IcmoeVoteInput there = *input;
    float* const logitsThere = room.at(0);
    const IcmoeVoteOutput answer = {room.at(2 * voices * pixels), room.at(voices * pixels),
                                    room.at(2 * voices * pixels + pixels)};
    float* const votesThere = room.at(2 * voices * pixels + 2 * pixels);
    there.logits = logitsThere;
    there.votes = votesThere;
    const auto copy = [&](float* to, const float* from, size_t floats, cudaMemcpyKind kind) {
        if (error == cudaSuccess) {
            error = cudaMemcpyAsync(to, from, floats * sizeof(float), kind, queue);
        }
    };
    copy(logitsThere, input->logits, voices * pixels, cudaMemcpyHostToDevice);
    copy(votesThere, input->votes, votes, cudaMemcpyHostToDevice);
    if (error == cudaSuccess) {
        error = static_cast<cudaError_t>(launch(there, kept, answer, queue));
    }
    copy(output->p, answer.p, pixels, cudaMemcpyDeviceToHost);
    copy(output->weights, answer.weights, voices * pixels, cudaMemcpyDeviceToHost);
    copy(output->disagreement, answer.disagreement, pixels, cudaMemcpyDeviceToHost);
    const cudaError_t end = cudaStreamSynchronize(queue); // also after an error: the host's arrays are the caller's
    if (error == cudaSuccess) {
        error = end;
    }
    if (error != cudaSuccess) {
        (void)cudaGetLastError();
    }
    return static_cast<int>(error);
}

int deviceCount()
{
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

const char* errorText(int error)
{
    switch (error) {
    case ICMOE_VOTE_INVALID:
        return "invalid sizes or pointers";
    case ICMOE_VOTE_TOO_MANY_VOICES:
        return "too many voices for the kernel";
    case ICMOE_VOTE_NO_MEMORY:
        return "no memory";
    default:
        return cudaGetErrorString(static_cast<cudaError_t>(error));
    }
}

constexpr IcmoeCudaModule kModule = {
    ICMOE_CUDA_VERSION, static_cast<int>(sizeof(IcmoeCudaModule)), deviceCount, errorText, vote, voteFromHost};

} // namespace

extern "C" __attribute__((visibility("default"))) const IcmoeCudaModule* icmoe_cuda_module(void)
{
    return &kModule;
}
