/* The kernel family: blocks of ROWS rows against chunks of the support vectors, so that both stay in the cache. */
#include "load.h"

#include <math.h>
#include <string.h>

#include "elementary.h"
#include "expression.h"

#define ROWS 8   /* rows that are taken at once */
#define BLOCK 64 /* rows that share a pass over a whitener */

/* Add to each row's totals the products of coefficients and kernel values, eight partial sums at a time. */
WIDE static void accumulate(const double *coefficients, ptrdiff_t stride, ptrdiff_t n_lines, const double *values,
                            ptrdiff_t count, ptrdiff_t n_rows, double *totals, ptrdiff_t totals_stride) {
    for (ptrdiff_t row = 0; row < n_rows; row++)
        for (ptrdiff_t line = 0; line < n_lines; line++) {
            const double *weights = coefficients + line * stride, *value = values + row * CHUNK;
            Four low = {0}, high = {0};
            double rest = 0.0;
            ptrdiff_t i = 0;
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
WIDE static void whiten(const double *whitener, ptrdiff_t m, const double *values, ptrdiff_t groups, double *variances) {
    enum { LINES = 4 };
    for (ptrdiff_t i = 0; i < m; i += LINES) {
        ptrdiff_t lines = m - i < LINES ? m - i : LINES;
        const double *line[LINES];
        for (ptrdiff_t l = 0; l < LINES; l++) line[l] = whitener + (l < lines ? i + l : i) * m;
        for (ptrdiff_t group = 0; group < groups; group++) {
            const Four *value = (const Four *)(values + group * m * ROWS);
            Four low[LINES] = {{0}}, high[LINES] = {{0}}, *variance = (Four *)(variances + group * ROWS);
            for (ptrdiff_t j = 0; j < i + lines; j++) { /* above the diagonal there are zeros */
                Four left = value[2 * j], right = value[2 * j + 1];
                for (int l = 0; l < LINES; l++) {
                    low[l] += line[l][j] * left;
                    high[l] += line[l][j] * right;
                }
            }
            for (ptrdiff_t l = 0; l < lines; l++) {
                variance[0] -= low[l] * low[l];
                variance[1] -= high[l] * high[l];
            }
        }
    }
}

/* The totals of libsvm's pairs: [class, line] sums of the vectors of a class, for the lines of coefficients. */
static void pairs(ptrdiff_t lines, const double *sums, double *result) {
    ptrdiff_t n_classes = lines + 1;
    for (ptrdiff_t i = 0; i < n_classes; i++)
        for (ptrdiff_t j = i + 1; j < n_classes; j++) *result++ = sums[i * lines + j - 1] + sums[j * lines + i];
}

/* Kernel values of a machine for up to ROWS rows, chunk by chunk: their scores [n_rows, stride], and the values themselves
 * [m, ROWS] where they are wanted. */
static void group(const Model *model, const Machine *machine, const double *rows, ptrdiff_t n_rows, double *result, double *stack,
                  double *sums, double *kept) {
    const Kernel *kernel = &model->kernel;
    ptrdiff_t n = model->n_features, k = model->n_scores;
    ptrdiff_t begin = 0, of_class = 0; /* where the class of the next vector begins, and which it is */
    if (kernel->class_sizes) memset(sums, 0, (size_t)(ROWS * kernel->pairs) * sizeof *sums);
    else for (ptrdiff_t row = 0; row < n_rows; row++) memset(result + row * k, 0, (size_t)machine->rows * sizeof *result);
    for (ptrdiff_t first = 0; first < machine->m; first += CHUNK) {
        ptrdiff_t count = machine->m - first < CHUNK ? machine->m - first : CHUNK;
        expression_evaluate(machine, kernel->vectors + (machine->first + first) * n, count, rows, n_rows, n, stack);
        if (!kernel->class_sizes)
            accumulate(machine->coefficients + first, machine->m, machine->rows, stack, count, n_rows, result, k);
        else for (ptrdiff_t at = first; at < first + count;) {
            while (at >= begin + kernel->class_sizes[of_class]) begin += kernel->class_sizes[of_class++];
            ptrdiff_t end = begin + kernel->class_sizes[of_class];
            if (end > first + count) end = first + count;
            accumulate(machine->coefficients + at, machine->m, machine->rows, stack + (at - first), end - at, n_rows,
                       sums + of_class * machine->rows, kernel->pairs);
            at = end;
        }
        for (ptrdiff_t i = 0; kept && i < count; i++)
            for (ptrdiff_t row = 0; row < ROWS; row++)
                kept[(first + i) * ROWS + row] = row < n_rows ? stack[row * CHUNK + i] : 0.0;
    }
    if (kernel->class_sizes)
        for (ptrdiff_t row = 0; row < n_rows; row++) pairs(machine->rows, sums + row * kernel->pairs, result + row * k);
}

static void scores(const Model *model, const double *rows, ptrdiff_t n_rows, double *result, double *variances, void *work) {
    const Kernel *kernel = &model->kernel;
    ptrdiff_t n = model->n_features, k = model->n_scores, score = 0, groups = (n_rows + ROWS - 1) / ROWS;
    double *stack = work, *sums = stack + kernel->depth * ROWS * CHUNK, *panel = sums + ROWS * kernel->pairs;
    double *variance = panel + PANEL * n, *kept = variance + BLOCK;
    for (ptrdiff_t index = 0; index < kernel->n_machines; index++) {
        const Machine *machine = kernel->machines + index;
        int wanted = variances && machine->whitener;
        for (ptrdiff_t g = 0; g < groups; g++) {
            ptrdiff_t first = g * ROWS, count = n_rows - first < ROWS ? n_rows - first : ROWS;
            group(model, machine, rows + first * n, count, result + first * k + score, stack, sums,
                  wanted ? kept + g * machine->m * ROWS : NULL);
        }
        if (wanted) {
            memset(variance, 0, BLOCK * sizeof *variance);
            for (ptrdiff_t row = 0; row < n_rows; row++)
                variance[row] = expression_of_itself(machine, rows + row * n, n, stack, panel);
            whiten(machine->whitener, machine->m, kept, groups, variance);
            for (ptrdiff_t row = 0; row < n_rows; row++) variances[row * k + score] = variance[row];
        }
        score += machine->rows;
    }
    for (ptrdiff_t row = 0; row < n_rows; row++)
        for (ptrdiff_t i = 0; i < k; i++) result[row * k + i] += kernel->intercept[i];
}

/* Read the machines, whose coefficients and whiteners follow one another: how many there are of each, in all. */
static int machines(File *file, ptrdiff_t n_vectors, const double *coefficients, int64_t *n_coefficients, const double *whiteners,
                    int64_t *n_whiteners) {
    Model *model = file->model;
    Kernel *kernel = &model->kernel;
    const Json *described = json_member(file->settings, "machines") + 1;
    for (ptrdiff_t index = 0; index < kernel->n_machines; index++, described = json_next(described)) {
        Machine *machine = kernel->machines + index;
        const Json *whitened = json_member(described, "whitener");
        if (setting_count(file, described, "first", 0, &machine->first) || setting_count(file, described, "vectors", 1, &machine->m)
            || setting_count(file, described, "rows", 1, &machine->rows)) return -1;
        if (machine->first % PANEL || machine->first > n_vectors || machine->m > n_vectors - machine->first)
            return refuse(file, "a machine has vectors that are not there");
        if (!whitened || (whitened->kind != JSON_TRUE && whitened->kind != JSON_FALSE)) return refuse(file, "a machine is not described");
        int64_t taken = (int64_t)machine->m * machine->rows;
        if (taken > *n_coefficients) return refuse(file, "a machine has coefficients that are not there");
        machine->coefficients = coefficients, coefficients += taken, *n_coefficients -= taken;
        if (whitened->kind == JSON_TRUE) {
            taken = (int64_t)machine->m * machine->m;
            if (taken > *n_whiteners || machine->rows != 1) return refuse(file, "a machine has a whitener that is not there");
            machine->whitener = whiteners, whiteners += taken, *n_whiteners -= taken;
            if (machine->m > kernel->longest) kernel->longest = machine->m;
        }
        else if (output_needs_variances(model, 1)) return refuse(file, "a process has no whitener");
        if (expression_compile(file, machine, json_member(described, "expression"))) return -1;
        if (machine->depth > kernel->depth) kernel->depth = machine->depth;
        model->n_scores += kernel->class_sizes ? machine->rows * (machine->rows + 1) / 2 : machine->rows;
    }
    return 0;
}

/* The sizes of the classes, one after another, whose vectors are all of the only machine. */
static int check_class_sizes(File *file, int64_t n_classes) {
    Kernel *kernel = &file->model->kernel;
    int64_t left = kernel->machines[0].m;
    if (kernel->n_machines != 1 || n_classes != file->model->n_classes || n_classes != kernel->machines[0].rows + 1)
        return refuse(file, "its class sizes do not fit");
    for (int64_t i = 0; i < n_classes; i++) {
        if (kernel->class_sizes[i] < 0 || kernel->class_sizes[i] > left) return refuse(file, "its class sizes do not fit");
        left -= kernel->class_sizes[i];
    }
    kernel->pairs = n_classes * (n_classes - 1);
    return left ? refuse(file, "its class sizes do not fit") : 0;
}

int kernel_fill(File *file) {
    Model *model = file->model;
    Kernel *kernel = &model->kernel;
    Tensor vectors, coefficients, intercept, whiteners, class_sizes, platt;
    const Json *described = json_member(file->settings, "machines");
    if (tensor(file, "vectors", 'd', 1, 1, &vectors) || tensor(file, "coefficients", 'd', 1, 1, &coefficients)
        || tensor(file, "intercept", 'd', 1, 1, &intercept) || tensor(file, "whiteners", 'd', 1, 0, &whiteners)
        || tensor(file, "class_sizes", 'q', 1, 0, &class_sizes) || tensor(file, "platt", 'd', 1, 0, &platt)) return -1;
    if (!described || described->kind != JSON_ARRAY || described->size < 1 || vectors.count % (PANEL * model->n_features))
        return refuse(file, "it has no machines, or its vectors are cut off");
    kernel->n_machines = described->size;
    kernel->vectors = vectors.items, kernel->intercept = intercept.items, kernel->class_sizes = class_sizes.items;
    if (!(kernel->machines = allocate(file, (size_t)kernel->n_machines, sizeof(Machine)))) return -1;
    if (machines(file, vectors.count / model->n_features, coefficients.items, &coefficients.count, whiteners.items, &whiteners.count)) return -1;
    if (coefficients.count || whiteners.count) return refuse(file, "its coefficients are of another number");
    if (model->n_scores != intercept.count) return refuse(file, "its machines do not give its scores");
    if (kernel->class_sizes && check_class_sizes(file, class_sizes.count)) return -1;
    if (platt.items && platt.count != 2 * (model->output == ONE_VS_ONE_CALIBRATED ? model->n_classes : model->n_scores))
        return refuse(file, "its calibration does not fit its scores");
    model->platt = platt.items;
    model->scores = scores;
    model->block = BLOCK;
    model->work = (size_t)(kernel->depth * ROWS * CHUNK + ROWS * kernel->pairs + PANEL * model->n_features + BLOCK
                           + BLOCK * kernel->longest) * sizeof(double);
    return 0;
}
