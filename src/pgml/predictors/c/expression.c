/* Kernels as small programs in postfix order, each operation on a whole block of kernel values. */
#include "expression.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "elementary.h"

#define MAX_DEPTH 32
#define MAGNITUDE INT64_MAX /* the bits of a number without its sign */
#define BLOCK 8 /* rows of a block, the distance from one operand of the stack to the next */

typedef int64_t Whole __attribute__((vector_size(32), aligned(8), may_alias));

enum Code { LINEAR, POLYNOMIAL, SIGMOID_OF_DOT, COSINE, RBF, LAPLACIAN, CONSTANT, WHITE, DOT_PRODUCT, SINE, GAUSSIAN, MATERN_1,
            MATERN_3, MATERN_5, RATIONAL, SUM, PRODUCT, POWER };

/* name, number of parameters; SINE and those before it take no lengths */
static const struct { const char *name; int n_parameters; } kinds[] = {
    {"linear", 0}, {"polynomial", 3}, {"sigmoid", 2}, {"cosine", 0}, {"rbf", 1}, {"laplacian", 1}, {"constant", 1},
    {"white", 1}, {"dot_product", 1}, {"exponential_sine_squared", 2}, {"gaussian", 0}, {"matern_1", 0}, {"matern_3", 0},
    {"matern_5", 0}, {"rational_quadratic", 1}, {"sum", 0}, {"product", 0}, {"power", 1}};

/* How many operations an expression has; -1 where it is none. */
static int count(File *file, const Json *expression, int depth) {
    if (depth > MAX_DEPTH || !expression || expression->kind != JSON_ARRAY || expression->size < 1)
        return refuse(file, "a kernel is not one");
    int total = 1;
    const Json *item = expression + 1;
    for (uint32_t i = 1; i < expression->size; i++) {
        item = json_next(item);
        int inner = item->kind == JSON_INTEGER || item->kind == JSON_REAL ? 0 : count(file, item, depth + 1);
        if (inner < 0) return -1;
        total += inner;
        if (total > 4096) return refuse(file, "a kernel is too long");
    }
    return total;
}

/* Append the operations of an expression whose result goes to that height of the stack. count() bounded the depth. */
static int emit(File *file, Machine *machine, const Json *expression, ptrdiff_t height) {
    if (expression->kind != JSON_ARRAY) return refuse(file, "a kernel is not one");
    const Json *item = expression + 1;
    int code = -1;
    for (int i = 0; i < (int)(sizeof kinds / sizeof *kinds); i++)
        if (json_is(item, kinds[i].name)) code = i;
    if (code < 0) return refuse(file, "a kernel has an unknown name");
    int64_t size = expression->size, n_operands = code == SUM || code == PRODUCT ? 2 : code == POWER;
    int64_t n_lengths = size - 1 - n_operands - kinds[code].n_parameters, expected = 0;
    if (code >= GAUSSIAN && code <= RATIONAL) expected = n_lengths == 1 ? 1 : file->model->n_features;
    if (n_lengths != expected) return refuse(file, "a kernel has another number of parameters");
    if (height + 1 > machine->depth) machine->depth = height + 1;
    for (int64_t i = 0; i < n_operands; i++)
        if (emit(file, machine, item = json_next(item), height + i)) return -1;
    Operation *operation = machine->program + machine->n_operations++;
    operation->code = code;
    for (int i = 0; i < kinds[code].n_parameters; i++)
        if (!json_number(item = json_next(item), operation->parameters + i) || !isfinite(operation->parameters[i]))
            return refuse(file, "a parameter of a kernel is not finite");
    if (!n_lengths) return 0;
    if (!(operation->weights = allocate(file, (size_t)file->model->n_features, sizeof(double)))) return -1;
    for (ptrdiff_t i = 0; i < file->model->n_features; i++) {
        double length;
        if (i < n_lengths) item = json_next(item);
        if (!json_number(item, &length) || !isfinite(length)) return refuse(file, "a parameter of a kernel is not finite");
        operation->weights[i] = 1.0 / length;
    }
    return 0;
}

int expression_compile(File *file, Machine *machine, const Json *expression) {
    int length = count(file, expression, 0);
    if (length < 0) return -1;
    if (!(machine->program = allocate(file, (size_t)length, sizeof(Operation)))) return -1;
    return emit(file, machine, expression, 0);
}

/* Fill values [n_rows, CHUNK] with the sum over the features of TERM, of u in the row and v in the vector, ACROSS rows
 * and a panel of vectors at once. */
#define SUMS(ACROSS, TERM)                                                                                            \
    for (; row + ACROSS <= n_rows; row += ACROSS)                                                                     \
        for (ptrdiff_t first = 0; first < count; first += PANEL) {                                                   \
            const Four *panel = (const Four *)(panels + first * n);                                                   \
            const double *x = rows + row * n;                                                                         \
            Four low[ACROSS] = {{0}}, high[ACROSS] = {{0}}, v;                                                        \
            for (ptrdiff_t i = 0; i < n; i++)                                                                        \
                for (int r = 0; r < ACROSS; r++) {                                                                    \
                    double u = x[r * n + i];                                                                          \
                    (void)u;                                                                                          \
                    v = panel[2 * i];                                                                                 \
                    low[r] += TERM;                                                                                   \
                    v = panel[2 * i + 1];                                                                             \
                    high[r] += TERM;                                                                                  \
                }                                                                                                     \
            for (int r = 0; r < ACROSS; r++) {                                                                        \
                Four *sums = (Four *)(values + (row + r) * CHUNK + first);                                            \
                sums[0] = low[r], sums[1] = high[r];                                                                  \
            }                                                                                                         \
        }

#define PAIRWISE(NAME, TERM)                                                                                          \
    WIDE static void NAME(const double *panels, ptrdiff_t count, const double *rows, ptrdiff_t n_rows, ptrdiff_t n, \
                          const double *w, double *values) {                                                          \
        ptrdiff_t row = 0;                                                                                           \
        (void)w;                                                                                                      \
        SUMS(4, TERM)                                                                                                 \
        SUMS(1, TERM)                                                                                                 \
    }

PAIRWISE(dots, u * v)
PAIRWISE(squared, (u - v) * (u - v))
PAIRWISE(absolute, (Four)((Whole)(u - v) & MAGNITUDE))
PAIRWISE(scaled, ((u - v) * w[i]) * ((u - v) * w[i]))
PAIRWISE(norms, v * v)

/* A loop over all values of a block, which vectorises where F does. */
#define MAP(NAME, F)                                                                                                  \
    WIDE static void NAME(double *values, ptrdiff_t count, ptrdiff_t n_rows, double a, double b) {                  \
        (void)a, (void)b;                                                                                             \
        for (ptrdiff_t row = 0; row < n_rows; row++, values += CHUNK)                                                \
            for (ptrdiff_t i = 0; i < count; i++) {                                                                  \
                double x = values[i];                                                                                 \
                values[i] = F;                                                                                        \
            }                                                                                                         \
    }

static inline double matern_3(double r) { return (1.0 + r) * quick_exp(-r); }
static inline double matern_5(double r) { return (1.0 + r + r * r / 3.0) * quick_exp(-r); }
static inline double squared_sine(double x, double length, double period) {
    double s = sin(3.141592653589793 * (sqrt(x) / period)) / length;
    return exp(-2.0 * s * s);
}

MAP(map_affine, a * x + b)
MAP(map_square, x * x)
MAP(map_cube, x * x * x)
MAP(map_power, pow(x, a))
MAP(map_rational, quick_exp(a * quick_log(1.0 + b * x)))
MAP(map_tanh, quick_tanh(a * x + b))
MAP(map_exp, quick_exp(a * x))
MAP(map_matern_1, quick_exp(-sqrt(x)))
MAP(map_matern_3, matern_3(sqrt(3.0 * x)))
MAP(map_matern_5, matern_5(sqrt(5.0 * x)))
MAP(map_sine, squared_sine(x, a, b))

static void raise_to(double *values, ptrdiff_t count, ptrdiff_t n_rows, double exponent) {
    if (exponent == 1.0) return;
    if (exponent == 2.0) map_square(values, count, n_rows, 0, 0);
    else if (exponent == 3.0) map_cube(values, count, n_rows, 0, 0);
    else map_power(values, count, n_rows, exponent, 0);
}

static void fill(double *values, ptrdiff_t count, ptrdiff_t n_rows, double with) {
    for (ptrdiff_t row = 0; row < n_rows; row++)
        for (ptrdiff_t i = 0; i < count; i++) values[row * CHUNK + i] = with;
}

/* The root of a sum of squares, or 1 where it is next to nothing, as scikit-learn's normalize takes it. */
static inline double length(double squares) {
    double root = sqrt(squares);
    return root < 10.0 * DBL_EPSILON ? 1.0 : root;
}

static void cosine(const double *panels, ptrdiff_t count, const double *rows, ptrdiff_t n_rows, ptrdiff_t n, double *values) {
    for (ptrdiff_t row = 0; row < n_rows; row++) {
        double norm = 0.0, dot[CHUNK];
        double *line = values + row * CHUNK;
        for (ptrdiff_t i = 0; i < n; i++) norm += rows[row * n + i] * rows[row * n + i];
        norm = length(norm);
        norms(panels, count, rows + row * n, 1, n, NULL, line);
        dots(panels, count, rows + row * n, 1, n, NULL, dot);
        for (ptrdiff_t i = 0; i < count; i++) line[i] = dot[i] / (norm * length(line[i]));
    }
}

/* Run the program; `same` takes the vectors for the rows themselves. */
static void run(const Machine *machine, const double *panels, ptrdiff_t count, const double *rows, ptrdiff_t n_rows,
                ptrdiff_t n, int same, double *stack) {
    double *top = stack; /* where the next operand goes */
    for (ptrdiff_t step = 0; step < machine->n_operations; step++) {
        const Operation *operation = machine->program + step;
        const double *p = operation->parameters;
        double *values = top;
        top += BLOCK * CHUNK;
        switch ((enum Code)operation->code) {
        case LINEAR: dots(panels, count, rows, n_rows, n, NULL, values); break;
        case DOT_PRODUCT:
            dots(panels, count, rows, n_rows, n, NULL, values);
            map_affine(values, count, n_rows, 1.0, p[0]);
            break;
        case POLYNOMIAL:
            dots(panels, count, rows, n_rows, n, NULL, values);
            map_affine(values, count, n_rows, p[0], p[1]);
            raise_to(values, count, n_rows, p[2]);
            break;
        case SIGMOID_OF_DOT:
            dots(panels, count, rows, n_rows, n, NULL, values);
            map_tanh(values, count, n_rows, p[0], p[1]);
            break;
        case COSINE: cosine(panels, count, rows, n_rows, n, values); break;
        case RBF:
            squared(panels, count, rows, n_rows, n, NULL, values);
            map_exp(values, count, n_rows, -p[0], 0);
            break;
        case LAPLACIAN:
            absolute(panels, count, rows, n_rows, n, NULL, values);
            map_exp(values, count, n_rows, -p[0], 0);
            break;
        case CONSTANT: fill(values, count, n_rows, p[0]); break;
        case WHITE: fill(values, count, n_rows, same ? p[0] : 0.0); break;
        case SINE:
            squared(panels, count, rows, n_rows, n, NULL, values);
            map_sine(values, count, n_rows, p[0], p[1]);
            break;
        case GAUSSIAN: case MATERN_1: case MATERN_3: case MATERN_5: case RATIONAL:
            scaled(panels, count, rows, n_rows, n, operation->weights, values);
            if (operation->code == GAUSSIAN) map_exp(values, count, n_rows, -0.5, 0);
            else if (operation->code == MATERN_1) map_matern_1(values, count, n_rows, 0, 0);
            else if (operation->code == MATERN_3) map_matern_3(values, count, n_rows, 0, 0);
            else if (operation->code == MATERN_5) map_matern_5(values, count, n_rows, 0, 0);
            else if (p[0] > 0) map_rational(values, count, n_rows, -p[0], 1.0 / (2.0 * p[0]));
            else {
                map_affine(values, count, n_rows, 1.0 / (2.0 * p[0]), 1.0);
                map_power(values, count, n_rows, -p[0], 0);
            }
            break;
        case SUM: case PRODUCT: {
            top -= 2 * BLOCK * CHUNK;
            double *left = top - BLOCK * CHUNK, *right = top;
            for (ptrdiff_t row = 0; row < n_rows; row++)
                for (ptrdiff_t i = row * CHUNK; i < row * CHUNK + count; i++)
                    left[i] = operation->code == SUM ? left[i] + right[i] : left[i] * right[i];
            break;
        }
        case POWER:
            top -= BLOCK * CHUNK;
            raise_to(top - BLOCK * CHUNK, count, n_rows, p[0]);
            break;
        }
    }
}

void expression_evaluate(const Machine *machine, const double *panels, ptrdiff_t count, const double *rows,
                         ptrdiff_t n_rows, ptrdiff_t n_features, double *stack) {
    run(machine, panels, count, rows, n_rows, n_features, 0, stack);
}

double expression_of_itself(const Machine *machine, const double *row, ptrdiff_t n_features, double *stack, double *panel) {
    for (ptrdiff_t i = 0; i < n_features; i++)
        for (int lane = 0; lane < PANEL; lane++) panel[i * PANEL + lane] = row[i];
    run(machine, panel, 1, row, 1, n_features, 1, stack);
    return stack[0];
}
