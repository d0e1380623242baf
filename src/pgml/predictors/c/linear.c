/* The linear family. Several rows are summed side by side, each in the order of its features. */
#include "load.h"

#define LANES 8
#define SHORT 24

/* Sums of LANES rows side by side: in a long row each addition would wait for the one before. */
static inline void lines(const double *rows, const double *line, ptrdiff_t n, int missing, double total[LANES]) {
    for (ptrdiff_t i = 0; i < n; i++) {
        for (int lane = 0; lane < LANES; lane++) {
            double value = rows[lane * n + i], term = value * line[i];
            if (missing) total[lane] = value != value ? total[lane] : total[lane] + term;
            else total[lane] += term;
        }
    }
}

static inline void lines_single(const double *rows, const double *line, ptrdiff_t n, double total[LANES]) {
    for (ptrdiff_t i = 0; i < n; i++) {
        for (int lane = 0; lane < LANES; lane++) {
            float value = (float)rows[lane * n + i], term = value * (float)line[i];
            if (value == value) total[lane] = (float)total[lane] + term;
        }
    }
}

/* The sum of one row. Short rows follow one another fast enough that the processor overlaps them by itself. */
static inline double one(const Model *model, const double *row, const double *line, double start) {
    double total = start;
    for (ptrdiff_t i = 0; i < model->n_features; i++) {
        if (model->single) {
            float value = (float)row[i], term = value * (float)line[i];
            if (value == value) total = (float)total + term;
        } else if (!model->missing || row[i] == row[i]) total += row[i] * line[i];
    }
    return total;
}

static void scores(const Model *model, const double *rows, ptrdiff_t n_rows, double *result, double *variances, void *work) {
    ptrdiff_t n = model->n_features, k = model->n_scores, row = 0;
    (void)variances, (void)work;
    for (ptrdiff_t score = 0; score < k; score++) {
        const double *line = model->linear.coefficients + score * n;
        double constant = model->linear.intercept[score], start = model->single ? constant : 0.0;
        double after = model->single ? 0.0 : constant;
        row = 0;
        for (; n > SHORT && row + LANES <= n_rows; row += LANES) {
            double total[LANES];
            for (int lane = 0; lane < LANES; lane++) total[lane] = start;
            if (model->single) lines_single(rows + row * n, line, n, total);
            else if (model->missing) lines(rows + row * n, line, n, 1, total);
            else lines(rows + row * n, line, n, 0, total);
            for (int lane = 0; lane < LANES; lane++) result[(row + lane) * k + score] = total[lane] + after;
        }
        if (!model->single && !model->missing)
            for (; row < n_rows; row++) {
                double total = 0.0;
                for (ptrdiff_t i = 0; i < n; i++) total += rows[row * n + i] * line[i];
                result[row * k + score] = total + constant;
            }
        for (; row < n_rows; row++) result[row * k + score] = one(model, rows + row * n, line, start) + after;
    }
}

int linear_fill(File *file) {
    Model *model = file->model;
    Tensor coefficients, intercept;
    if (tensor(file, "coefficients", 'd', 2, 1, &coefficients) || tensor(file, "intercept", 'd', 1, 1, &intercept)) return -1;
    model->n_scores = intercept.count;
    if (intercept.count < 1 || coefficients.shape[0] != intercept.count || coefficients.shape[1] != model->n_features)
        return refuse(file, "its coefficients do not fit its features");
    model->linear = (Linear){coefficients.items, intercept.items};
    model->scores = scores;
    model->block = 256;
    return 0;
}
