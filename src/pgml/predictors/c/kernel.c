/* The kernel family: blocks of ROWS rows against chunks of the support vectors, so that both stay in the cache. */
#include "model.h"

#include <math.h>
#include <string.h>

#include "elementary.h"
#include "expression.h"

#define ROWS 8   /* rows that are taken at once */
#define BLOCK 64 /* rows that share a pass over a whitener */

/* Add to each row's totals the products of coefficients and kernel values, eight partial sums at a time. */
WIDE static void accumulate(const double *coefficients, Py_ssize_t stride, Py_ssize_t n_lines, const double *values,
                            Py_ssize_t count, Py_ssize_t n_rows, double *totals, Py_ssize_t totals_stride) {
    for (Py_ssize_t row = 0; row < n_rows; row++)
        for (Py_ssize_t line = 0; line < n_lines; line++) {
            const double *weights = coefficients + line * stride, *value = values + row * CHUNK;
            Four low = {0}, high = {0};
            double rest = 0.0;
            Py_ssize_t i = 0;
            for (; i + 8 <= count; i += 8) {
                low += *(const Four *)(weights + i) * *(const Four *)(value + i);
                high += *(const Four *)(weights + i + 4) * *(const Four *)(value + i + 4);
            }
            low += high;
            for (; i < count; i++) rest += weights[i] * value[i];
            totals[row * totals_stride + line] += ((low[0] + low[1]) + (low[2] + low[3])) + rest;
        }
}

/* Take |whitener . k|^2 from the variances [groups, ROWS]; values [groups, m, ROWS]. A few lines of the whitener
 * stay in the cache while all the groups of rows pass. */
WIDE static void whiten(const double *whitener, Py_ssize_t m, const double *values, Py_ssize_t groups, double *variances) {
    enum { LINES = 4 };
    for (Py_ssize_t i = 0; i < m; i += LINES) {
        Py_ssize_t lines = m - i < LINES ? m - i : LINES;
        const double *line[LINES];
        for (Py_ssize_t l = 0; l < LINES; l++) line[l] = whitener + (l < lines ? i + l : i) * m;
        for (Py_ssize_t group = 0; group < groups; group++) {
            const Four *value = (const Four *)(values + group * m * ROWS);
            Four low[LINES] = {{0}}, high[LINES] = {{0}}, *variance = (Four *)(variances + group * ROWS);
            for (Py_ssize_t j = 0; j < i + lines; j++) { /* above the diagonal there are zeros */
                Four left = value[2 * j], right = value[2 * j + 1];
                for (int l = 0; l < LINES; l++) {
                    low[l] += line[l][j] * left;
                    high[l] += line[l][j] * right;
                }
            }
            for (Py_ssize_t l = 0; l < lines; l++) {
                variance[0] -= low[l] * low[l];
                variance[1] -= high[l] * high[l];
            }
        }
    }
}

/* The totals of libsvm's pairs: [class, line] sums of the vectors of a class, for the lines of coefficients. */
static void pairs(Py_ssize_t lines, const double *sums, double *result) {
    Py_ssize_t n_classes = lines + 1;
    for (Py_ssize_t i = 0; i < n_classes; i++)
        for (Py_ssize_t j = i + 1; j < n_classes; j++) *result++ = sums[i * lines + j - 1] + sums[j * lines + i];
}

/* Kernel values of a machine for up to ROWS rows, chunk by chunk: their scores [n_rows, stride], and the values themselves
 * [m, ROWS] where they are wanted. */
static void group(const Model *model, const Machine *machine, const double *rows, Py_ssize_t n_rows, double *result, double *stack,
                  double *sums, double *kept) {
    const Kernel *kernel = &model->kernel;
    Py_ssize_t n = model->n_features, k = model->n_scores;
    Py_ssize_t begin = 0, of_class = 0; /* where the class of the next vector begins, and which it is */
    if (kernel->class_sizes) memset(sums, 0, (size_t)(ROWS * kernel->pairs) * sizeof *sums);
    else for (Py_ssize_t row = 0; row < n_rows; row++) memset(result + row * k, 0, (size_t)machine->rows * sizeof *result);
    for (Py_ssize_t first = 0; first < machine->m; first += CHUNK) {
        Py_ssize_t count = machine->m - first < CHUNK ? machine->m - first : CHUNK;
        expression_evaluate(machine, kernel->vectors + (machine->first + first) * n, count, rows, n_rows, n, stack);
        if (!kernel->class_sizes)
            accumulate(machine->coefficients + first, machine->m, machine->rows, stack, count, n_rows, result, k);
        else for (Py_ssize_t at = first; at < first + count;) {
            while (at >= begin + kernel->class_sizes[of_class]) begin += kernel->class_sizes[of_class++];
            Py_ssize_t end = begin + kernel->class_sizes[of_class];
            if (end > first + count) end = first + count;
            accumulate(machine->coefficients + at, machine->m, machine->rows, stack + (at - first), end - at, n_rows,
                       sums + of_class * machine->rows, kernel->pairs);
            at = end;
        }
        for (Py_ssize_t i = 0; kept && i < count; i++)
            for (Py_ssize_t row = 0; row < ROWS; row++)
                kept[(first + i) * ROWS + row] = row < n_rows ? stack[row * CHUNK + i] : 0.0;
    }
    if (kernel->class_sizes)
        for (Py_ssize_t row = 0; row < n_rows; row++) pairs(machine->rows, sums + row * kernel->pairs, result + row * k);
}

static void scores(const Model *model, const double *rows, Py_ssize_t n_rows, double *result, double *variances, void *work) {
    const Kernel *kernel = &model->kernel;
    Py_ssize_t n = model->n_features, k = model->n_scores, score = 0, groups = (n_rows + ROWS - 1) / ROWS;
    double *stack = work, *sums = stack + kernel->depth * ROWS * CHUNK, *panel = sums + ROWS * kernel->pairs;
    double *variance = panel + PANEL * n, *kept = variance + BLOCK;
    for (Py_ssize_t index = 0; index < kernel->n_machines; index++) {
        const Machine *machine = kernel->machines + index;
        int wanted = variances && machine->whitener;
        for (Py_ssize_t g = 0; g < groups; g++) {
            Py_ssize_t first = g * ROWS, count = n_rows - first < ROWS ? n_rows - first : ROWS;
            group(model, machine, rows + first * n, count, result + first * k + score, stack, sums,
                  wanted ? kept + g * machine->m * ROWS : NULL);
        }
        if (wanted) {
            memset(variance, 0, BLOCK * sizeof *variance);
            for (Py_ssize_t row = 0; row < n_rows; row++)
                variance[row] = expression_of_itself(machine, rows + row * n, n, stack, panel);
            whiten(machine->whitener, machine->m, kept, groups, variance);
            for (Py_ssize_t row = 0; row < n_rows; row++) variances[row * k + score] = variance[row];
        }
        score += machine->rows;
    }
    for (Py_ssize_t row = 0; row < n_rows; row++)
        for (Py_ssize_t i = 0; i < k; i++) result[row * k + i] += kernel->intercept[i];
}

static int product(Py_ssize_t one, Py_ssize_t other, Py_ssize_t *result) {
    if (one < 0 || other < 0 || (other && one > PY_SSIZE_T_MAX / 16 / other)) return model_refuse("a size is too large");
    *result = one * other;
    return 0;
}

/* Read the machines; their coefficients and whiteners follow one another. */
static int machines(Model *model, PyObject *described, Py_ssize_t n_vectors, const double *coefficients, Py_ssize_t n_coefficients,
                    const double *whiteners, Py_ssize_t n_whiteners) {
    Kernel *kernel = &model->kernel;
    Py_ssize_t score = 0;
    for (Py_ssize_t index = 0; index < kernel->n_machines; index++) {
        Machine *machine = kernel->machines + index;
        PyObject *expression;
        Py_ssize_t size = 0;
        int whitener;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(described, index), "Onnnp", &expression, &machine->first, &machine->m,
                              &machine->rows, &whitener)) return -1;
        if (machine->m < 1 || machine->rows < 1 || machine->first < 0 || machine->first % PANEL || machine->first > n_vectors
            || machine->m > n_vectors - machine->first) return model_refuse("a machine has vectors that are not there");
        if (product(machine->m, machine->rows, &size)) return -1;
        if (size > n_coefficients) return model_refuse("a machine has coefficients that are not there");
        machine->coefficients = coefficients, coefficients += size, n_coefficients -= size;
        if (whitener) {
            if (product(machine->m, machine->m, &size)) return -1;
            if (size > n_whiteners || machine->rows != 1) return model_refuse("a machine has a whitener that is not there");
            machine->whitener = whiteners, whiteners += size, n_whiteners -= size;
            if (machine->m > kernel->longest) kernel->longest = machine->m;
        }
        else if (output_needs_variances(model, 1)) return model_refuse("a process has no whitener");
        if (expression_compile(model, machine, expression)) return -1;
        if (machine->depth > kernel->depth) kernel->depth = machine->depth;
        score += machine->rows;
    }
    if (n_coefficients || n_whiteners) return model_refuse("its coefficients are of another number");
    if (!kernel->class_sizes && score != model->n_scores) return model_refuse("its machines do not give its scores");
    return 0;
}

int kernel_fill(Model *model, PyObject *parts) {
    PyObject *described, *vectors, *coefficients, *intercept, *whiteners, *class_sizes, *platt;
    Py_ssize_t n_vectors, n_coefficients, n_whiteners = 0, n_classes = 0;
    const double *weights, *white = NULL;
    Kernel *kernel = &model->kernel;
    if (!PyArg_ParseTuple(parts, "O!OOOOOO", &PyTuple_Type, &described, &vectors, &coefficients, &intercept, &whiteners,
                          &class_sizes, &platt)) return -1;
    if (!(kernel->vectors = model_borrow(model, vectors, 'd', &n_vectors))) return -1;
    if (!(weights = model_borrow(model, coefficients, 'd', &n_coefficients))) return -1;
    if (!(kernel->intercept = model_borrow_exactly(model, intercept, 'd', model->n_scores))) return -1;
    if (whiteners != Py_None && !(white = model_borrow(model, whiteners, 'd', &n_whiteners))) return -1;
    Py_ssize_t n_each = model->output == ONE_VS_ONE_CALIBRATED ? model->n_classes : model->n_scores;
    if (platt != Py_None && !(model->platt = model_borrow_exactly(model, platt, 'd', 2 * n_each))) return -1;
    kernel->n_machines = PyTuple_GET_SIZE(described);
    if (kernel->n_machines < 1 || n_vectors % (PANEL * model->n_features)) return model_refuse("its vectors are cut off");
    if (!(kernel->machines = model_allocate(model, (size_t)kernel->n_machines, sizeof(Machine)))) return -1;
    if (class_sizes != Py_None && !(kernel->class_sizes = model_borrow(model, class_sizes, 'q', &n_classes))) return -1;
    if (machines(model, described, n_vectors / model->n_features, weights, n_coefficients, white, n_whiteners)) return -1;
    if (kernel->class_sizes) {
        Py_ssize_t left = kernel->machines[0].m;
        if (kernel->n_machines != 1 || n_classes != model->n_classes || n_classes != kernel->machines[0].rows + 1
            || n_classes * (n_classes - 1) / 2 != model->n_scores) return model_refuse("its class sizes do not fit");
        for (Py_ssize_t i = 0; i < n_classes; i++) {
            if (kernel->class_sizes[i] < 0 || kernel->class_sizes[i] > left) return model_refuse("its class sizes do not fit");
            left -= kernel->class_sizes[i];
        }
        if (left) return model_refuse("its class sizes do not fit");
        kernel->pairs = n_classes * (n_classes - 1);
    }
    model->scores = scores;
    model->block = BLOCK;
    model->work = (size_t)(kernel->depth * ROWS * CHUNK + ROWS * kernel->pairs + PANEL * model->n_features + BLOCK
                           + BLOCK * kernel->longest) * sizeof(double);
    return 0;
}
