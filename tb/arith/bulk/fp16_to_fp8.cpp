#include "Vfp16_to_fp8.h"
#include "bulk.h"

BULK_API void evaluate(std::size_t count, const std::uint16_t* a, const std::uint8_t* fmt, const std::uint8_t* bias,
                       std::uint8_t* code, std::uint8_t* fp16, std::uint8_t* flush) {
    bulk::for_each<Vfp16_to_fp8>(
        count, [=](auto& m, std::size_t i) { m.a_i = a[i], m.fmt_i = fmt[i], m.bias_i = bias[i]; },
        [=](auto& m, std::size_t i) { code[i] = m.code_o, fp16[i] = m.fp16_o, flush[i] = m.flush_o; });
}
