/* exp, log and tanh as plain arithmetic, which the compiler can do for a whole register of numbers at once. */
#ifndef PGML_ELEMENTARY_H
#define PGML_ELEMENTARY_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* e ** x within two units in the last place; 0 below e ** -708, infinity above e ** 709.
 * x = n ln 2 + r with |r| <= ln 2 / 2, e ** r is its Taylor polynomial, 2 ** n goes into the exponent. */
static inline double quick_exp(double x) {
    const double shift = 6755399441055744.0; /* 1.5 * 2 ** 52: adding it rounds to a whole number */
    double bounded = x < -708.0 ? -708.0 : x > 709.0 ? 709.0 : x;
    double shifted = bounded * 1.4426950408889634 + shift, n = shifted - shift;
    double r = (bounded - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    uint64_t bits, whole;
    memcpy(&whole, &shifted, 8);
    memcpy(&bits, &p, 8);
    bits += whole << 52;
    memcpy(&p, &bits, 8);
    p = x < -708.0 ? 0.0 : p;
    p = x > 709.0 ? (double)INFINITY : p;
    return x != x ? x : p;
}

/* ln x for a normal x; NaN and infinity stay what they are.
 * x = m 2 ** e with m from sqrt(1/2) to sqrt(2), ln m = 2 artanh((m - 1) / (m + 1)) is its power series. */
static inline double quick_log(double x) {
    uint64_t bits, mantissa;
    memcpy(&bits, &x, 8);
    uint64_t scaled = bits - 0x3fe6a09e667f3bcdu; /* sqrt(1/2) */
    int64_t whole = (int64_t)(scaled >> 52) - (int64_t)(scaled >> 63 << 12);
    mantissa = bits - ((uint64_t)whole << 52);
    double m, e;
    memcpy(&m, &mantissa, 8);
    uint64_t shifted = (uint64_t)(whole + 2048) | 0x4330000000000000u; /* 2 ** 52 + whole + 2048, as a number */
    memcpy(&e, &shifted, 8);
    e -= 4503599627370496.0 + 2048.0;
    double s = (m - 1.0) / (m + 1.0), z = s * s, p = 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    p = p * z + 1.0;
    double result = e * 0.6931471805599453 + 2.0 * s * p;
    return x - x != 0 ? x : result;
}

/* tanh x; near 0 a rational approximation (Cody and Waite), else by exp. */
static inline double quick_tanh(double x) {
    double size = fabs(x), z = x * x;
    double p = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z - 1.61468768441708447952e3;
    double q = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z + 4.84406305325125486048e3;
    double near = x + x * (z * (p / q));
    double far = 1.0 - 2.0 / (quick_exp(2.0 * (size > 20.0 ? 20.0 : size)) + 1.0);
    far = x < 0 ? -far : far;
    double result = size < 0.625 ? near : far;
    return x != x ? x : result;
}

#endif
