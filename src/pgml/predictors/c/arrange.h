/* The order of a forest's nodes; pgml.predictors.build.arrangement is the definition. */
#ifndef PGML_ARRANGE_H
#define PGML_ARRANGE_H

#include <stdint.h>

/* Find each node's place in its tree, and its left child's, its own where it is a leaf. left and right [n_nodes] are
 * counted from the root of the node's tree, -1 in leaves; bounds [n_trees + 1] are those of the trees; weight may be NULL.
 * Return NULL, or the reason why these are no trees; "" where there is no memory. */
const char *arrange(const int64_t *left, const int64_t *right, const float *weight, const int64_t *bounds, int64_t n_trees,
                    int64_t *place, int64_t *child);

#endif
