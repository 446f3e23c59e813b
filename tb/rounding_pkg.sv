// Which cases of the arithmetic an operation meets, told from its operands: for covers alone.
//
// An operation's exact value is told in binary64, which holds it whole wherever a case below depends on it: a
// product of two binary32 always, a sum as long as its operands' exponents are at most 28 apart.
package rounding_pkg;

  localparam int unsigned DoubleBias = 1023, DoubleManBits = 52;
  localparam int unsigned WideManBits = DoubleManBits - fp_pkg::Fp32ManBits;
  localparam int MinExp32 = -126, MinExp16 = -14;

  // How a value became the result.
  typedef struct packed {
    logic exact;
    logic down;  // in magnitude
    logic up;
    logic tie_down;  // to the even one, below or above
    logic tie_up;
    logic carry;  // up to the next power of two
    logic overflow;
    logic subnormal;
    logic vanishes;  // a value that is not zero becomes zero
    logic zero;
    logic infinity;  // of an operand
    logic nan;
  } rounding_t;

  // What an addition does before it rounds.
  typedef struct packed {
    rounding_t rounding;
    // Exponents apart by: 0, 1, so few that some of the lesser operand is added, only its sticky bits
    // beside the guard bits, only one sticky bit.
    logic shift_none;
    logic shift_one;
    logic shift_small;
    logic shift_sticky;
    logic shift_beyond;
    // What is left is: nothing, at least 8 bits shorter, one bit shorter, one bit longer.
    logic cancels;
    logic cancels_much;
    logic cancels_one;
    logic grows;
    logic both_positive;
    logic both_negative;
    logic positive_wins;
    logic negative_wins;
    logic opposite_infinities;
    logic minus_zeros;
  } addition_t;

  function automatic real value_of(input fp_pkg::fp32_t x);
    real value, one;
    logic [10:0] exp;
    exp   = 11'(x.exp) + 11'(x.exp == '0) + 11'(DoubleBias - fp_pkg::Fp32Bias);
    value = $bitstoreal({x.sign, exp, x.man, {WideManBits{1'b0}}});
    one   = $bitstoreal({x.sign, exp, {DoubleManBits{1'b0}}});
    return x.exp == '0 ? value - one : value;  // a subnormal has no leading one
  endfunction

  function automatic int exponent_of(input real value);
    logic [63:0] bits;
    bits = $realtobits(value);
    return 32'(bits[62:DoubleManBits]) - DoubleBias;
  endfunction

  // A finite exact value and what it was rounded to, both given as magnitudes, in a format of so many bits.
  function automatic rounding_t round_of(input real exact, input real rounded, input int precision,
                                         input int min_exp, input logic is_infinite);
    int exp;
    real half, error;
    round_of = '0;
    if (exact == 0.0) begin
      round_of.zero = 1'b1;
      return round_of;
    end
    exp = exponent_of(exact);
    if (exp < min_exp) begin
      exp = min_exp;
      round_of.subnormal = !is_infinite && rounded != 0.0 && exponent_of(rounded) < min_exp;
    end
    if (is_infinite) begin
      round_of.overflow = 1'b1;
      return round_of;
    end
    round_of.vanishes = rounded == 0.0;
    half = $bitstoreal({1'b0, 11'(exp - precision + DoubleBias), 52'b0});
    error = rounded - exact;
    round_of.exact = error == 0.0;
    round_of.tie_up = error == half;
    round_of.tie_down = error == -half;
    round_of.up = error > 0.0 && error != half;
    round_of.down = error < 0.0 && error != -half;
    round_of.carry = error > 0.0 && exponent_of(rounded) > exp;
  endfunction

  function automatic real magnitude(input real value);
    return value < 0.0 ? -value : value;
  endfunction

  function automatic logic is_nan(input fp_pkg::fp32_t x);
    return x.exp == '1 && x.man != '0;
  endfunction

  function automatic addition_t addition(input logic [fp_pkg::Fp32Bits-1:0] a,
                                         input logic [fp_pkg::Fp32Bits-1:0] b);
    fp_pkg::fp32_t x, y, hi, lo, sum;
    int distance, hi_exp, sum_exp;
    addition = '0;
    x = a;
    y = b;
    if (x.exp == '1 || y.exp == '1) begin
      addition.opposite_infinities = !is_nan(x) && !is_nan(y) && x.exp == y.exp && x.sign != y.sign;
      addition.rounding.nan = is_nan(x) || is_nan(y);
      addition.rounding.infinity = !addition.rounding.nan && !addition.opposite_infinities;
      return addition;
    end
    sum = fp_pkg::add(a, b);
    addition.minus_zeros = x.sign && y.sign && a[30:0] == '0 && b[30:0] == '0;
    if (a[30:0] == '0 || b[30:0] == '0) begin
      addition.rounding.zero = a[30:0] == b[30:0];
      return addition;
    end
    hi = a[30:0] >= b[30:0] ? x : y;
    lo = a[30:0] >= b[30:0] ? y : x;
    hi_exp = hi.exp == '0 ? 1 : 32'(hi.exp);
    distance = hi_exp - (lo.exp == '0 ? 1 : 32'(lo.exp));
    addition.shift_none = distance == 0;
    addition.shift_one = distance == 1;
    addition.shift_small = distance > 1 && distance <= 24;
    addition.shift_sticky = distance > 24 && distance <= 28;
    addition.shift_beyond = distance > 28;
    addition.both_positive = !x.sign && !y.sign;
    addition.both_negative = x.sign && y.sign;
    addition.positive_wins = !hi.sign && lo.sign;
    addition.negative_wins = hi.sign && !lo.sign;
    sum_exp = sum.exp == '0 ? 1 : 32'(sum.exp);
    addition.cancels = sum[30:0] == '0;
    addition.cancels_much = sum[30:0] != '0 && sum_exp + 8 <= hi_exp;
    addition.cancels_one = sum[30:0] != '0 && sum_exp + 1 == hi_exp;
    addition.grows = sum_exp == hi_exp + 1;
    if (!addition.shift_beyond) begin
      addition.rounding = round_of(
          magnitude(
              value_of(x) + value_of(y)
          ),
          magnitude(
              value_of(sum)
          ),
          fp_pkg::Fp32Precision,
          MinExp32,
          sum.exp == '1
      );
    end
  endfunction

  function automatic rounding_t product(input logic [fp_pkg::Fp32Bits-1:0] a,
                                        input logic [fp_pkg::Fp32Bits-1:0] b);
    fp_pkg::fp32_t x, y, rounded;
    product = '0;
    x = a;
    y = b;
    rounded = fp_pkg::mul_fp32(a, b);
    if (x.exp == '1 || y.exp == '1) begin
      product.nan = is_nan(rounded);
      product.infinity = !product.nan;
      return product;
    end
    return round_of(
        magnitude(
            value_of(x) * value_of(y)
        ),
        magnitude(
            value_of(rounded)
        ),
        fp_pkg::Fp32Precision,
        MinExp32,
        rounded.exp == '1
    );
  endfunction

  // To FP16.
  function automatic rounding_t narrowing(input logic [fp_pkg::Fp32Bits-1:0] a);
    fp_pkg::fp32_t x;
    fp_pkg::fp16_t rounded;
    narrowing = '0;
    x = a;
    rounded = fp_pkg::to_fp16(a);
    if (x.exp == '1) begin
      narrowing.nan = is_nan(x);
      narrowing.infinity = !narrowing.nan;
      return narrowing;
    end
    return round_of(
        magnitude(
            value_of(x)
        ),
        magnitude(
            value_of(fp_pkg::to_fp32(rounded))
        ),
        fp_pkg::Fp16Precision,
        MinExp16,
        rounded.exp == '1
    );
  endfunction

endpackage
