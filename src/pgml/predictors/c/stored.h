/* Forests from the form in which they are stored; pgml.predictors.read.stored is the definition. */
#ifndef PGML_STORED_H
#define PGML_STORED_H

#include "model.h"

/* Numbers of one type, unsigned or floating, of ``width`` bytes each. */
typedef struct { const char *items; size_t width, count; int floating; } Numbers;

/* The columns of a forest's nodes. */
typedef struct { Numbers kinds, steps, far, thresholds, values; } Columns;

/* Fill the nodes of trees that have the given bounds [n_trees + 1]; return NULL, or the reason why that is not possible. */
const char *stored_nodes(const Columns *columns, const int64_t *bounds, size_t n_trees, TreeNode *nodes, size_t n_nodes);

#endif
