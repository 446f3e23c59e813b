#include "Vfp32_to_fp16.h"
#include "bulk.h"

BULK_API void evaluate(std::size_t count, const std::uint32_t* a, std::uint16_t* y) {
    bulk::for_each<Vfp32_to_fp16>(
        count, [=](auto& m, std::size_t i) { m.a_i = a[i]; },
        [=](auto& m, std::size_t i) { y[i] = m.y_o; });
}
