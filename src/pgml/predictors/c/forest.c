/* The forest family. Several walks go on at once, so that one waits for memory while the others move: eight rows
 * down one tree in a batch, one row down eight trees alone. A leaf points to itself, which makes a step free of
 * branches; a tree is left when all the walks have reached a leaf. */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#define LANES 8
#define LEAF 0x80000000u
#define MISSING_LEFT 0x40000000u
#define FEATURE 0x3fffffffu

/* Child of the node that a value leads to; a leaf leads to itself. */
static inline uint32_t step(const Node *node, const double *row, int with_missing) {
    uint32_t feature = node->feature;
    double value = row[feature & FEATURE];
    uint32_t right = !(value <= node->number) & !(feature & LEAF);
    if (with_missing) right &= !((feature & MISSING_LEFT) && value != value);
    return node->left + right;
}

/* Leaves of LANES rows in one tree. */
static inline void walk_rows(const Node *tree, const double *const rows[LANES], int with_missing, uint32_t at[LANES]) {
    uint32_t leaf;
    for (int lane = 0; lane < LANES; lane++) at[lane] = 0;
    do {
        leaf = LEAF;
        for (int lane = 0; lane < LANES; lane++) {
            at[lane] = step(tree + at[lane], rows[lane], with_missing);
            leaf &= tree[at[lane]].feature;
        }
    } while (!leaf);
}

/* Leaf of one row in each of up to LANES trees, which may repeat the last. */
static inline void walk_trees(const Node *const trees[LANES], const double *row, int with_missing, const Node *leaves[LANES]) {
    uint32_t leaf;
    for (int lane = 0; lane < LANES; lane++) leaves[lane] = trees[lane];
    do {
        leaf = LEAF;
        for (int lane = 0; lane < LANES; lane++) {
            leaves[lane] = trees[lane] + step(leaves[lane], row, with_missing);
            leaf &= leaves[lane]->feature;
        }
    } while (!leaf);
}

static inline void add(const Model *model, Py_ssize_t tree, double number, double *total) {
    const Forest *forest = &model->forest;
    if (forest->leaves) {
        Py_ssize_t k = model->n_scores;
        const double *leaf = forest->leaves + (Py_ssize_t)number * k;
        for (Py_ssize_t score = 0; score < k; score++)
            total[score] = model->single ? (double)((float)total[score] + (float)leaf[score]) : total[score] + leaf[score];
    } else {
        double *score = total + (forest->scores ? forest->scores[tree] : 0);
        *score = model->single ? (double)((float)*score + (float)number) : *score + number;
    }
}

typedef struct { double value, weight; Py_ssize_t index; } Weighted;

static int compare(const void *one, const void *other) {
    const Weighted *a = one, *b = other;
    if (a->value != b->value) return a->value < b->value ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/* The first of the sorted leaves whose weights, added up, reach half of them all. */
static double weighted_median(Weighted *leaves, Py_ssize_t n) {
    if (n <= 64) {
        for (Py_ssize_t i = 1; i < n; i++) {
            Weighted moving = leaves[i];
            Py_ssize_t place = i;
            for (; place > 0 && leaves[place - 1].value > moving.value; place--) leaves[place] = leaves[place - 1];
            leaves[place] = moving;
        }
    } else qsort(leaves, (size_t)n, sizeof(Weighted), compare);
    double total = 0.0, running = 0.0;
    for (Py_ssize_t i = 0; i < n; i++) total += leaves[i].weight;
    for (Py_ssize_t i = 0; i < n; i++) {
        running += leaves[i].weight;
        if (running >= 0.5 * total) return leaves[i].value;
    }
    return leaves[0].value;
}

static void finish(const Model *model, double *total) {
    const Forest *forest = &model->forest;
    for (Py_ssize_t score = 0; score < model->n_scores; score++) {
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

/* Give the leaf of each tree to the totals (or, for a median, to the work space) of one row. */
static void one_row(const Model *model, const double *row, int with_missing, double *total, Weighted *kept) {
    const Forest *forest = &model->forest;
    for (Py_ssize_t tree = 0; tree < forest->n_trees; tree += LANES) {
        const Node *trees[LANES], *leaves[LANES];
        Py_ssize_t there = forest->n_trees - tree < LANES ? forest->n_trees - tree : LANES;
        for (int lane = 0; lane < LANES; lane++)
            trees[lane] = forest->nodes + forest->trees[tree + (lane < there ? lane : 0)];
        if (with_missing) walk_trees(trees, row, 1, leaves);
        else walk_trees(trees, row, 0, leaves);
        for (Py_ssize_t lane = 0; lane < there; lane++) {
            if (kept) kept[tree + lane] = (Weighted){leaves[lane]->number, forest->weights[tree + lane], tree + lane};
            else add(model, tree + lane, leaves[lane]->number, total);
        }
    }
}

static void many_rows(const Model *model, const double *rows, Py_ssize_t n_rows, int with_missing, double *totals, Weighted *kept) {
    const Forest *forest = &model->forest;
    for (Py_ssize_t tree = 0; tree < forest->n_trees; tree++) {
        const Node *nodes = forest->nodes + forest->trees[tree];
        for (Py_ssize_t row = 0; row < n_rows; row += LANES) {
            const double *pointers[LANES];
            uint32_t at[LANES];
            Py_ssize_t there = n_rows - row < LANES ? n_rows - row : LANES;
            for (int lane = 0; lane < LANES; lane++)
                pointers[lane] = rows + (row + (lane < there ? lane : 0)) * model->n_features;
            if (with_missing) walk_rows(nodes, pointers, 1, at);
            else walk_rows(nodes, pointers, 0, at);
            for (Py_ssize_t lane = 0; lane < there; lane++) {
                double number = nodes[at[lane]].number;
                if (kept) kept[(row + lane) * forest->n_trees + tree] = (Weighted){number, forest->weights[tree], tree};
                else add(model, tree, number, totals + (row + lane) * model->n_scores);
            }
        }
    }
}

static void scores(const Model *model, const double *rows, Py_ssize_t n_rows, double *result, double *variances, void *work) {
    const Forest *forest = &model->forest;
    Weighted *kept = forest->weights ? work : NULL;
    Py_ssize_t k = model->n_scores;
    int with_missing = model->missing && any_missing(rows, (size_t)n_rows * (size_t)model->n_features);
    (void)variances;
    for (Py_ssize_t row = 0; row < n_rows; row++)
        for (Py_ssize_t score = 0; score < k; score++)
            result[row * k + score] = model->single ? (double)(float)forest->start[score] : forest->start[score];
    if (n_rows == 1) one_row(model, rows, with_missing, result, kept);
    else many_rows(model, rows, n_rows, with_missing, result, kept);
    for (Py_ssize_t row = 0; row < n_rows; row++) {
        if (kept) result[row * k] = weighted_median(kept + row * forest->n_trees, forest->n_trees);
        finish(model, result + row * k);
    }
}

/* Refuse nodes with which a walk could leave its tree, go on for ever, or name what is not there. */
static int check(const Model *model, Py_ssize_t n_nodes, Py_ssize_t n_leaves) {
    const Forest *forest = &model->forest;
    if (forest->trees[0] != 0 || forest->trees[forest->n_trees] != n_nodes)
        return model_refuse("its trees do not cover its nodes");
    for (Py_ssize_t tree = 0; tree < forest->n_trees; tree++) {
        int64_t first = forest->trees[tree], last = forest->trees[tree + 1];
        if (first < 0 || first >= last || last > n_nodes || last - first > (int64_t)FEATURE)
            return model_refuse("a tree has no nodes, or too many");
        if (forest->scores && (forest->scores[tree] < 0 || forest->scores[tree] >= model->n_scores))
            return model_refuse("a tree adds to a score that is not there");
        uint32_t size = (uint32_t)(last - first);
        for (uint32_t index = 0; index < size; index++) {
            const Node *node = forest->nodes + first + index;
            if (node->feature & LEAF) {
                if (node->feature != LEAF || node->left != index) return model_refuse("a leaf is not sound");
                if (forest->leaves && !(node->number >= 0 && node->number < (double)n_leaves
                                        && node->number == (double)(int64_t)node->number))
                    return model_refuse("a leaf names a row that is not there");
            } else if ((node->feature & FEATURE) >= model->n_features) {
                return model_refuse("a node asks for a feature that is not there");
            } else if (node->left <= index || node->left >= size - 1) {
                return model_refuse("a node has a child that is not there, or not after it");
            }
        }
    }
    return 0;
}

int forest_fill(Model *model, PyObject *parts) {
    PyObject *nodes, *trees, *scores_of, *leaves, *start, *offset, *weights, *divisor, *scale;
    Py_ssize_t n_bytes, n_bounds, n_leaves = 0, k = model->n_scores;
    Forest *forest = &model->forest;
    if (!PyArg_ParseTuple(parts, "OOOOOOOOOp", &nodes, &trees, &scores_of, &leaves, &start, &offset, &weights, &divisor,
                          &scale, &model->single_input)) return -1;
    if (!(forest->nodes = model_borrow(model, nodes, 'B', &n_bytes))) return -1;
    if (!(forest->trees = model_borrow(model, trees, 'q', &n_bounds))) return -1;
    if (n_bytes % (Py_ssize_t)sizeof(Node) || n_bounds < 2) return model_refuse("its nodes are cut off");
    forest->n_trees = n_bounds - 1;
    if (!(forest->start = model_borrow_exactly(model, start, 'd', k))) return -1;
    if (scores_of != Py_None && !(forest->scores = model_borrow_exactly(model, scores_of, 'q', forest->n_trees))) return -1;
    if (offset != Py_None && !(forest->offset = model_borrow_exactly(model, offset, 'd', k))) return -1;
    if (weights != Py_None && !(forest->weights = model_borrow_exactly(model, weights, 'd', forest->n_trees))) return -1;
    if (leaves != Py_None) {
        if (!(forest->leaves = model_borrow(model, leaves, 'd', &n_leaves))) return -1;
        if (n_leaves % k) return model_refuse("its leaves are cut off");
        n_leaves /= k;
    }
    if (forest->weights && (k != 1 || forest->leaves)) return model_refuse("a median of more than one score");
    if ((forest->divides = divisor != Py_None)) forest->divisor = PyFloat_AsDouble(divisor);
    if ((forest->scales = scale != Py_None)) forest->scale = PyFloat_AsDouble(scale);
    if (PyErr_Occurred() || check(model, n_bytes / (Py_ssize_t)sizeof(Node), n_leaves)) return -1;
    model->scores = scores;
    /* A large tree is worth many rows each time it is brought into the cache. */
    model->block = n_bytes / forest->n_trees > 32768 ? 8192 : 512;
    if (forest->weights) model->work_per_row = (size_t)forest->n_trees * sizeof(Weighted);
    return 0;
}
