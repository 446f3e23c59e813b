// Number formats of the datapath and their arithmetic, as functions.
//
//   format     exponent  stored significand  bias                special values
//   binary32       8             23          127                 infinities, NaNs
//   FP16           5             10          15                  infinities, NaNs
//   FP8 E4M3       4              3          0 to 63, a tensor's  one NaN pattern a sign
//   FP8 E5M2       5              2          0 to 63, a tensor's  infinities, NaNs
//
// All rounding is to nearest, ties to even, and an operation that is given or makes a NaN returns
// the canonical one.
//
// How the functions are written. In each, a value stands in a word with its leading one at a known
// place and some guard bits below; it is rounded by adding just less than half of the last place, or
// just half if that place is odd; and the rounded word, its leading one still in it, is *added* to
// the exponent field, so that a carry out of the significand, and a subnormal that has none to give,
// need no case of their own. Shifts, normalisers and swaps are chains of a few conditional steps:
// that is what hardware needs, and with masks in place of selects where the condition is as good as
// random it is also what a compiler turns into code without branches that predict badly. acc_add and
// mul are called for each PE column in each simulated cycle.
package fp_pkg;

  ////////////////////////////////////////////////////////////////////////////////////////////////
  // Formats
  ////////////////////////////////////////////////////////////////////////////////////////////////

  localparam int unsigned Fp32ExpBits = 8;
  localparam int unsigned Fp32ManBits = 23;
  localparam int unsigned Fp32Bits = 1 + Fp32ExpBits + Fp32ManBits;
  localparam int unsigned Fp32Precision = Fp32ManBits + 1;  // with the leading one
  localparam int unsigned Fp32Bias = 2 ** (Fp32ExpBits - 1) - 1;

  localparam int unsigned Fp16ExpBits = 5;
  localparam int unsigned Fp16ManBits = 10;
  localparam int unsigned Fp16Bits = 1 + Fp16ExpBits + Fp16ManBits;
  localparam int unsigned Fp16Precision = Fp16ManBits + 1;
  localparam int unsigned Fp16Bias = 2 ** (Fp16ExpBits - 1) - 1;
  localparam int unsigned Fp16MaxExp = 2 ** Fp16ExpBits - 1;

  localparam int unsigned Fp8Bits = 8;
  localparam int unsigned Fp8BiasBits = 6;
  localparam int unsigned E4m3ExpBits = 4;
  localparam int unsigned E4m3ManBits = 3;
  localparam int unsigned E5m2ExpBits = 5;
  localparam int unsigned E5m2ManBits = 2;

  typedef enum logic {
    FmtE4m3 = 1'b0,
    FmtE5m2 = 1'b1
  } fp8_format_e;

  typedef struct packed {
    logic                   sign;
    logic [Fp32ExpBits-1:0] exp;
    logic [Fp32ManBits-1:0] man;
  } fp32_t;

  typedef struct packed {
    logic                   sign;
    logic [Fp16ExpBits-1:0] exp;
    logic [Fp16ManBits-1:0] man;
  } fp16_t;

  // What FGMP makes of one FP16 element.
  typedef struct packed {
    logic [Fp8Bits-1:0] code;   // 0 unless the element is an FP8 one
    logic               wide;   // stays FP16: infinity, NaN, or above the finite codes
    logic               flush;  // not zero, but zero once rounded
  } fp8_encoding_t;

  localparam logic [Fp32Bits-1:0] Fp32Nan = {
    1'b0, {Fp32ExpBits{1'b1}}, 1'b1, {(Fp32ManBits - 1) {1'b0}}
  };
  localparam logic [Fp16Bits-1:0] Fp16Nan = {
    1'b0, {Fp16ExpBits{1'b1}}, 1'b1, {(Fp16ManBits - 1) {1'b0}}
  };
  localparam logic [Fp16Bits-2:0] Fp16Inf = {{Fp16ExpBits{1'b1}}, {Fp16ManBits{1'b0}}};

  // The highest finite codes: one below the NaN of E4M3, one below the infinity of E5M2.
  localparam logic [Fp8Bits-2:0] E4m3Max = {{(Fp8Bits - 2) {1'b1}}, 1'b0};
  localparam logic [Fp8Bits-2:0] E5m2Inf = {{E5m2ExpBits{1'b1}}, {E5m2ManBits{1'b0}}};
  localparam logic [Fp8Bits-2:0] E5m2Max = E5m2Inf - 1'b1;

  ////////////////////////////////////////////////////////////////////////////////////////////////
  // Addition of binary32
  ////////////////////////////////////////////////////////////////////////////////////////////////

  // An operand: the significand, and three bits below it: guard, round and sticky.
  localparam int unsigned AddGuardBits = 3;
  localparam int unsigned AlignBits = Fp32Precision + AddGuardBits;
  // Operands are added in this word, which has room for the carry.
  localparam int unsigned AddBits = 1 + AlignBits;
  localparam int unsigned AddShiftBits = $clog2(AddBits);
  // Leading one of a normalised sum, which is where the carry of the addition goes.
  localparam int unsigned AddTop = AddBits - 1;
  localparam int unsigned AddDropBits = AddTop - Fp32ManBits;

  // The operand of lesser magnitude, moved right by the difference of the exponents; the longest shift
  // leaves only the sticky bit, as those do for which there are no bits.
  function automatic logic [AlignBits-1:0] align_sticky(input logic [AlignBits-1:0] sig,
                                                        input logic [Fp32ExpBits-1:0] distance);
    logic [AddShiftBits-1:0] shift;
    logic [AlignBits-1:0] kept;
    shift = AddShiftBits'(distance) | {AddShiftBits{distance[Fp32ExpBits-1:AddShiftBits] != '0}};
    kept  = sig >> shift;
    return kept | AlignBits'((kept << shift) != sig);
  endfunction

  // A normalised sum rounded to the significand of binary32, its leading one still in it.
  function automatic logic [Fp32Bits-1:0] round_sum(input logic [AddBits-1:0] sig);
    logic [AddBits:0] rounded;  // one more, for the carry of the rounding
    rounded = {1'b0, sig} + (AddBits + 1)'(2 ** (AddDropBits - 1) - 1) +
        (AddBits + 1)'(sig[AddDropBits]);
    return Fp32Bits'(rounded >> AddDropBits);
  endfunction

  // Sum of two operands, full IEEE.
  function automatic logic [Fp32Bits-1:0] add(input logic [Fp32Bits-1:0] a,
                                              input logic [Fp32Bits-1:0] b);
    /* verilator no_inline_task */
    logic subtract;
    logic [Fp32Bits-1:0] swap, sum;
    fp32_t hi, lo;
    logic [Fp32ExpBits-1:0] hi_exp, lo_exp;
    logic [Fp32ExpBits-1:0] exp;  // of the place AddTop: at most 255, but for special operands
    logic [AddBits-1:0] sig;
    logic [1:0] shift;

    swap = (a ^ b) & {Fp32Bits{b[Fp32Bits-2:0] > a[Fp32Bits-2:0]}};
    hi = a ^ swap;
    lo = b ^ swap;
    subtract = hi.sign ^ lo.sign;

    // Zero and subnormals have the lowest exponent, 1, and no leading one.
    hi_exp = hi.exp | Fp32ExpBits'(hi.exp == '0);
    lo_exp = lo.exp | Fp32ExpBits'(lo.exp == '0);
    sig = AddBits'(align_sticky({lo.exp != '0, lo.man, {AddGuardBits{1'b0}}}, hi_exp - lo_exp));
    sig = {1'b0, hi.exp != '0, hi.man, {AddGuardBits{1'b0}}} + (sig ^ {AddBits{subtract}}) +
        AddBits'(subtract);

    // Normalise, but no further than to exponent 1: a sum that stays below is subnormal, and exact.
    // Cancellation of more than one bit is the exception: a branch that is seldom taken. The shift
    // after it is by up to two places, so this one need not come nearer than one.
    exp = hi_exp + 1'b1;
    if (sig[AddTop-:3] == '0) begin
      for (int unsigned step = 1 << (AddShiftBits - 1); step > 1; step >>= 1) begin
        if (sig >> (AddBits - step) == '0 && exp > Fp32ExpBits'(step)) begin
          sig = sig << step;
          exp = exp - Fp32ExpBits'(step);
        end
      end
    end
    shift = 2'(!sig[AddTop] && exp > 1) + 2'(sig[AddTop-:2] == '0 && exp > 2);
    sig   = sig << shift;
    exp   = exp - Fp32ExpBits'(shift);

    sum   = {hi.sign, exp - 1'b1, {Fp32ManBits{1'b0}}} + round_sum(sig);
    if (sum[Fp32ManBits+:Fp32ExpBits] == '1) sum[Fp32ManBits-1:0] = '0;  // overflow
    if (sig == '0) sum = {a[Fp32Bits-1] & b[Fp32Bits-1], {(Fp32Bits - 1) {1'b0}}};
    if (hi.exp == '1) sum = add_special(hi, subtract && lo.exp == '1);
    return sum;
  endfunction

  // Sum of which the operand of greater magnitude is an infinity or a NaN.
  function automatic logic [Fp32Bits-1:0] add_special(input fp32_t hi, input logic opposite_inf);
    return hi.man != '0 || opposite_inf ? Fp32Nan : hi;
  endfunction

  // Sum in a PE's accumulator: `add` for operands that are multiples of 2^-48, as sums of products of
  // FP16 are. Such a sum is 0, or lies far from both ends of binary32, so that neither subnormals nor
  // overflow need logic; infinities and NaNs are as ever. (A multiplier's product may be -0, too.)
  function automatic logic [Fp32Bits-1:0] acc_add(input logic [Fp32Bits-1:0] a,
                                                  input logic [Fp32Bits-1:0] b);
    /* verilator no_inline_task */
    logic subtract;
    logic [Fp32Bits-1:0] swap, sum;
    fp32_t hi, lo;
    logic [Fp32ExpBits-1:0] exp;  // of the place AddTop, less 1
    logic [AddBits-1:0] sig;
    logic [1:0] shift;

    swap = (a ^ b) & {Fp32Bits{b[Fp32Bits-2:0] > a[Fp32Bits-2:0]}};
    hi = a ^ swap;
    lo = b ^ swap;
    subtract = hi.sign ^ lo.sign;

    // A lo of 0 is taken for 2^-127: as hi is at least 2^-48, that is but a sticky bit, and alone it
    // never changes the rounded sum. A hi of 0 is dealt with below.
    sig = AddBits'(align_sticky({1'b1, lo.man, {AddGuardBits{1'b0}}}, hi.exp - lo.exp));
    sig = {2'b01, hi.man, {AddGuardBits{1'b0}}} + (sig ^ {AddBits{subtract}}) + AddBits'(subtract);
    exp = hi.exp;

    if (sig[AddTop-:3] == '0) begin
      for (int unsigned step = 1 << (AddShiftBits - 1); step > 1; step >>= 1) begin
        if (sig >> (AddBits - step) == '0) begin
          sig = sig << step;
          exp = exp - Fp32ExpBits'(step);
        end
      end
    end
    shift = 2'(!sig[AddTop]) + 2'(sig[AddTop-:2] == '0);
    sig   = sig << shift;
    exp   = exp - Fp32ExpBits'(shift);

    sum   = {hi.sign, exp, {Fp32ManBits{1'b0}}} + round_sum(sig);
    if (sig == '0) sum = '0;
    if (hi.exp == '0) sum = {a[Fp32Bits-1] & b[Fp32Bits-1], {(Fp32Bits - 1) {1'b0}}};
    if (hi.exp == '1) sum = add_special(hi, subtract && lo.exp == '1);
    return sum;
  endfunction

  ////////////////////////////////////////////////////////////////////////////////////////////////
  // Exact product of FP16 operands
  ////////////////////////////////////////////////////////////////////////////////////////////////

  localparam int unsigned MulBits = 2 * Fp16Precision;
  localparam int unsigned MulTop = MulBits - 1;
  localparam int unsigned MulShiftBits = $clog2(MulBits);
  // What the exponents' sum lacks to be the exponent field of a product whose leading one stands one
  // below MulTop, less the leading one itself, which is added to that field.
  localparam int unsigned MulRebias = Fp32Bias - 2 * Fp16Bias - 1;

  // Product as binary32, which holds all its bits and its exponent: exact.
  function automatic logic [Fp32Bits-1:0] mul(input logic [Fp16Bits-1:0] a,
                                              input logic [Fp16Bits-1:0] b);
    /* verilator no_inline_task */
    fp16_t x, y;
    logic [MulBits-1:0] sig;
    logic [Fp32ExpBits-1:0] exp;
    logic [Fp32Bits-2:0] magnitude;
    logic [Fp32Bits-1:0] product;

    x = a;
    y = b;
    sig = MulBits'({x.exp != '0, x.man}) * MulBits'({y.exp != '0, y.man});
    exp = Fp32ExpBits'(x.exp) + Fp32ExpBits'(x.exp == '0) + Fp32ExpBits'(y.exp) +
        Fp32ExpBits'(y.exp == '0) + Fp32ExpBits'(MulRebias);

    // Normal operands leave the leading one at MulTop or one below; others are the exception, and are
    // brought there.
    if (sig[MulTop-:2] == '0) begin
      for (int unsigned step = 1 << (MulShiftBits - 1); step > 1; step >>= 1) begin
        if (sig >> (MulBits - step) == '0) begin
          sig = sig << step;
          exp = exp - Fp32ExpBits'(step);  // at most 127, as one operand is subnormal
        end
      end
    end
    exp = exp + Fp32ExpBits'(sig[MulTop]);
    sig = sig << !sig[MulTop];
    magnitude = {exp, {Fp32ManBits{1'b0}}} + {{(Fp32ExpBits - 1) {1'b0}}, sig, 2'b00};
    if (sig == '0) magnitude = '0;
    product = {x.sign ^ y.sign, magnitude};
    if ((x.exp == '1) | (y.exp == '1)) product = mul_special(x, y);
    return product;
  endfunction

  // Product of operands of which at least one is an infinity or a NaN.
  function automatic logic [Fp32Bits-1:0] mul_special(input fp16_t x, input fp16_t y);
    logic invalid;  // a NaN, or infinity times zero
    invalid = (x.exp == '1 && x.man != '0) || (y.exp == '1 && y.man != '0) ||
        {x.exp, x.man} == '0 || {y.exp, y.man} == '0;
    return invalid ? Fp32Nan : {x.sign ^ y.sign, {Fp32ExpBits{1'b1}}, {Fp32ManBits{1'b0}}};
  endfunction

  ////////////////////////////////////////////////////////////////////////////////////////////////
  // Product of binary32
  ////////////////////////////////////////////////////////////////////////////////////////////////

  localparam int unsigned Mul32Bits = 2 * Fp32Precision;
  localparam int unsigned Mul32Top = Mul32Bits - 1;
  localparam int unsigned Mul32ShiftBits = $clog2(Mul32Bits);
  localparam int unsigned Mul32DropBits = Mul32Top - Fp32ManBits;
  // Exponents are signed and hold the sum of two, and that of subnormals brought to a leading one.
  localparam int unsigned Mul32ExpBits = Fp32ExpBits + 2;
  // Moved right by this much, any product is below half of the last place.
  localparam int unsigned Mul32MaxShift = Fp32Precision + 1;
  // Holds any exponent above a rounded significand, so that overflow shows.
  localparam int unsigned Mul32SumBits = Mul32ExpBits + Fp32ManBits;

  // Product of two operands, full IEEE.
  function automatic logic [Fp32Bits-1:0] mul_fp32(input logic [Fp32Bits-1:0] a,
                                                   input logic [Fp32Bits-1:0] b);
    /* verilator no_inline_task */
    fp32_t x, y;
    logic is_normal;
    logic [Mul32Bits-1:0] sig, kept;
    logic [Fp32Precision:0] rounded;  // one more, for the carry
    logic signed [Mul32ExpBits-1:0] exp, below;
    logic [Mul32ShiftBits-1:0] shift;
    logic [  Mul32SumBits-1:0] magnitude;

    x = a;
    y = b;
    sig = Mul32Bits'({x.exp != '0, x.man}) * Mul32Bits'({y.exp != '0, y.man});

    // Exponent field for a leading one at the top. Normal operands leave it there or one below; others
    // are the exception.
    exp = Mul32ExpBits'(x.exp) + Mul32ExpBits'(x.exp == '0) + Mul32ExpBits'(y.exp) +
        Mul32ExpBits'(y.exp == '0) - Mul32ExpBits'(Fp32Bias - 1);
    if (sig[Mul32Top-:2] == '0) begin
      for (int unsigned step = 1 << (Mul32ShiftBits - 1); step > 1; step >>= 1) begin
        if (sig >> (Mul32Bits - step) == '0) begin
          sig = sig << step;
          exp = exp - Mul32ExpBits'(step);
        end
      end
    end
    if (!sig[Mul32Top]) begin
      sig = sig << 1;
      exp = exp - Mul32ExpBits'(1);
    end

    // Below exponent 1 the product is subnormal.
    below = Mul32ExpBits'(1) - exp;
    is_normal = below <= 0;
    shift = is_normal ? '0 :
        below > Mul32ExpBits'(Mul32MaxShift) ? Mul32ShiftBits'(Mul32MaxShift) :
        Mul32ShiftBits'(below);
    kept = sig >> shift;
    kept = kept | Mul32Bits'((kept << shift) != sig);  // sticky

    // The rounding may carry out of the word: the place above it is the exponent's.
    rounded = (Fp32Precision + 1)'(({1'b0, kept} + (Mul32Bits + 1)'(2 ** (Mul32DropBits - 1) - 1) +
                                    (Mul32Bits + 1)'(kept[Mul32DropBits])) >> Mul32DropBits);
    magnitude = Mul32SumBits'(rounded);
    if (is_normal) magnitude = magnitude + {Mul32ExpBits'(-below), {Fp32ManBits{1'b0}}};
    if (magnitude >= {2'b00, {Fp32ExpBits{1'b1}}, {Fp32ManBits{1'b0}}})
      magnitude = {2'b00, {Fp32ExpBits{1'b1}}, {Fp32ManBits{1'b0}}};
    if (sig == '0) magnitude = '0;
    return (x.exp == '1) | (y.exp == '1) ? mul_fp32_special(
        x, y
    ) : {x.sign ^ y.sign, magnitude[Fp32Bits-2:0]};
  endfunction

  // Product of operands of which at least one is an infinity or a NaN.
  function automatic logic [Fp32Bits-1:0] mul_fp32_special(input fp32_t x, input fp32_t y);
    logic invalid;  // a NaN, or infinity times zero
    invalid = (x.exp == '1 && x.man != '0) || (y.exp == '1 && y.man != '0) ||
        {x.exp, x.man} == '0 || {y.exp, y.man} == '0;
    return invalid ? Fp32Nan : {x.sign ^ y.sign, {Fp32ExpBits{1'b1}}, {Fp32ManBits{1'b0}}};
  endfunction

  ////////////////////////////////////////////////////////////////////////////////////////////////
  // Conversions
  ////////////////////////////////////////////////////////////////////////////////////////////////

  // binary32 to FP16.
  localparam int unsigned NarrowDropBits = Fp32ManBits - Fp16ManBits;
  localparam int unsigned NarrowSigBits = Fp32Precision;
  localparam int unsigned NarrowShiftBits = $clog2(NarrowSigBits);
  // Exponent field of binary32 that becomes 1 in FP16; below it results are subnormal.
  localparam int unsigned NarrowMinExp = Fp32Bias - Fp16Bias + 1;
  // Holds any exponent of binary32 above that of an FP16's significand, so that overflow shows.
  localparam int unsigned NarrowBits = Fp32ExpBits + Fp16ManBits;

  function automatic logic [Fp16Bits-1:0] to_fp16(input logic [Fp32Bits-1:0] a);
    fp32_t x;
    logic is_normal;
    logic [Fp32ExpBits-1:0] distance;  // from the lowest normal exponent
    logic [NarrowShiftBits-1:0] shift;
    logic [NarrowSigBits-1:0] sig, kept;
    logic [Fp16Precision:0] rounded;  // one more, for the carry
    logic [ NarrowBits-1:0] magnitude;

    x = a;
    is_normal = x.exp >= Fp32ExpBits'(NarrowMinExp);
    distance = is_normal ? x.exp - Fp32ExpBits'(NarrowMinExp) : Fp32ExpBits'(NarrowMinExp) - x.exp;
    // The longest shift leaves only the sticky bit, as those do for which there are no bits.
    shift = NarrowShiftBits'(distance) |
        {NarrowShiftBits{distance[Fp32ExpBits-1:NarrowShiftBits] != '0}};
    if (is_normal) shift = '0;
    // Zero and subnormals get a leading one that they lack: too far down to matter.
    sig = {1'b1, x.man};
    kept = sig >> shift;
    kept = kept | NarrowSigBits'((kept << shift) != sig);  // sticky
    rounded = (Fp16Precision + 1)'(
        ({1'b0, kept} + (NarrowSigBits + 1)'(2 ** (NarrowDropBits - 1) - 1) +
         (NarrowSigBits + 1)'(kept[NarrowDropBits])) >> NarrowDropBits);

    magnitude = NarrowBits'(rounded);
    if (is_normal) magnitude = magnitude + {distance, {Fp16ManBits{1'b0}}};
    if (magnitude > NarrowBits'(Fp16Inf)) magnitude = NarrowBits'(Fp16Inf);
    return x.exp == '1 && x.man != '0 ? Fp16Nan : {x.sign, magnitude[Fp16Bits-2:0]};
  endfunction

  // FP16 to binary32: the exact product by one.
  localparam logic [Fp16Bits-1:0] Fp16One = {1'b0, Fp16ExpBits'(Fp16Bias), {Fp16ManBits{1'b0}}};

  function automatic logic [Fp32Bits-1:0] to_fp32(input logic [Fp16Bits-1:0] a);
    return mul(a, Fp16One);
  endfunction

  // FP8 to FP16. Exponents are signed and hold all that a bias can make of them.
  localparam int unsigned Fp8Precision = E4m3ManBits + 1;  // E5M2 has a bit less
  localparam int unsigned ScaledExpBits = Fp8BiasBits + 2;
  // Shifted by one more than the significand is long, a value is below half of the last place: the
  // guard bits are so many that even then no bit is lost, and no sticky bit is needed.
  localparam int unsigned WidenMaxShift = Fp16Precision + 1;
  localparam int unsigned WidenShiftBits = $clog2(WidenMaxShift + 1);
  localparam int unsigned WidenGuardBits = WidenMaxShift - Fp16Precision + Fp8Precision;
  localparam int unsigned WidenSigBits = Fp16Precision + WidenGuardBits;

  function automatic logic [Fp16Bits-1:0] from_fp8(input logic [Fp8Bits-1:0] code, input logic fmt,
                                                   input logic [Fp8BiasBits-1:0] bias);
    logic is_e5m2, is_nan, is_inf, is_normal;
    logic [ E5m2ExpBits-1:0] field;
    logic [Fp8Precision-1:0] sig;
    logic signed [ScaledExpBits-1:0] exp, below;
    logic [WidenShiftBits-1:0] shift;
    logic [WidenSigBits-1:0] kept;
    logic [Fp16Precision-1:0] rounded;
    logic [Fp16Bits-2:0] magnitude;

    is_e5m2 = fmt == FmtE5m2;
    if (is_e5m2) begin
      field = code[E5m2ManBits+:E5m2ExpBits];
      sig = {field != '0, code[E5m2ManBits-1:0], 1'b0};
      is_nan = code[Fp8Bits-2:0] > E5m2Inf;
      is_inf = code[Fp8Bits-2:0] == E5m2Inf;
    end else begin
      field = E5m2ExpBits'(code[E4m3ManBits+:E4m3ExpBits]);
      sig = {field != '0, code[E4m3ManBits-1:0]};
      is_nan = code[Fp8Bits-2:0] > E4m3Max;
      is_inf = 1'b0;
    end

    // Exponent field of FP16 for a significand whose leading one is in place.
    exp = ScaledExpBits'(field) + ScaledExpBits'(field == '0) - ScaledExpBits'(bias) +
        ScaledExpBits'(Fp16Bias);
    if (sig[Fp8Precision-1-:2] == '0) begin
      sig = sig << 2;
      exp = exp - ScaledExpBits'(2);
    end
    if (!sig[Fp8Precision-1]) begin
      sig = sig << 1;
      exp = exp - ScaledExpBits'(1);
    end

    // Below exponent 1 the result is subnormal.
    below = ScaledExpBits'(1) - exp;
    is_normal = below <= 0;
    shift = is_normal ? '0 :
        below > ScaledExpBits'(WidenMaxShift) ? WidenShiftBits'(WidenMaxShift) :
        WidenShiftBits'(below);
    kept = {sig, {(WidenSigBits - Fp8Precision) {1'b0}}} >> shift;
    rounded = Fp16Precision'((kept + WidenSigBits'(2 ** (WidenGuardBits - 1) - 1) +
                              WidenSigBits'(kept[WidenGuardBits])) >> WidenGuardBits);
    magnitude = (Fp16Bits - 1)'(rounded);
    if (is_normal) magnitude = magnitude + {Fp16ExpBits'(-below), {Fp16ManBits{1'b0}}};
    if (is_inf || (is_normal && exp[ScaledExpBits-2:0] >= (ScaledExpBits - 1)'(Fp16MaxExp)))
      magnitude = Fp16Inf;
    if (sig == '0) magnitude = '0;
    return is_nan ? Fp16Nan : {code[Fp8Bits-1], magnitude};
  endfunction

  // FP16 to FP8, and whether FGMP takes it. Guard bits as above, and one as E5M2 is a bit shorter.
  localparam int unsigned EncodeMaxShift = Fp8Precision + 1;
  localparam int unsigned EncodeShiftBits = $clog2(EncodeMaxShift + 2);
  localparam int unsigned EncodeSigBits = Fp16Precision + EncodeMaxShift + 2;  // with a carry bit
  localparam int unsigned EncodeDropBits = EncodeSigBits - 1 - Fp8Precision;
  localparam int unsigned EncodeNormBits = $clog2(Fp16Precision);
  // Holds any exponent that is not negative (at most 79) above the significand of E4M3.
  localparam int unsigned EncodeExpBits = ScaledExpBits - 1;
  localparam int unsigned EncodeBits = EncodeExpBits + E4m3ManBits;

  function automatic fp8_encoding_t to_fp8(input logic [Fp16Bits-1:0] a, input logic fmt,
                                           input logic [Fp8BiasBits-1:0] bias);
    fp16_t x;
    logic is_e5m2, is_zero, is_wide, is_normal;
    logic [Fp16Precision-1:0] sig;
    logic signed [ScaledExpBits-1:0] exp, below;
    logic [EncodeShiftBits-1:0] shift;
    logic [EncodeSigBits-1:0] kept;
    logic [Fp8Precision:0] rounded;  // one more, for the carry
    logic [EncodeBits-1:0] magnitude;

    x = a;
    is_e5m2 = fmt == FmtE5m2;
    is_zero = {x.exp, x.man} == '0;

    // Exponent field of FP8 for a significand whose leading one is in place.
    sig = {x.exp != '0, x.man};
    exp = ScaledExpBits'(x.exp) + ScaledExpBits'(x.exp == '0) - ScaledExpBits'(Fp16Bias) +
        ScaledExpBits'(bias);
    for (int unsigned step = 1 << (EncodeNormBits - 1); step != 0; step >>= 1) begin
      if (sig >> (Fp16Precision - step) == '0) begin
        sig = sig << step;
        exp = exp - ScaledExpBits'(step);
      end
    end

    // Below exponent 1 the result is subnormal.
    below = ScaledExpBits'(1) - exp;
    is_normal = below <= 0;
    shift = is_normal ? '0 :
        below > ScaledExpBits'(EncodeMaxShift) ? EncodeShiftBits'(EncodeMaxShift) :
        EncodeShiftBits'(below);
    kept = {1'b0, sig, {(EncodeMaxShift + 1) {1'b0}}} >> (shift + EncodeShiftBits'(is_e5m2));
    rounded = (Fp8Precision + 1)'((kept + EncodeSigBits'(2 ** (EncodeDropBits - 1) - 1) +
                                   EncodeSigBits'(kept[EncodeDropBits])) >> EncodeDropBits);
    magnitude = EncodeBits'(rounded);
    if (is_normal) begin
      magnitude = magnitude + (is_e5m2 ? {1'b0, EncodeExpBits'(-below), {E5m2ManBits{1'b0}}}
                                       : {EncodeExpBits'(-below), {E4m3ManBits{1'b0}}});
    end

    is_wide = x.exp == '1 || (!is_zero && magnitude > EncodeBits'(is_e5m2 ? E5m2Max : E4m3Max));
    to_fp8.wide = is_wide;
    to_fp8.flush = !is_wide && !is_zero && magnitude == '0;
    to_fp8.code = is_wide || is_zero || magnitude == '0 ? '0 : {x.sign, magnitude[Fp8Bits-2:0]};
  endfunction
endpackage
