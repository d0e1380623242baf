/* The linear family. Several rows are summed side by side, each in the order of its features. */
#include "model.h"

#define LANES 8

/* Scores of LANES rows for one line of coefficients; rows beyond the last repeat it. */
static inline void lines(const double *const rows[LANES], const double *line, Py_ssize_t n, int missing, double total[LANES]) {
    for (Py_ssize_t i = 0; i < n; i++) {
        for (int lane = 0; lane < LANES; lane++) {
            double value = rows[lane][i], term = value * line[i];
            if (missing) total[lane] = value != value ? total[lane] : total[lane] + term;
            else total[lane] += term;
        }
    }
}

static inline void lines_single(const double *const rows[LANES], const double *line, Py_ssize_t n, double total[LANES]) {
    for (Py_ssize_t i = 0; i < n; i++) {
        for (int lane = 0; lane < LANES; lane++) {
            float value = (float)rows[lane][i], term = value * (float)line[i];
            if (value == value) total[lane] = (float)total[lane] + term;
        }
    }
}

static void scores(const Model *model, const double *rows, Py_ssize_t n_rows, double *result, double *variances, void *work) {
    Py_ssize_t n = model->n_features, k = model->n_scores;
    const double *intercept = model->linear.intercept;
    (void)variances, (void)work;
    for (Py_ssize_t row = 0; row < n_rows; row += LANES) {
        const double *pointers[LANES];
        Py_ssize_t there = n_rows - row < LANES ? n_rows - row : LANES;
        for (int lane = 0; lane < LANES; lane++) pointers[lane] = rows + (row + (lane < there ? lane : there - 1)) * n;
        for (Py_ssize_t score = 0; score < k; score++) {
            const double *line = model->linear.coefficients + score * n;
            double total[LANES];
            for (int lane = 0; lane < LANES; lane++) total[lane] = model->single ? intercept[score] : 0.0;
            if (model->single) lines_single(pointers, line, n, total);
            else if (there == 1) {
                for (Py_ssize_t i = 0; i < n; i++)
                    if (pointers[0][i] == pointers[0][i]) total[0] += pointers[0][i] * line[i];
            }
            else if (model->missing) lines(pointers, line, n, 1, total);
            else lines(pointers, line, n, 0, total);
            for (Py_ssize_t lane = 0; lane < there; lane++)
                result[(row + lane) * k + score] = model->single ? total[lane] : total[lane] + intercept[score];
        }
    }
}

int linear_fill(Model *model, PyObject *parts) {
    PyObject *coefficients, *intercept;
    if (!PyArg_ParseTuple(parts, "OO", &coefficients, &intercept)) return -1;
    model->linear.coefficients = model_borrow_exactly(model, coefficients, 'd', model->n_scores * model->n_features);
    model->linear.intercept = model_borrow_exactly(model, intercept, 'd', model->n_scores);
    if (!model->linear.coefficients || !model->linear.intercept) return -1;
    model->scores = scores;
    model->block = 256;
    return 0;
}
