/* Rows in, answers out: cleans the rows, calls the family and the output. */
#include "model.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES ((size_t)8 << 20) /* most work space of a batch, where one block of rows allows it */

/* Scale and round rows in place; say of how many, from the first, every number is one that the model takes. */
WIDE static ptrdiff_t clean(const Model *model, double *rows, ptrdiff_t n_rows) {
    ptrdiff_t n = model->n_features, size = n_rows * n;
    int64_t bad = 0;
    if (model->center)
        for (ptrdiff_t row = 0; row < n_rows; row++)
            for (ptrdiff_t i = 0; i < n; i++) rows[row * n + i] = (rows[row * n + i] - model->center[i]) / model->scale[i];
    if (model->single_input || model->single)
        for (ptrdiff_t i = 0; i < size; i++) rows[i] = (double)(float)rows[i];
    if (model->missing)
        for (ptrdiff_t i = 0; i < size; i++) bad |= -(int64_t)(fabs(rows[i]) > DBL_MAX);
    else
        for (ptrdiff_t i = 0; i < size; i++) bad |= -(int64_t)!(fabs(rows[i]) <= DBL_MAX);
    if (!bad) return n_rows;
    for (ptrdiff_t i = 0;; i++)
        if (fabs(rows[i]) > DBL_MAX || (!model->missing && rows[i] != rows[i])) return i / n;
}

/* The work space of a number of rows: rows, scores, variances, what the output needs, what the family needs. */
typedef struct { double *rows, *scores, *variances, *output; void *family; } Space;

static size_t space_size(const Model *model, size_t n_rows) {
    size_t per_row = (size_t)(model->n_features + 2 * model->n_scores) * sizeof(double) + model->work_per_row;
    return n_rows * per_row + output_work(model) * sizeof(double) + model->work;
}

static Space space_cut(const Model *model, size_t n_rows, double *memory) {
    Space space = {.rows = memory};
    space.scores = space.rows + n_rows * (size_t)model->n_features;
    space.variances = space.scores + n_rows * (size_t)model->n_scores;
    space.output = space.variances + n_rows * (size_t)model->n_scores;
    space.family = space.output + output_work(model);
    return space;
}

size_t model_space(const Model *model) { return space_size(model, 1); }

/* Answer clean rows in a space; result [n_rows] or [n_rows, n_classes]. */
static void answer(const Model *model, const double *rows, ptrdiff_t n_rows, int probabilities, Space space, double *result) {
    ptrdiff_t k = model->n_scores;
    double *variances = output_needs_variances(model, probabilities) ? space.variances : NULL;
    if (model->output == VALUE) { /* the only score is the answer */
        model->scores(model, rows, n_rows, result, NULL, space.family);
        return;
    }
    model->scores(model, rows, n_rows, space.scores, variances, space.family);
    for (ptrdiff_t row = 0; row < n_rows; row++) {
        const double *scores = space.scores + row * k, *variance = space.variances + row * k;
        if (probabilities) output_probabilities(model, scores, variance, result + row * model->n_classes, space.output);
        else result[row] = output_answer(model, scores, variance, space.output);
    }
}

ptrdiff_t model_batch(const Model *model, const char *rows, ptrdiff_t n_rows, int probabilities, double *result) {
    ptrdiff_t width = probabilities ? model->n_classes : 1, block = model->block, unclean = -1;
    size_t row_size = (size_t)model->n_features * sizeof(double);
    if (block > n_rows) block = n_rows > 0 ? n_rows : 1;
    while (block > 1 && space_size(model, (size_t)block) > BATCH_BYTES) block /= 2;
    double *memory = malloc(space_size(model, (size_t)block));
    if (!memory) return -2;
    Space space = space_cut(model, (size_t)block, memory);
    for (ptrdiff_t first = 0; first < n_rows && unclean < 0; first += block) {
        ptrdiff_t count = n_rows - first < block ? n_rows - first : block;
        memcpy(space.rows, rows + (size_t)first * row_size, (size_t)count * row_size);
        ptrdiff_t good = clean(model, space.rows, count);
        if (good < count) unclean = first + good;
        else answer(model, space.rows, count, probabilities, space, result + first * width);
    }
    free(memory);
    return unclean;
}

int model_predict(Model *model, double *result) {
    if (clean(model, model->scratch, 1) != 1) return 0;
    answer(model, model->scratch, 1, 0, space_cut(model, 1, model->scratch), result);
    return 1;
}

int model_predict_proba(Model *model, double *probabilities) {
    if (clean(model, model->scratch, 1) != 1) return 0;
    answer(model, model->scratch, 1, 1, space_cut(model, 1, model->scratch), probabilities);
    return 1;
}
