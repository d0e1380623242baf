/* The oblivious family. All nodes of a level ask the same question, so that the answers, read as bits, number the leaf.
 * A feature is first replaced by its rank among the borders that the model compares it with, a byte: then a question is
 * a comparison of bytes, of a register full of rows at once in a batch. */
#include "load.h"

#include <float.h>
#include <string.h>

#define ROWS 128             /* of a block */
#define REGISTER 32
#define DEEPEST 16           /* leaves are numbered by two bytes */
#define MOST_BORDERS 255     /* of a column: its ranks are bytes */
#define TOGETHER 4           /* trees whose leaves are added to a row's total on one visit */

/* Ranks and borders' places are compared as signed bytes, which every processor can: both are kept less 128. */
#define SIGNED(byte) ((int8_t)((byte) ^ 0x80))
#define COLUMN(split) ((split) >> 8)
#define PLACE(split) ((uint8_t)(split))

typedef int8_t Bytes __attribute__((vector_size(REGISTER), aligned(1), may_alias));
typedef float Floats __attribute__((vector_size(REGISTER), aligned(4), may_alias));
typedef int32_t Counts __attribute__((vector_size(REGISTER), aligned(4), may_alias));

/* A feature as the borders see it: in float32, no number beyond its range. */
static inline float narrowed(double value) {
    float single = (float)value;
    single = single > FLT_MAX ? FLT_MAX : single;
    return single < -FLT_MAX ? -FLT_MAX : single;
}

/* Of REGISTER values, how many of the borders each exceeds. A missing value exceeds none, or all. */
WIDE static void rank(const float *borders, ptrdiff_t n, int missing_right, const float *values, int8_t *ranks) {
    enum { PARTS = REGISTER / 8 };
    const Floats *parts = (const Floats *)values;
    Counts counts[PARTS] = {{0}};
    if (missing_right) {
        for (int part = 0; part < PARTS; part++) counts[part] += (int32_t)n;
        for (ptrdiff_t i = 0; i < n; i++)
            for (int part = 0; part < PARTS; part++) counts[part] += parts[part] <= borders[i];
    } else {
        for (ptrdiff_t i = 0; i < n; i++)
            for (int part = 0; part < PARTS; part++) counts[part] -= parts[part] > borders[i];
    }
    const int32_t *each = (const int32_t *)counts;
    for (int lane = 0; lane < REGISTER; lane++) ranks[lane] = SIGNED(each[lane]);
}

/* The ranks [n_columns] of one row, as they are. */
WIDE static void rank_row(const Model *model, const double *row, uint8_t *ranks) {
    const Oblivious *oblivious = &model->oblivious;
    const float *borders = oblivious->borders;
    for (ptrdiff_t i = 0; i < oblivious->n_columns; i++) {
        const Column *column = oblivious->columns + i;
        float value = narrowed(row[column->feature]);
        ptrdiff_t n = column->n_borders;
        int32_t count = 0;
        if (column->missing_right) for (ptrdiff_t border = 0; border < n; border++) count += !(value <= borders[border]);
        else for (ptrdiff_t border = 0; border < n; border++) count += value > borders[border];
        ranks[i] = (uint8_t)count;
        borders += n;
    }
}

/* The ranks [n_columns, padded] of rows; those behind the last row are of any numbers. */
static void rank_rows(const Model *model, const double *rows, ptrdiff_t n_rows, ptrdiff_t padded, int8_t *ranks) {
    const Oblivious *oblivious = &model->oblivious;
    const float *borders = oblivious->borders;
    float values[ROWS] = {0};
    for (ptrdiff_t i = 0; i < oblivious->n_columns; i++) {
        const Column *column = oblivious->columns + i;
        for (ptrdiff_t row = 0; row < n_rows; row++) values[row] = narrowed(rows[row * model->n_features + column->feature]);
        for (ptrdiff_t row = 0; row < padded; row += REGISTER)
            rank(borders, column->n_borders, (int)column->missing_right, values + row, ranks + i * padded + row);
        borders += column->n_borders;
    }
}

/* The answers to up to eight questions as the bits of a byte a row, the first question's the lowest. */
static inline __attribute__((always_inline)) void ask(
    const uint32_t *splits, ptrdiff_t n_splits, const int8_t *ranks, ptrdiff_t padded, int registers, uint8_t *answers) {
    Bytes bits[ROWS / REGISTER] = {{0}};
    for (ptrdiff_t level = 0; level < n_splits; level++) {
        const Bytes *column = (const Bytes *)(ranks + (ptrdiff_t)COLUMN(splits[level]) * padded);
        Bytes place = (Bytes){0} + SIGNED(PLACE(splits[level])), bit = (Bytes){0} + (int8_t)(1u << level);
        for (int i = 0; i < registers; i++) bits[i] |= (column[i] > place) & bit;
    }
    memcpy(answers, bits, (size_t)registers * REGISTER);
}

/* The numbers of the leaves that rows reach in a tree. */
WIDE static void number(const uint32_t *splits, ptrdiff_t depth, const int8_t *ranks, ptrdiff_t padded, uint16_t *numbers) {
    uint8_t low[ROWS], high[ROWS];
    ptrdiff_t lower = depth < 8 ? depth : 8;
    if (padded == ROWS) ask(splits, lower, ranks, ROWS, ROWS / REGISTER, low);
    else ask(splits, lower, ranks, padded, (int)(padded / REGISTER), low);
    for (ptrdiff_t row = 0; row < padded; row++) numbers[row] = low[row];
    if (depth <= 8) return;
    ask(splits + 8, depth - 8, ranks, padded, (int)(padded / REGISTER), high);
    for (ptrdiff_t row = 0; row < padded; row++) numbers[row] |= (uint16_t)(high[row] << 8);
}

/* Add the leaves of some trees, one after the other, to totals [n_rows]. */
static inline __attribute__((always_inline)) void add(
    const double *const *leaves, uint16_t (*numbers)[ROWS], int n_trees, ptrdiff_t n_rows, double *totals) {
    for (ptrdiff_t row = 0; row < n_rows; row++) {
        double total = totals[row];
        for (int tree = 0; tree < n_trees; tree++) total += leaves[tree][numbers[tree][row]];
        totals[row] = total;
    }
}

/* Add the leaves of a tree, rows of k scores, to totals [n_rows, k]. */
static inline __attribute__((always_inline)) void add_scores(
    const double *leaves, const uint16_t *numbers, ptrdiff_t k, ptrdiff_t n_rows, double *totals) {
    for (ptrdiff_t row = 0; row < n_rows; row++) {
        const double *leaf = leaves + numbers[row] * k;
        for (ptrdiff_t score = 0; score < k; score++) totals[row * k + score] += leaf[score];
    }
}

static void many_rows(const Model *model, const double *rows, ptrdiff_t n_rows, double *totals, int8_t *ranks) {
    const Oblivious *oblivious = &model->oblivious;
    ptrdiff_t k = model->n_scores, padded = (n_rows + REGISTER - 1) / REGISTER * REGISTER, waiting = 0;
    const double *leaves = oblivious->leaves, *of[TOGETHER];
    const uint32_t *splits = oblivious->splits;
    uint16_t numbers[TOGETHER][ROWS];
    rank_rows(model, rows, n_rows, padded, ranks);
    for (ptrdiff_t tree = 0; tree < oblivious->n_trees; tree++) {
        ptrdiff_t depth = (ptrdiff_t)oblivious->depths[tree];
        number(splits, depth, ranks, padded, numbers[waiting]);
        of[waiting] = leaves;
        if (k == 3) add_scores(leaves, numbers[0], 3, n_rows, totals);
        else if (k > 1) add_scores(leaves, numbers[0], k, n_rows, totals);
        else if (++waiting == TOGETHER) add(of, numbers, TOGETHER, n_rows, totals), waiting = 0;
        splits += depth, leaves += k << depth;
    }
    add(of, numbers, (int)waiting, n_rows, totals);
}

static void one_row(const Model *model, const double *row, double *total, uint8_t *ranks) {
    const Oblivious *oblivious = &model->oblivious;
    const double *leaves = oblivious->leaves;
    const uint32_t *splits = oblivious->splits;
    ptrdiff_t k = model->n_scores;
    rank_row(model, row, ranks);
    for (ptrdiff_t tree = 0; tree < oblivious->n_trees; tree++) {
        ptrdiff_t depth = (ptrdiff_t)oblivious->depths[tree];
        size_t leaf = 0;
        for (ptrdiff_t level = depth - 1; level >= 0; level--)
            leaf += leaf + (PLACE(splits[level]) < ranks[COLUMN(splits[level])]);
        for (ptrdiff_t score = 0; score < k; score++) total[score] += leaves[(ptrdiff_t)leaf * k + score];
        splits += depth, leaves += k << depth;
    }
}

static void scores(const Model *model, const double *rows, ptrdiff_t n_rows, double *result, double *variances, void *work) {
    const Oblivious *oblivious = &model->oblivious;
    ptrdiff_t k = model->n_scores;
    (void)variances;
    memset(result, 0, (size_t)(n_rows * k) * sizeof *result);
    if (n_rows == 1) one_row(model, rows, result, work);
    else many_rows(model, rows, n_rows, result, work);
    for (ptrdiff_t row = 0; row < n_rows; row++)
        for (ptrdiff_t score = 0; score < k; score++) {
            double value = result[row * k + score];
            if (oblivious->scales) value = oblivious->scale * value;
            result[row * k + score] = value + oblivious->offset[score];
        }
}

/* Refuse columns, splits and trees that name what is not there, and borders by which nothing can be ranked. */
static int check(File *file, ptrdiff_t n_borders, ptrdiff_t n_splits, ptrdiff_t n_leaves) {
    const Model *model = file->model;
    const Oblivious *oblivious = &model->oblivious;
    const float *borders = oblivious->borders;
    ptrdiff_t used = 0, wanted = 0, leaves = 0;
    for (ptrdiff_t i = 0; i < oblivious->n_columns; i++) {
        const Column *column = oblivious->columns + i;
        if (column->feature < 0 || column->feature >= model->n_features || column->missing_right >> 1)
            return refuse(file, "a column is of a feature that is not there");
        if (column->n_borders < 1 || column->n_borders > MOST_BORDERS || column->n_borders > n_borders)
            return refuse(file, "a column has no borders, or too many");
        for (ptrdiff_t border = 0; border < column->n_borders; border++)
            if (!(border ? borders[border - 1] <= borders[border] : borders[border] == borders[border]))
                return refuse(file, "the borders of a column are not sorted");
        borders += column->n_borders, used += column->n_borders, n_borders -= column->n_borders;
    }
    for (ptrdiff_t i = 0; i < n_splits; i++) {
        uint32_t column = COLUMN(oblivious->splits[i]);
        if (column >= oblivious->n_columns || PLACE(oblivious->splits[i]) >= oblivious->columns[column].n_borders)
            return refuse(file, "a tree compares with a border that is not there");
    }
    for (ptrdiff_t tree = 0; tree < oblivious->n_trees; tree++) {
        int64_t depth = oblivious->depths[tree];
        if (depth < 0 || depth > DEEPEST) return refuse(file, "a tree is of a depth that there is not");
        wanted += (ptrdiff_t)depth, leaves += (ptrdiff_t)1 << depth;
    }
    if (n_borders != used % 2 || wanted != n_splits || leaves != n_leaves)
        return refuse(file, "its borders, splits and leaves do not fit its trees");
    return 0;
}

int oblivious_fill(File *file) {
    Model *model = file->model;
    Oblivious *oblivious = &model->oblivious;
    Tensor columns, borders, splits, depths, leaves, offset;
    if (tensor(file, "columns", 'q', 2, 1, &columns) || tensor(file, "borders", 'f', 1, 1, &borders)
        || tensor(file, "splits", 'B', 1, 1, &splits) || tensor(file, "depths", 'q', 1, 1, &depths)
        || tensor(file, "leaves", 'd', 2, 1, &leaves) || tensor(file, "offset", 'd', 1, 1, &offset)
        || setting_factor(file, "scale", &oblivious->scale, &oblivious->scales)) return -1;
    ptrdiff_t k = leaves.shape[1];
    if (columns.shape[1] != 3 || columns.shape[0] >= INT32_MAX || splits.count % 4 || depths.count < 1
        || depths.count >= INT32_MAX || k < 1 || k >= INT32_MAX || offset.count != k) return refuse(file, "its parts do not fit its trees and scores");
    oblivious->columns = columns.items, oblivious->borders = borders.items, oblivious->splits = splits.items;
    oblivious->depths = depths.items, oblivious->leaves = leaves.items, oblivious->offset = offset.items;
    oblivious->n_columns = columns.shape[0], oblivious->n_trees = depths.count;
    model->n_scores = k;
    if (check(file, borders.count, splits.count / 4, leaves.shape[0])) return -1;
    model->scores = scores;
    model->block = ROWS;
    model->work_per_row = (size_t)oblivious->n_columns;
    model->work = (size_t)oblivious->n_columns * REGISTER; /* the last register may be full of no rows */
    return 0;
}
