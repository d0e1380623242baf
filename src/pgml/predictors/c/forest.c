/* The forest family: rows find their leaves in its trees, which make the scores.
 *
 * Several walks go on at once, so that one waits for memory while the others move: one row down many trees, or many rows
 * down one tree. A leaf leads to itself, which makes a step free of branches. The nodes of a large forest are walked where
 * the file lies, those of a small one in a copy that stays in the processor's cache, where a row at a time is the fastest. */
#include "forest_nodes.h"

#include <stdlib.h>
#include <string.h>

#define FEW 4            /* walks at once where no more are left */
#define UNLOOKED 8       /* steps before the first look whether every walk has ended, */
#define BETWEEN_LOOKS 3  /* and before each other */
#define INLINE inline __attribute__((always_inline))

enum Kind { MAPPED, SINGLE, DOUBLE };

/* The child that a value leads to. */
#define CHILD(left, value, node, is_leaf, missing_left) \
    ((left) + (!((value) <= (node).number) & !(is_leaf) & !(with_missing && (missing_left) && (value) != (value))))

static INLINE uint32_t step(const Forest *forest, enum Kind kind, const TreeNode *tree, const void *row, int with_missing, uint32_t at) {
    if (kind == SINGLE) {
        SingleNode node = forest->singles[at];
        float value = ((const float *)row)[node.way & WAY_FEATURE];
        return CHILD(node.way >> WAY_BITS, value, node, 0, node.way & WAY_MISSING_LEFT);
    }
    if (kind == DOUBLE) {
        DoubleNode node = forest->doubles[at];
        double value = ((const double *)row)[node.way & WAY_FEATURE];
        return CHILD(node.way >> WAY_BITS, value, node, 0, node.way & WAY_MISSING_LEFT);
    }
    TreeNode node = tree[at];
    double value = ((const double *)row)[node.feature & FEATURE];
    return CHILD(node.left, value, node, node.feature & LEAF, node.feature & MISSING_LEFT);
}

/* Walks that go on at once, of one row (the first) down all the trees or of all the rows down one tree (the first). To copies
 * each of the trees is the forest, in which their nodes are counted. */
typedef struct {
    const TreeNode *trees[WALKS];
    const void *rows[WALKS];
    uint32_t at[WALKS];
} Walks;

/* Move each walk, and say whether one was not at its end. */
static INLINE uint32_t move(const Forest *forest, enum Kind kind, int with_missing, int one_row, int n_walks, Walks *walks) {
    uint32_t moved = 0;
    for (int i = 0; i < n_walks; i++) {
        uint32_t at = walks->at[i];
        walks->at[i] = step(forest, kind, walks->trees[one_row ? i : 0], walks->rows[one_row ? 0 : i], with_missing, at);
        moved |= walks->at[i] ^ at;
    }
    return moved;
}

/* Go down to the leaves, which lie no more than so many steps away: nor may a walk go on for ever where a file is written over. */
static INLINE void walk(const Forest *forest, enum Kind kind, int with_missing, int one_row, int n_walks, uint32_t steps, Walks *walks) {
    for (uint32_t unlooked = UNLOOKED;; unlooked = BETWEEN_LOOKS) {
        for (; unlooked && steps; unlooked--, steps--) (void)move(forest, kind, with_missing, one_row, n_walks, walks);
        if (!steps || !move(forest, kind, with_missing, one_row, n_walks, walks)) return;
        steps--;
    }
}

static inline void add(const Model *model, ptrdiff_t tree, double number, double *total) {
    const Forest *forest = &model->forest;
    if (forest->leaves) {
        ptrdiff_t k = model->n_scores;
        const double *leaf = forest->leaves + (ptrdiff_t)number * k;
        for (ptrdiff_t score = 0; score < k; score++)
            total[score] = model->single ? (double)((float)total[score] + (float)leaf[score]) : total[score] + leaf[score];
    } else {
        double *score = total + (forest->scores ? forest->scores[tree] : 0);
        *score = model->single ? (double)((float)*score + (float)number) : *score + number;
    }
}

typedef struct { double value, weight; ptrdiff_t index; } Weighted;

static int compare(const void *one, const void *other) {
    const Weighted *a = one, *b = other;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/* The first of the sorted leaves whose weights, added up, reach half of them all. */
static double weighted_median(Weighted *leaves, ptrdiff_t n) {
    if (n <= 64) {
        for (ptrdiff_t i = 1; i < n; i++) {
            Weighted moving = leaves[i];
            ptrdiff_t place = i;
            for (; place > 0 && leaves[place - 1].value > moving.value; place--) leaves[place] = leaves[place - 1];
            leaves[place] = moving;
        }
    } else qsort(leaves, (size_t)n, sizeof(Weighted), compare);
    double total = 0.0, running = 0.0;
    for (ptrdiff_t i = 0; i < n; i++) total += leaves[i].weight;
    for (ptrdiff_t i = 0; i < n; i++) {
        running += leaves[i].weight;
        if (running >= 0.5 * total) return leaves[i].value;
    }
    return leaves[0].value;
}

static void finish(const Model *model, double *total) {
    const Forest *forest = &model->forest;
    for (ptrdiff_t score = 0; score < model->n_scores; score++) {
        double value = total[score];
        if (forest->divides) value /= forest->divisor;
        if (forest->scales) value = forest->scale * value;
        if (forest->offset) value += forest->offset[score];
        total[score] = model->single ? (double)(float)value : value;
    }
}

static int any_missing(const double *rows, size_t n) {
    uint64_t found = 0;
    for (size_t i = 0; i < n; i++) found |= rows[i] != rows[i];
    return found != 0;
}

/* Give the number of a leaf to the totals of a row, or keep it for a median. */
static inline void take(const Model *model, ptrdiff_t tree, double number, double *total, Weighted *kept) {
    if (kept) kept[tree] = (Weighted){number, model->forest.weights[tree], tree};
    else add(model, tree, number, total);
}

static INLINE void one_row(const Model *model, enum Kind kind, int with_missing, const void *row, double *total, Weighted *kept) {
    const Forest *forest = &model->forest;
    int one_score = !kept && !forest->leaves && model->n_scores == 1;
    double sum = *total; /* which has no need to wait for the memory */
    for (ptrdiff_t tree = 0; tree < forest->n_trees; tree += WALKS) {
        Walks walks;
        ptrdiff_t n = forest->n_trees - tree < WALKS ? forest->n_trees - tree : WALKS;
        walks.rows[0] = row;
        for (int i = 0; i < WALKS; i++) {
            walks.trees[i] = kind == MAPPED ? forest->nodes + forest->trees[tree + (i < n ? i : n - 1)] : forest->nodes;
            walks.at[i] = kind == MAPPED ? 0 : forest->roots[tree + i];
        }
        if (n > FEW) walk(forest, kind, with_missing, 1, WALKS, forest->depths[tree / WALKS], &walks);
        else walk(forest, kind, with_missing, 1, FEW, forest->depths[tree / WALKS], &walks);
        if (!one_score)
            for (ptrdiff_t i = 0; i < n; i++) take(model, tree + i, walks.trees[i][walks.at[i]].number, total, kept);
        else if (model->single)
            for (ptrdiff_t i = 0; i < n; i++) sum = (double)((float)sum + (float)walks.trees[i][walks.at[i]].number);
        else
            for (ptrdiff_t i = 0; i < n; i++) sum += walks.trees[i][walks.at[i]].number;
    }
    if (one_score) *total = sum;
}

static INLINE void many_rows(const Model *model, int with_missing, const double *rows, ptrdiff_t n_rows, double *totals, Weighted *kept) {
    const Forest *forest = &model->forest;
    for (ptrdiff_t tree = 0; tree < forest->n_trees; tree++) {
        Walks walks;
        walks.trees[0] = forest->nodes + forest->trees[tree];
        for (ptrdiff_t row = 0; row < n_rows; row += WALKS) {
            ptrdiff_t n = n_rows - row < WALKS ? n_rows - row : WALKS;
            for (int i = 0; i < WALKS; i++) {
                walks.rows[i] = rows + (row + (i < n ? i : n - 1)) * model->n_features;
                walks.at[i] = 0;
            }
            walk(forest, MAPPED, with_missing, 0, WALKS, forest->depths[tree / WALKS], &walks);
            for (ptrdiff_t i = 0; i < n; i++)
                take(model, tree, walks.trees[0][walks.at[i]].number, totals + (row + i) * model->n_scores,
                     kept ? kept + (row + i) * forest->n_trees : NULL);
        }
    }
}

/* Add what its leaves hold to the totals of a row; `singles` is work space of as many float32. */
static void add_row(const Model *model, const double *row, double *total, Weighted *kept, float *singles) {
    int with_missing = model->missing && any_missing(row, (size_t)model->n_features);
    if (model->forest.singles) {
        for (ptrdiff_t i = 0; i < model->n_features; i++) singles[i] = (float)row[i];
        if (with_missing) one_row(model, SINGLE, 1, singles, total, kept);
        else one_row(model, SINGLE, 0, singles, total, kept);
    } else if (model->forest.doubles) {
        if (with_missing) one_row(model, DOUBLE, 1, row, total, kept);
        else one_row(model, DOUBLE, 0, row, total, kept);
    } else {
        if (with_missing) one_row(model, MAPPED, 1, row, total, kept);
        else one_row(model, MAPPED, 0, row, total, kept);
    }
}

static void scores(const Model *model, const double *rows, ptrdiff_t n_rows, double *result, double *variances, void *work) {
    const Forest *forest = &model->forest;
    ptrdiff_t k = model->n_scores;
    Weighted *kept = forest->weights ? work : NULL;
    float *singles = (float *)((char *)work + model->work_per_row * (size_t)n_rows);
    (void)variances;
    for (ptrdiff_t row = 0; row < n_rows; row++)
        for (ptrdiff_t score = 0; score < k; score++)
            result[row * k + score] = model->single ? (double)(float)forest->start[score] : forest->start[score];
    if (forest->roots || n_rows == 1) {
        for (ptrdiff_t row = 0; row < n_rows; row++)
            add_row(model, rows + row * model->n_features, result + row * k, kept ? kept + row * forest->n_trees : NULL, singles);
    } else if (model->missing && any_missing(rows, (size_t)n_rows * (size_t)model->n_features)) {
        many_rows(model, 1, rows, n_rows, result, kept);
    } else {
        many_rows(model, 0, rows, n_rows, result, kept);
    }
    for (ptrdiff_t row = 0; row < n_rows; row++) {
        if (kept) result[row * k] = weighted_median(kept + row * forest->n_trees, forest->n_trees);
        finish(model, result + row * k);
    }
}

int forest_fill(File *file) {
    Model *model = file->model;
    Forest *forest = &model->forest;
    Tensor nodes, trees, of, leaves, start, offset, weights;
    if (tensor(file, "nodes", 'B', 1, 1, &nodes) || tensor(file, "trees", 'q', 1, 1, &trees) || tensor(file, "scores", 'q', 1, 0, &of)
        || tensor(file, "leaves", 'd', 2, 0, &leaves) || tensor(file, "start", 'd', 1, 1, &start)
        || tensor(file, "offset", 'd', 1, 0, &offset) || tensor(file, "weights", 'd', 1, 0, &weights)
        || setting_factor(file, "divisor", &forest->divisor, &forest->divides) || setting_factor(file, "scale", &forest->scale, &forest->scales))
        return -1;
    if (nodes.count % (ptrdiff_t)sizeof(TreeNode) || trees.count < 2) return refuse(file, "its nodes are cut off");
    ptrdiff_t k = start.count, n_trees = trees.count - 1;
    if (k < 1 || k >= INT32_MAX || n_trees >= INT32_MAX || (of.items && of.count != n_trees) || (weights.items && weights.count != n_trees)
        || (offset.items && offset.count != k) || (leaves.items && (leaves.shape[0] < 1 || leaves.shape[1] != k)))
        return refuse(file, "its parts do not fit its trees and scores");
    int median = setting_is(file, "aggregation", "median");
    if ((!median && !setting_is(file, "aggregation", "sum")) || median != (weights.items != NULL) || (median && (k != 1 || leaves.items)))
        return refuse(file, "its aggregation is unknown, or does not fit its trees");
    model->single_input = setting_is(file, "input", "single");
    if (!model->single_input && !setting_is(file, "input", "double")) return refuse(file, "its input is unknown");
    model->n_scores = k;
    forest->nodes = nodes.items, forest->trees = trees.items, forest->n_trees = n_trees, forest->scores = of.items;
    forest->leaves = leaves.items, forest->start = start.items, forest->offset = offset.items, forest->weights = weights.items;
    if (forest_check(file, nodes.count / (ptrdiff_t)sizeof(TreeNode), leaves.shape[0]) || forest_copy(file)) return -1;
    model->scores = scores;
    /* A large tree is worth many rows each time it is brought into the cache. */
    model->block = nodes.count / n_trees > 32768 ? 8192 : 512;
    if (forest->weights) model->work_per_row = (size_t)n_trees * sizeof(Weighted);
    if (forest->singles) model->work = (size_t)model->n_features * sizeof(float);
    return 0;
}
