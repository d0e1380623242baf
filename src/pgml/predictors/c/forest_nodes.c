/* Checks and copies the nodes of a forest. */
#include "forest_nodes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COPIED_BYTES (1 << 20) /* most that a process keeps of one forest */

/* How deep a tree is, -1 where it is not sound. The depths [size] of its nodes are work space. */
static int64_t depth(File *file, const TreeNode *nodes, uint32_t size, ptrdiff_t n_leaves, uint32_t *depths) {
    const Model *model = file->model;
    uint32_t deepest = 0;
    memset(depths, 0, size * sizeof *depths);
    for (uint32_t index = 0; index < size; index++) {
        const TreeNode *node = nodes + index;
        uint32_t below = depths[index] + 1;
        if (node->feature & LEAF) {
            if (node->feature != LEAF || node->left != index) return refuse(file, "a leaf is not sound");
            if (model->forest.leaves && !(node->number >= 0 && node->number < (double)n_leaves && node->number == (double)(int64_t)node->number))
                return refuse(file, "a leaf names a row that is not there");
            if (depths[index] > deepest) deepest = depths[index];
        } else if ((node->feature & FEATURE) >= model->n_features) {
            return refuse(file, "a node asks for a feature that is not there");
        } else if (node->left <= index || node->left >= size - 1) {
            return refuse(file, "a node has a child that is not there, or not after it");
        } else {
            for (uint32_t child = node->left; child <= node->left + 1; child++)
                if (depths[child] < below) depths[child] = below;
        }
    }
    return deepest;
}

int forest_check(File *file, ptrdiff_t n_nodes, ptrdiff_t n_leaves) {
    Forest *forest = &file->model->forest;
    ptrdiff_t n_trees = forest->n_trees;
    int64_t longest = 0, deepest = 0;
    if (forest->trees[0] != 0 || forest->trees[n_trees] != n_nodes) return refuse(file, "its trees do not cover its nodes");
    for (ptrdiff_t tree = 0; tree < n_trees; tree++) {
        int64_t first = forest->trees[tree], last = forest->trees[tree + 1];
        if (first < 0 || first >= last || last > n_nodes || last - first > (int64_t)FEATURE)
            return refuse(file, "a tree has no nodes, or too many");
        if (forest->scores && (forest->scores[tree] < 0 || forest->scores[tree] >= file->model->n_scores))
            return refuse(file, "a tree adds to a score that is not there");
        if (last - first > longest) longest = last - first;
    }
    uint32_t *depths = allocate(file, (size_t)(n_trees / WALKS + 1), sizeof *depths);
    uint32_t *of_nodes = malloc((size_t)longest * sizeof *of_nodes);
    for (ptrdiff_t tree = 0; depths && of_nodes && deepest >= 0 && tree < n_trees; tree++) {
        int64_t first = forest->trees[tree];
        deepest = depth(file, forest->nodes + first, (uint32_t)(forest->trees[tree + 1] - first), n_leaves, of_nodes);
        if (deepest > depths[tree / WALKS]) depths[tree / WALKS] = (uint32_t)deepest;
    }
    forest->depths = depths;
    int failed = !depths || !of_nodes || deepest < 0;
    free(of_nodes);
    return failed ? -1 : 0;
}

/* The largest float32 that is not above a number: a float32 is above both, or neither. */
static float rounded_down(double number) {
    float single = (float)number;
    return (double)single > number ? nextafterf(single, -INFINITY) : single;
}

int forest_copy(File *file) {
    Model *model = file->model;
    Forest *forest = &model->forest;
    ptrdiff_t n_trees = forest->n_trees;
    size_t n = (size_t)forest->trees[n_trees], size = model->single_input ? sizeof(SingleNode) : sizeof(DoubleNode);
    if (n > COPIED_BYTES / size || model->n_features > WAY_FEATURE) return 0;
    SingleNode *singles = model->single_input ? allocate(file, n, size) : NULL;
    DoubleNode *doubles = model->single_input ? NULL : allocate(file, n, size);
    uint32_t *roots = allocate(file, (size_t)n_trees + WALKS, sizeof *roots);
    if ((!singles && !doubles) || !roots) return -1;
    for (ptrdiff_t tree = 0; tree < n_trees; tree++) {
        roots[tree] = (uint32_t)forest->trees[tree];
        for (uint32_t i = roots[tree]; i < (uint32_t)forest->trees[tree + 1]; i++) {
            const TreeNode *node = forest->nodes + i;
            uint32_t way = (roots[tree] + node->left) << WAY_BITS;
            double number = INFINITY;
            if (!(node->feature & LEAF)) number = node->number, way |= node->feature & FEATURE;
            if (node->feature & (LEAF | MISSING_LEFT)) way |= WAY_MISSING_LEFT;
            if (singles) singles[i] = (SingleNode){rounded_down(number), way};
            else doubles[i] = (DoubleNode){number, way};
        }
    }
    for (ptrdiff_t i = 0; i < WALKS; i++) roots[n_trees + i] = roots[n_trees - 1];
    forest->roots = roots, forest->singles = singles, forest->doubles = doubles;
    return 0;
}
