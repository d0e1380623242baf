/* The order of a forest's nodes, in which walks are short of memory's way. Trees are only laid out here, never walked. */
#include "arrange.h"

#include <stdlib.h>

/* The nodes of a tree in an order in which each follows its parent; place is -1 where a node was not met yet. */
static const char *visit(const int64_t *left, const int64_t *right, int64_t n, int64_t *place, int64_t *order, int64_t *stack) {
    int64_t visited = 0, waiting = 1;
    for (int64_t node = 0; node < n; node++) place[node] = -1;
    stack[0] = place[0] = 0;
    while (waiting) {
        int64_t node = stack[--waiting], children[2] = {right[node], left[node]};
        order[visited++] = node;
        if (children[0] >= n || children[1] >= n || (children[0] < 0) != (children[1] < 0)) return "a tree names a child that it does not have";
        if (children[0] < 0) continue;
        for (int side = 0; side < 2; side++) {
            if (!place[children[side]]) return "a tree's nodes do not form a tree";
            place[children[side]] = 0;
            stack[waiting++] = children[side];
        }
    }
    return visited == n ? NULL : "a tree has nodes that its root does not reach";
}

static void lay_out(const int64_t *left, const int64_t *right, const float *weight, int64_t n, const int64_t *order, int64_t *pairs,
                    int64_t *place, int64_t *child) {
    for (int64_t at = n - 1; at >= 0; at--) {
        int64_t node = order[at];
        pairs[node] = left[node] < 0 ? 0 : 1 + pairs[left[node]] + pairs[right[node]];
    }
    place[0] = 0, child[0] = 1;
    for (int64_t at = 0; at < n; at++) { /* until it is its turn, child says where what is below a node begins */
        int64_t node = order[at], pair = child[node], heavy = left[node], light = right[node];
        if (heavy < 0) {
            child[node] = place[node];
            continue;
        }
        place[heavy] = pair, place[light] = pair + 1;
        if (weight ? weight[heavy] < weight[light] : pairs[heavy] < pairs[light]) heavy = right[node], light = left[node];
        child[heavy] = pair + 2;
        child[light] = pair + 2 + 2 * pairs[heavy];
    }
}

const char *arrange(const int64_t *left, const int64_t *right, const float *weight, const int64_t *bounds, int64_t n_trees,
                    int64_t *place, int64_t *child) {
    const char *reason = NULL;
    int64_t longest = 1;
    for (int64_t tree = 0; tree < n_trees; tree++)
        if (bounds[tree + 1] - bounds[tree] > longest) longest = bounds[tree + 1] - bounds[tree];
    int64_t *order = malloc((size_t)longest * sizeof *order), *work = malloc((size_t)longest * sizeof *work);
    if (!order || !work) reason = "";
    for (int64_t tree = 0; tree < n_trees && !reason; tree++) {
        int64_t first = bounds[tree], n = bounds[tree + 1] - first;
        if (n < 1) reason = "a tree has no nodes";
        else if (!(reason = visit(left + first, right + first, n, place + first, order, work)))
            lay_out(left + first, right + first, weight ? weight + first : NULL, n, order, work, place + first, child + first);
    }
    free(order);
    free(work);
    return reason;
}
