/* The forest family. Several walks go on at once, so that one waits for memory while the others move: eight rows
 * down one tree in a batch, one row down eight trees alone. A leaf points to itself, which makes a step free of
 * branches; a tree is left when all the walks have reached a leaf. No walk is longer than a tree has nodes: it would go on
 * for ever in a file that is written over meanwhile. */
#include "load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES 8
#define LEAF 0x80000000u
#define MISSING_LEFT 0x40000000u
#define FEATURE 0x3fffffffu

/* Child of the node that a value leads to; a leaf leads to itself. */
static inline uint32_t step(const TreeNode *node, const double *row, int with_missing) {
    uint32_t feature = node->feature;
    double value = row[feature & FEATURE];
    uint32_t right = !(value <= node->number) & !(feature & LEAF);
    if (with_missing) right &= !((feature & MISSING_LEFT) && value != value);
    return node->left + right;
}

/* Leaves of LANES rows in one tree. */
static inline void walk_rows(const TreeNode *tree, const double *const rows[LANES], int with_missing, uint32_t longest, uint32_t at[LANES]) {
    uint32_t leaf;
    for (int lane = 0; lane < LANES; lane++) at[lane] = 0;
    do {
        leaf = LEAF;
        for (int lane = 0; lane < LANES; lane++) {
            at[lane] = step(tree + at[lane], rows[lane], with_missing);
            leaf &= tree[at[lane]].feature;
        }
    } while (!leaf && --longest);
}

/* Leaf of one row in each of up to LANES trees, which may repeat the last. */
static inline void walk_trees(const TreeNode *const trees[LANES], const double *row, int with_missing, uint32_t longest,
                              const TreeNode *leaves[LANES]) {
    uint32_t leaf;
    for (int lane = 0; lane < LANES; lane++) leaves[lane] = trees[lane];
    do {
        leaf = LEAF;
        for (int lane = 0; lane < LANES; lane++) {
            leaves[lane] = trees[lane] + step(leaves[lane], row, with_missing);
            leaf &= leaves[lane]->feature;
        }
    } while (!leaf && --longest);
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

/* Give the leaf of each tree to the totals (or, for a median, to the work space) of one row. */
static void one_row(const Model *model, const double *row, int with_missing, double *total, Weighted *kept) {
    const Forest *forest = &model->forest;
    for (ptrdiff_t tree = 0; tree < forest->n_trees; tree += LANES) {
        const TreeNode *trees[LANES], *leaves[LANES];
        ptrdiff_t there = forest->n_trees - tree < LANES ? forest->n_trees - tree : LANES;
        for (int lane = 0; lane < LANES; lane++)
            trees[lane] = forest->nodes + forest->trees[tree + (lane < there ? lane : 0)];
        if (with_missing) walk_trees(trees, row, 1, forest->longest, leaves);
        else walk_trees(trees, row, 0, forest->longest, leaves);
        for (ptrdiff_t lane = 0; lane < there; lane++) {
            if (kept) kept[tree + lane] = (Weighted){leaves[lane]->number, forest->weights[tree + lane], tree + lane};
            else add(model, tree + lane, leaves[lane]->number, total);
        }
    }
}

static void many_rows(const Model *model, const double *rows, ptrdiff_t n_rows, int with_missing, double *totals, Weighted *kept) {
    const Forest *forest = &model->forest;
    for (ptrdiff_t tree = 0; tree < forest->n_trees; tree++) {
        const TreeNode *nodes = forest->nodes + forest->trees[tree];
        for (ptrdiff_t row = 0; row < n_rows; row += LANES) {
            const double *pointers[LANES];
            uint32_t at[LANES];
            ptrdiff_t there = n_rows - row < LANES ? n_rows - row : LANES;
            for (int lane = 0; lane < LANES; lane++)
                pointers[lane] = rows + (row + (lane < there ? lane : 0)) * model->n_features;
            if (with_missing) walk_rows(nodes, pointers, 1, forest->longest, at);
            else walk_rows(nodes, pointers, 0, forest->longest, at);
            for (ptrdiff_t lane = 0; lane < there; lane++) {
                double number = nodes[at[lane]].number;
                if (kept) kept[(row + lane) * forest->n_trees + tree] = (Weighted){number, forest->weights[tree], tree};
                else add(model, tree, number, totals + (row + lane) * model->n_scores);
            }
        }
    }
}

static void scores(const Model *model, const double *rows, ptrdiff_t n_rows, double *result, double *variances, void *work) {
    const Forest *forest = &model->forest;
    Weighted *kept = forest->weights ? work : NULL;
    ptrdiff_t k = model->n_scores;
    int with_missing = model->missing && any_missing(rows, (size_t)n_rows * (size_t)model->n_features);
    (void)variances;
    for (ptrdiff_t row = 0; row < n_rows; row++)
        for (ptrdiff_t score = 0; score < k; score++)
            result[row * k + score] = model->single ? (double)(float)forest->start[score] : forest->start[score];
    if (n_rows == 1) one_row(model, rows, with_missing, result, kept);
    else many_rows(model, rows, n_rows, with_missing, result, kept);
    for (ptrdiff_t row = 0; row < n_rows; row++) {
        if (kept) result[row * k] = weighted_median(kept + row * forest->n_trees, forest->n_trees);
        finish(model, result + row * k);
    }
}

/* Refuse nodes with which a walk could leave its tree, go on for ever, or name what is not there. */
static int check(File *file, ptrdiff_t n_nodes, ptrdiff_t n_leaves) {
    Model *model = file->model;
    Forest *forest = &model->forest;
    if (forest->trees[0] != 0 || forest->trees[forest->n_trees] != n_nodes)
        return refuse(file, "its trees do not cover its nodes");
    for (ptrdiff_t tree = 0; tree < forest->n_trees; tree++) {
        int64_t first = forest->trees[tree], last = forest->trees[tree + 1];
        if (first < 0 || first >= last || last > n_nodes || last - first > (int64_t)FEATURE)
            return refuse(file, "a tree has no nodes, or too many");
        if (forest->scores && (forest->scores[tree] < 0 || forest->scores[tree] >= model->n_scores))
            return refuse(file, "a tree adds to a score that is not there");
        uint32_t size = (uint32_t)(last - first);
        if (size > forest->longest) forest->longest = size;
        for (uint32_t index = 0; index < size; index++) {
            const TreeNode *node = forest->nodes + first + index;
            if (node->feature & LEAF) {
                if (node->feature != LEAF || node->left != index) return refuse(file, "a leaf is not sound");
                if (forest->leaves && !(node->number >= 0 && node->number < (double)n_leaves
                                        && node->number == (double)(int64_t)node->number))
                    return refuse(file, "a leaf names a row that is not there");
            } else if ((node->feature & FEATURE) >= model->n_features) {
                return refuse(file, "a node asks for a feature that is not there");
            } else if (node->left <= index || node->left >= size - 1) {
                return refuse(file, "a node has a child that is not there, or not after it");
            }
        }
    }
    return 0;
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
    if (check(file, nodes.count / (ptrdiff_t)sizeof(TreeNode), leaves.shape[0])) return -1;
    model->scores = scores;
    /* A large tree is worth many rows each time it is brought into the cache. */
    model->block = nodes.count / n_trees > 32768 ? 8192 : 512;
    if (forest->weights) model->work_per_row = (size_t)n_trees * sizeof(Weighted);
    return 0;
}
