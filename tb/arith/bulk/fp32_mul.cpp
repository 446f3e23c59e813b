#include "Vfp32_mul.h"
#include "bulk.h"

BULK_API void evaluate(std::size_t count, const std::uint32_t* a, const std::uint32_t* b, std::uint32_t* prod) {
    bulk::for_each<Vfp32_mul>(
        count, [=](auto& m, std::size_t i) { m.a_i = a[i], m.b_i = b[i]; },
        [=](auto& m, std::size_t i) { prod[i] = m.prod_o; });
}
