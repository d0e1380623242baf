/* The nodes of a forest, as they lie in the file and as they are copied for faster walks. */
#ifndef PGML_FOREST_NODES_H
#define PGML_FOREST_NODES_H

#include "load.h"

/* In the file: of a node's `feature`. */
#define LEAF 0x80000000u
#define MISSING_LEFT 0x40000000u
#define FEATURE 0x3fffffffu

/* In a copy: of a node's `way`, below the left child, which is counted in the forest. */
#define WAY_FEATURE 0x7ffu
#define WAY_MISSING_LEFT 0x800u
#define WAY_BITS 12

#define WALKS 16 /* most that go on at once */

/* Refuse nodes with which a walk could leave its tree, go on for ever, or name what is not there. */
int forest_check(File *, ptrdiff_t n_nodes, ptrdiff_t n_leaves);
/* Copy the nodes of a forest that is sound and small: a leaf of a copy is no case of its own (its number is infinity, with
 * which every value stays), and it takes half the space where the model's input is float32. */
int forest_copy(File *);

#endif
