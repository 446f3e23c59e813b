#include "Vfp8_to_fp16.h"
#include "bulk.h"

BULK_API void evaluate(std::size_t count, const std::uint8_t* code, const std::uint8_t* fmt,
                       const std::uint8_t* bias, std::uint16_t* y) {
    bulk::for_each<Vfp8_to_fp16>(
        count, [=](auto& m, std::size_t i) { m.code_i = code[i], m.fmt_i = fmt[i], m.bias_i = bias[i]; },
        [=](auto& m, std::size_t i) { y[i] = m.y_o; });
}
