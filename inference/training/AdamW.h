#pragma once

#include <ATen/core/Tensor.h>
#include <map>
#include <string>
#include <vector>

namespace icmoe::training {

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019) over named parameters, and an average of them over the
/// last steps. Its state is part of a checkpoint.
class AdamW {
public:
    struct Options {
        double rate = 1e-3;
        double beta1 = 0.9;
        double beta2 = 0.99;
        double weightDecay = 1e-4;
        double gradientNorm = 1; ///< gradients together are cut to this length
        double averaging = 0.99; ///< share of the old average that a step keeps
    };
    /// The parameters get requires_grad and are changed in place.
    AdamW(std::map<std::string, at::Tensor> parameters, Options options);

    void zeroGradients();
    /// The parameters' gradients, zero where a backward pass did not reach, in a fixed order.
    [[nodiscard]] std::vector<at::Tensor> gradients();
    /// One step at `factor` times the rate; returns the gradients' length before cutting.
    double step(double factor);
    [[nodiscard]] const std::map<std::string, at::Tensor>& parameters() const { return m_parameters; }
    /// Detached copies of the averages.
    [[nodiscard]] std::map<std::string, at::Tensor> averaged() const;

    /// All that a later run needs to go on: `parameter.NAME`, `first.NAME`, `second.NAME`, `average.NAME`, `steps`.
    [[nodiscard]] std::map<std::string, at::Tensor> state() const;
    void restore(const std::map<std::string, at::Tensor>& state);
    [[nodiscard]] std::int64_t steps() const { return m_steps; }

private:
    std::map<std::string, at::Tensor> m_parameters;
    std::map<std::string, at::Tensor> m_first;
    std::map<std::string, at::Tensor> m_second;
    std::map<std::string, at::Tensor> m_average;
    Options m_options;
    std::int64_t m_steps = 0;
};

} // namespace icmoe::training
