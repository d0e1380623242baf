/* A forest's nodes from the columns in which they are stored. What is filled in is checked when the model is loaded;
 * here nothing is read or written that is not there. */
#include "stored.h"

#include "forest_nodes.h"

#include <string.h>

static inline uint64_t whole(const Numbers *numbers, size_t index) {
    const char *item = numbers->items + index * numbers->width;
    uint16_t two;
    uint32_t four;
    if (numbers->width == 1) return *(const uint8_t *)item;
    if (numbers->width == 2) return memcpy(&two, item, 2), two;
    return memcpy(&four, item, 4), four;
}

static inline double real(const Numbers *numbers, size_t index) {
    const char *item = numbers->items + index * numbers->width;
    float four;
    double eight;
    if (!numbers->floating) return (double)whole(numbers, index);
    if (numbers->width == 4) return memcpy(&four, item, 4), four;
    return memcpy(&eight, item, 8), eight;
}

const char *stored_nodes(const Columns *columns, const int64_t *bounds, size_t n_trees, TreeNode *nodes, size_t n_nodes) {
    size_t inner = 0, leaves = 0, far = 0, node = 0;
    if (columns->kinds.count != n_nodes) return "its kinds do not fit its nodes";
    if (columns->thresholds.count != columns->steps.count) return "its thresholds do not fit its steps";
    if (bounds[0] != 0 || bounds[n_trees] != (int64_t)n_nodes) return "its trees do not cover its nodes";
    for (size_t tree = 0; tree < n_trees; tree++) {
        if (bounds[tree + 1] < bounds[tree] || bounds[tree + 1] > (int64_t)n_nodes) return "its trees do not cover its nodes";
        for (uint32_t index = 0; node < (size_t)bounds[tree + 1]; node++, index++) {
            uint64_t kind = whole(&columns->kinds, node), step;
            if (!kind) {
                if (leaves == columns->values.count) return "it has more leaves than values";
                nodes[node] = (TreeNode){real(&columns->values, leaves++), LEAF, index};
                continue;
            }
            if (inner == columns->steps.count) return "it has more inner nodes than steps";
            step = whole(&columns->steps, inner);
            if (!step && far == columns->far.count) return "it has more steps than are there";
            if (!step) step = whole(&columns->far, far++);
            uint32_t feature = (uint32_t)((kind - 1) >> 1) | ((kind - 1) & 1 ? MISSING_LEFT : 0);
            nodes[node] = (TreeNode){real(&columns->thresholds, inner++), feature, index + (uint32_t)step};
        }
    }
    if (inner != columns->steps.count || leaves != columns->values.count || far != columns->far.count)
        return "it has more numbers than its nodes need";
    return NULL;
}
