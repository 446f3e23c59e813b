// Evaluates a combinational model once for each element of some arrays.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../../simulation.hpp"

#define BULK_API extern "C" __attribute__((visibility("default")))

namespace bulk {

// Calls `drive(model, i)`, evaluates, and calls `read(model, i)`, for i from 0 to count - 1.
template <typename Model, typename Drive, typename Read>
void for_each(std::size_t count, Drive drive, Read read) {
    Simulation<Model> simulation;
    Model& model = *simulation;
    for (std::size_t i = 0; i < count; ++i) {
        drive(model, i);
        model.eval();
        read(model, i);
    }
    model.final();
}

}  // namespace bulk
